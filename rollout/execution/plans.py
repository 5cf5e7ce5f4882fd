"""The engine's plans that `preview --save` keeps, each beside digests of what it was made from.

The engine holds `up` to a plan only for values that the preview knew; an unknown value may become
any value. So a plan is applied only with the stack file, the program and the rollout that it was
made from.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rollout.choosing.changed import plan_digests, stack_file_digest
from rollout.errors import RolloutError

_NAMED: Final = 5
"""The most files of the program that a message names."""


class Plans:
    """A folder of plans: `prod.json` of the stack `prod`, with `prod.digests`."""

    def __init__(self, folder: Path, root: Path) -> None:
        """Use a folder for the stacks of a project, and look at what plans are made with."""
        self._told = folder
        self._folder = folder.resolve()
        self._root = root
        self._program = plan_digests(root)

    def prepare(self) -> None:
        """Make the folder, ignored by git; an existing one is left as it is.

        Several machines may put their plans into one folder, so none adds a file of its own to it.

        Raises:
            RolloutError: it can't be made.
        """
        try:
            is_new = not self._folder.exists()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_new:
                (self._folder / ".gitignore").write_text("*\n", encoding="utf-8")
        except OSError as error:
            raise RolloutError(f"{self._told} can't be made: {error.strerror}") from None

    def file(self, stack: str) -> Path:
        return self._folder / f"{stack}.json"

    def drop(self, stack: str) -> dict[str, object]:
        """Remove a stack's plan, and return the digests to keep with the next one.

        The stack file's digest is taken before the engine reads the file, so a change meanwhile is
        noticed. The program's are those of the start: a worker may import its modules at any time.
        """
        self._digests(stack).unlink(missing_ok=True)
        self.file(stack).unlink(missing_ok=True)
        return {"stackFile": stack_file_digest(self._root, stack), "program": self._program}

    def keep(self, stack: str, digests: Mapping[str, object]) -> None:
        """Write the digests for a stack's plan; `up` refuses a plan without them."""
        draft = self._folder / f"{stack}.digests.new"
        draft.write_text(json.dumps(digests, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._digests(stack))

    def error(self, stack: str) -> str | None:
        """Return why a stack's plan can't be applied at the time of this call; None if it can.

        A run may have waited since it began: for an answer, or for an earlier wave.
        """
        again = f"`rollout preview --save {self._told}` makes one"
        if not self.file(stack).exists():
            return f"{self._told} has no plan for it; {again}"
        try:
            then = json.loads(self._digests(stack).read_text(encoding="utf-8"))
            stack_file, program = then["stackFile"], dict(then["program"])
        except (OSError, ValueError, KeyError, TypeError):
            name = self._digests(stack).name
            return f"{self._told} has no digests of what its plan was made from ({name}); {again}"
        told = []
        if stack_file != stack_file_digest(self._root, stack):
            told.append(f"Pulumi.{stack}.yaml changed since the plan was made")
        if changed := _changed(program, plan_digests(self._root)):
            told.append(f"the program or the rollout changed since the plan was made: {changed}")
        return (
            "\n".join([*told, f"nothing was done; {again} from the current files"])
            if told
            else None
        )

    def _digests(self, stack: str) -> Path:
        return self._folder / f"{stack}.digests"


def _changed(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    names = sorted(ascii(name)[1:-1] for name in {*then, *now} if then.get(name) != now.get(name))
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*names[:_NAMED], *more])
