"""The Pulumi engine that this project runs on: found, downloaded or built, once.

`ensure()` gets one and may take minutes the first time; `locate()` only looks. Both give the
directory that holds `pulumi`; `path_with()` makes the PATH that finds it. A Pulumi CLI that
is on the user's PATH is used when it is new enough, and is never changed.
"""

from toolchain.engine import ensure, locate, path_with
from toolchain.steps import ToolchainError

__all__ = ["ToolchainError", "ensure", "locate", "path_with"]
