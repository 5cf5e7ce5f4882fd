"""Many stacks: preview, rollout and reports.

`choosing` says which stacks a command is for, `execution` runs them, `access` says what a change
does to access, `reporting` tells it all; `asking` answers what may be done, without a run.
"""
