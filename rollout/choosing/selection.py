"""Selects the stacks of a command by its options, and puts them into batches."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from components.settings.findings import printable
from components.settings.stack_file import matches
from rollout.choosing.changed import Change, changed_since
from rollout.choosing.inventory import Member, inventory, select
from rollout.choosing.shard import WHOLE, Shard
from rollout.choosing.waves import FILE, Waves, place, read_waves
from rollout.errors import RolloutError

PARALLEL: Final = max(2, min(8, 2 * (os.cpu_count() or 1)))
"""The default number of stacks that run in parallel; each mostly waits for AWS."""


@dataclass(frozen=True)
class Options:
    patterns: tuple[str, ...] = ()
    waves: tuple[str, ...] = ()
    changed_since: str | None = None
    shard: Shard = WHOLE


@dataclass(frozen=True)
class Batch:
    """Stacks that run in parallel; batches run in sequence.

    After `stop_after` failures no other stack is started. If it is None, the other stacks of the
    batch are still started, and any failure stops the batches after it.
    """

    name: str
    stacks: tuple[str, ...]
    parallel: int
    stop_after: int | None = None
    pause: float = 0.0


@dataclass(frozen=True)
class Selection:
    """The stacks of a command, in the order of their waves."""

    members: Mapping[str, Member] = field(default_factory=dict)
    waves: Waves = field(default_factory=Waves)
    everything: tuple[Member, ...] = ()
    """All stacks of the project: a selected stack may conflict with one that is not selected."""
    removed_files: tuple[str, ...] = ()
    """Files of stacks that were deleted since the commit of `--changed-since`."""

    def keep(self, names: Sequence[str]) -> "Selection":
        kept = {name: member for name, member in self.members.items() if name in names}
        return replace(self, members=kept)

    def together(self, parallel: int | None) -> list[Batch]:
        """Return all stacks as one batch, for operations that change nothing."""
        return [Batch("all", tuple(self.members), parallel or PARALLEL)] if self.members else []

    def in_waves(self, parallel: int | None) -> list[Batch]:
        """Return a batch for each wave; `parallel` overrides the number that a wave sets.

        Raises:
            RolloutError: a stack is in no wave or in several.
        """
        unsure = [name for name in self.members if name in self.waves.unsure]
        if unsure:
            raise RolloutError(
                f"{FILE}: each stack must be in one wave before it is changed; "
                f"these are not: {', '.join(unsure)}"
            )
        batches = []
        for placed in self.waves.placed:
            wave, stacks = placed.wave, tuple(s for s in placed.stacks if s in self.members)
            at_once = parallel or wave.parallel or PARALLEL
            batches.append(
                Batch(wave.name, stacks, at_once, wave.stop_after_failures, wave.pause_seconds)
            )
        return [batch for batch in batches if batch.stacks]


def choose(root: Path, options: Options, say: Callable[[str], None]) -> Selection:
    """Select the stacks.

    Args:
        root: the project.
        options: what to select.
        say: called with warnings and with what was left out.

    Raises:
        RolloutError: there is no such stack or wave, or a file has errors.
    """
    everything = inventory(root)
    waves = place(read_waves(root), [member.name for member in everything])
    for finding in waves.findings():
        say(f"{FILE}: {finding}")
    ref = options.changed_since
    change = None if ref is None else changed_since(root, ref)
    removed = () if change is None else _removed(change.deleted_stacks(root), options.patterns)
    if removed:
        # A glob may be meant for them alone, and they may have been the last.
        some = [one for one in everything if _is_meant(one.name, options.patterns)]
    else:
        some = list(select(everything, options.patterns))
    chosen = {member.name: member for member in some}
    names = [name for placed in waves.placed for name in placed.stacks if name in chosen]
    if options.waves:
        names = _in_waves(waves, names, options.waves)
    if change is not None:
        names = _changed(change, f"since {ref}", names, say)
    if options.shard.total > 1:
        part = options.shard.of(names)
        say(f"Shard {options.shard}: {len(part)} of {len(names)} stacks.")
        names = list(part)
    return Selection({name: chosen[name] for name in names}, waves, everything, removed)


def _in_waves(waves: Waves, names: Sequence[str], wanted: Sequence[str]) -> list[str]:
    known = [placed.wave.name for placed in waves.placed if placed.wave.name]
    for wave in wanted:
        if wave not in known:
            raise RolloutError(f"{FILE}: there is no wave '{wave}'; there are {', '.join(known)}")
    return [name for name in names if waves.wave_of(name) in wanted]


def _changed(
    change: Change, since: str, names: Sequence[str], say: Callable[[str], None]
) -> list[str]:
    if change.program:
        file = printable(change.program[0])
        say(f"The program changed {since}, so all stacks are concerned: {file}.")
    return list(change.of(names))


def _removed(files: Sequence[str], patterns: Sequence[str]) -> tuple[str, ...]:
    stacks = {file.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in files}
    return tuple(file for stack, file in stacks.items() if _is_meant(stack, patterns))


def _is_meant(stack: str, patterns: Sequence[str]) -> bool:
    return not patterns or matches(stack, patterns)
