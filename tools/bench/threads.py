"""The stacks on threads of one process: `python -m tools.bench.threads STACK...`.

Not what the rollout does, and why is in `rollout.execution.pool`; it is here to show what
that costs.
"""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rollout.choosing.selection import PARALLEL
from rollout.execution.engine import operate
from rollout.execution.run import find_cli
from rollout.execution.task import Operation, Task


def main(stacks: list[str]) -> None:
    # Imported before the threads start: their race for a lazy import breaks it.
    import pulumi_aws as aws  # noqa: PLC0415

    _ = (aws.Provider, aws.iam.Role, aws.s3.get_bucket_output, aws.get_region_output)
    cli, root = find_cli(), str(Path.cwd())
    sys.path.insert(0, root)

    def preview(stack: str) -> None:
        operate(Task(Operation.PREVIEW, stack, root, cli), lambda _: None)

    with ThreadPoolExecutor(PARALLEL) as executor:
        list(executor.map(preview, stacks))


if __name__ == "__main__":
    main(sys.argv[1:])
