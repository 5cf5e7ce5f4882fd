"""What the CI workflows share; it needs Python alone, so that it runs before anything is installed.

`python3 -m ci.comment FILE` writes the one comment on a pull request, `python3 -m ci.embed` keeps
docs/ci.md equal to the workflows.
"""
