"""The Pulumi CLI that this project runs on.

In this order: a `pulumi` on PATH that is new enough, which is never changed; the official release,
pinned by SHA-256 in releases.sha256; a build with Go, pinned by go.mod and go.sum. The last two are
kept in .toolchain, and with PULUMI_CLI=pinned in the environment only they count. `locate()` only
looks; `python -m tools.toolchain` also downloads or builds.
"""

from tools.toolchain.pulumi_cli import Cli, ToolchainError, locate

__all__ = ["Cli", "ToolchainError", "locate"]
