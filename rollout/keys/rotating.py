"""Carries out what the table of steps says is due, and a rollback.

A step is the stack's file first, then `up`, then the places outside AWS. Cut short in between, the
next run finds which of them is missing.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from rich.console import Console

from components.settings.model import AccessKey
from rollout.choosing.inventory import inventory, select
from rollout.choosing.selection import Options
from rollout.errors import RolloutError
from rollout.execution.command import carry_out
from rollout.execution.run import Run
from rollout.execution.task import Operation
from rollout.keys.circleci import CircleCi
from rollout.keys.delivering import Pair, current_pair, deliver, prove
from rollout.keys.file import with_labels
from rollout.keys.reading import read_stacks
from rollout.keys.steps import Asked, Step, due, new_labels, rolled_back
from rollout.keys.user_keys import UserKeys
from rollout.writing.file import replace

_BY_FILE: Final = frozenset({Step.RESTORE, Step.NEW, Step.SWITCH_OFF, Step.DELETE})
_GOES_ON: Final = frozenset({Step.RESTORE, Step.DEPLOY, Step.NEW})
"""Steps after which the delivery follows at once."""


@dataclass
class Rotation:
    """One run of `keys rotate` or `keys rollback`; `failed` are the errors so far."""

    root: Path
    stacks: Sequence[str]
    say: Callable[[str], None]
    progress: Console
    confirm: Callable[[Sequence[str]], None]
    failed: list[str] = field(default_factory=list)

    def rotate(self, asked: Asked) -> None:
        """Do the next due step of each user, and deliver what that made."""
        due_now = [(user, *due(user, asked)) for user in self.read()]
        for user, step, words in due_now:
            if step is not Step.NOTHING:
                self.say(f"{user}: {step.value}: {words}")
        acting = [(user, step) for user, step, _ in due_now if step.acts]
        if not acting:
            self.say("There is nothing to do now.")
            return
        self.confirm(sorted({user.stack for user, _ in acting}))
        ready = [one for one in acting if self._done(one[0], self._begin, *one, asked)]
        self._up({user.stack for user, step in ready if step is not Step.DELIVER})
        made = {f"{user}" for user, step in ready if step in _GOES_ON}
        for user in self.read() if made else ():
            step, _ = due(user, asked)
            if f"{user}" in made and user.deliveries and step is not Step.DEPLOY:
                self._done(user, self._deliver if step is Step.DELIVER else self._prove, user)

    def roll_back(self, names: Sequence[str]) -> None:
        """Make the older key of users active and current, and deliver it in any case.

        Raises:
            RolloutError: a user has not two keys; nothing was changed.
        """
        found = {user.name: user for user in self.read() if user.stack == self.stacks[0]}
        if self.failed:
            return
        wished: list[tuple[UserKeys, tuple[AccessKey, ...]]] = []
        for name in dict.fromkeys(names):
            labels = rolled_back(found[name]) if name in found else None
            if labels is None:
                raise RolloutError(f"{self.stacks[0]}: {name} has no older key to go back to")
            wished.append((found[name], labels))
        self.confirm(self.stacks)
        for user, labels in wished:
            write_labels(self.root, user, labels)
            self.say(f"{user}: {labels[-1].label} becomes current again")
        self._up(self.stacks)
        for user in self.read() if not self.failed else ():
            if user.name in names:
                self._done(user, self._deliver, user)

    def read(self) -> list[UserKeys]:
        """Read all users of the stacks anew; a stack that can't be read is told."""
        found = read_stacks(self.root, select(inventory(self.root), self.stacks))
        users = [user for one in found for user in one.users]
        unknown = [f"{user}: {d.unknown}" for user in users for d in user.deliveries if d.unknown]
        errors = [*unknown, *(one.error for one in found if one.error)]
        self.failed += [error for error in errors if error not in self.failed]
        return users

    def _done(self, user: UserKeys, act: Callable[..., object], *given: object) -> bool:
        """Act for one user; a failure is told, and stops no other user."""
        try:
            act(*given)
        except RolloutError as error:
            head = f"{user}: "
            self.failed.append(head + f"{error}".removeprefix(head))
            return False
        return True

    def _begin(self, user: UserKeys, step: Step, asked: Asked) -> None:
        """Do of a step what comes before `up`."""
        if step is Step.DELIVER:
            self._deliver(user)
        # The last moment at which jobs have the old key to go on with.
        if step is Step.SWITCH_OFF or (step is Step.DEPLOY and user.switches_off):
            self._prove(user)
        if step in _BY_FILE:
            write_labels(self.root, user, new_labels(user, step, asked.now))

    def _up(self, stacks: Iterable[str]) -> None:
        """Deploy stacks with the rollout's own run.

        Raises:
            RolloutError: it can't start, or was interrupted.
        """
        names = tuple(sorted(stacks))
        if not names:
            return
        report = carry_out(Run(Operation.UP, self.root, Options(names)), self.progress)
        for name, result in report.results.items():
            if result.error is not None:
                self.failed.append(f"{name}: {result.error}")
        if report.signal is not None:
            raise RolloutError("Interrupted; the same command goes on.")

    def _prove(self, user: UserKeys) -> Pair:
        pair = current_pair(self.root, user)
        prove(self.root, user, pair)
        self.say(f"{user}: a call with the current key works")
        return pair

    def _deliver(self, user: UserKeys) -> None:
        """Prove that the current key works, and write it to the user's contexts."""
        for words in deliver(self._circleci, user, self._prove(user)):
            self.say(f"{user}: delivered to {words}")

    @cached_property
    def _circleci(self) -> CircleCi:
        return CircleCi(os.environ)


def write_labels(root: Path, user: UserKeys, labels: Sequence[AccessKey]) -> None:
    """Write labels into the file of a user's stack.

    Raises:
        RolloutError: they can't be written.
    """
    path = root / f"Pulumi.{user.stack}.yaml"
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise RolloutError(f"{path.name} can't be read: {error}") from None
    replace(path, with_labels(text, user.name, labels, path))
