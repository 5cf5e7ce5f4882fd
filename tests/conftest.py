"""One hypothesis profile for all tests: the same examples every time, and no deadline.

A random failure belongs to whoever looks for one (``--hypothesis-profile=search``), not to the
one whose change it happens to meet; and no test here is about time.
"""

from hypothesis import settings

settings.register_profile("tests", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("tests")
