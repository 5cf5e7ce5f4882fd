"""The sandbox's process: moto and the stand-in for the AWS provider, each on a port of its own.

`python -m sandbox.process` ends with 0 once both listen, or with 1 if they can't; the process that
it leaves behind runs on. That process writes its ports into the sandbox's folder, tells its owner
on moto's port, and ends by itself once the folder no longer names its instance: after a stop,
after a start that was killed, after the folder was removed.

One process starts faster than two and takes a third less memory, and parallel runs take as long:
in a preview moto and the stand-in need a twentieth of the engines' processor time, in `up` a sixth.
"""

import argparse
import asyncio
import os
import threading
from pathlib import Path
from typing import Final

from sandbox.folder import Folder
from sandbox.ownership import LOOPBACK, Owner

_LOOK_EVERY_SECONDS: Final = 1.0


def main() -> None:
    """Detach, then serve until the sandbox ends."""
    parser = argparse.ArgumentParser(description="the process of the sandbox")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--instance", required=True)
    given = parser.parse_args()
    ready = _detach()
    asyncio.run(_serve(Folder(given.folder), given.instance, ready))


def _detach() -> int:
    """Go on in a new process that outlives the terminal and the process that started it.

    The process that called waits for a byte on the returned descriptor and ends: with 0 when one
    came, with 1 when the new process died before.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) else 1)
    os.close(reading)
    os.setsid()
    return writing


async def _serve(folder: Folder, instance: str, ready: int) -> None:
    # These imports take a second, and some start threads, which a fork would lose.
    from sandbox.aws_server import AwsServer  # noqa: PLC0415
    from sandbox.standin import server as standin  # noqa: PLC0415

    aws = AwsServer(LOOPBACK, Owner(instance, os.getpid()), folder)
    provider, port = await standin.start(LOOPBACK, f"http://{LOOPBACK}:{aws.port}")
    aws.start()
    folder.write_ports({"aws": aws.port, "standin": port})
    threading.Thread(target=_watch, args=(folder, instance), daemon=True).start()
    os.write(ready, b".")
    os.close(ready)
    await provider.wait_for_termination()


def _watch(folder: Folder, instance: str) -> None:
    """End this process once the folder names another instance, or none."""
    while folder.read_instance() == instance:
        threading.Event().wait(_LOOK_EVERY_SECONDS)
    os._exit(0)


if __name__ == "__main__":
    main()
