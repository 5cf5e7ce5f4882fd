"""`rollout.yaml`, an optional file: the waves in which stacks are rolled out.

    waves:
      - name: canary              # optional; else "wave 1"
        stacks: [dev, 'acct-0*']  # names or globs
        parallel: 2               # optional; number of stacks in parallel
        stopAfterFailures: 1      # optional
        pauseSeconds: 60          # optional; before the next wave
      - stacks: ['*']             # alone and last: all stacks that are in no other wave

A wave starts when the one before it is done. After `stopAfterFailures` failures no other stack is
started; after fewer, the next wave starts. Without it all stacks of the wave are started, and any
failure keeps the next wave from starting.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from components.settings import pulumi_yaml
from components.settings.findings import Finding, path_of
from components.settings.load import wrong_type
from components.settings.stack_file import matches
from rollout.errors import RolloutError

FILE: Final = "rollout.yaml"
REST: Final = ("*",)
"""As the only glob of the last wave: all stacks that are in no other wave."""


class _Model(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, alias_generator=to_camel, populate_by_name=True
    )


class Wave(_Model):
    name: str = ""
    stacks: Annotated[tuple[str, ...], Field(strict=False, min_length=1)]
    parallel: Annotated[int, Field(ge=1)] | None = None
    stop_after_failures: Annotated[int, Field(ge=1)] | None = None
    pause_seconds: Annotated[float, Field(ge=0)] = 0


class _File(_Model):
    waves: Annotated[tuple[Wave, ...], Field(strict=False, min_length=1)]


@dataclass(frozen=True)
class Placed:
    """A wave, and the stacks that are in it."""

    wave: Wave
    stacks: tuple[str, ...]


@dataclass(frozen=True)
class Waves:
    """All stacks in their waves.

    `idle` are the globs that match no stack. `unsure` are the stacks in no wave or in several, with
    the waves' names. A stack in several waves is placed in the first of them; a stack in no wave,
    in a last wave without a name.
    """

    placed: tuple[Placed, ...] = ()
    idle: tuple[Finding, ...] = ()
    unsure: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def findings(self, stacks: Collection[str] | None = None) -> Iterator[Finding]:
        """Yield warnings of what is idle or unsure; if stacks are given, only of these."""
        if stacks is None:
            yield from self.idle
        alike: dict[tuple[str, ...], list[str]] = {}
        for stack, names in self.unsure.items():
            if stacks is None or stack in stacks:
                alike.setdefault(names, []).append(stack)
        for names, found in alike.items():
            who = f"the stack {found[0]} is" if len(found) == 1 else f"{', '.join(found)} are"
            where = f"in {len(names)} waves: {', '.join(names)}" if names else "in no wave"
            yield Finding("waves", f"{who} {where}")

    def wave_of(self, stack: str) -> str:
        """Return the name of a stack's wave; empty if it is in none."""
        return next(placed.wave.name for placed in self.placed if stack in placed.stacks)


def read_waves(root: Path) -> tuple[Wave, ...]:
    """Read the project's waves; without a file, one wave holds all stacks.

    Raises:
        RolloutError: with all errors in the file.
    """
    try:
        waves = _File.model_validate(pulumi_yaml.read(root / FILE)).waves
    except FileNotFoundError:
        return (Wave(name="all", stacks=REST),)
    except pulumi_yaml.UnreadableError as error:
        raise RolloutError.of(FILE, [Finding("file", f"can't be read: {error}")]) from None
    except ValidationError as error:
        raise RolloutError.of(FILE, _findings(error.errors(include_url=False))) from None
    named = [
        wave if wave.name else wave.model_copy(update={"name": f"wave {number}"})
        for number, wave in enumerate(waves, 1)
    ]
    twice = [name for name, times in Counter(wave.name for wave in named).items() if times > 1]
    if twice:
        raise RolloutError.of(FILE, [Finding("waves", f"two have the name '{twice[0]}'")])
    return tuple(named)


def place(waves: Sequence[Wave], stacks: Sequence[str]) -> Waves:
    placed: list[Placed] = []
    idle: list[Finding] = []
    homes: dict[str, list[str]] = {stack: [] for stack in stacks}
    for number, wave in enumerate(waves):
        is_rest = wave.stacks == REST and number == len(waves) - 1
        found = [s for s in stacks if matches(s, wave.stacks) and not (is_rest and homes[s])]
        placed.append(Placed(wave, tuple(s for s in found if not homes[s])))
        for stack in found:
            homes[stack].append(wave.name)
        idle += [] if is_rest else _unknown(number, wave, stacks)
    unsure = {stack: tuple(names) for stack, names in homes.items() if len(names) != 1}
    homeless = tuple(stack for stack, names in homes.items() if not names)
    if homeless:
        placed.append(Placed(Wave(stacks=homeless), homeless))
    return Waves(tuple(placed), tuple(idle), unsure)


def _unknown(number: int, wave: Wave, stacks: Sequence[str]) -> Iterator[Finding]:
    for index, pattern in enumerate(wave.stacks):
        if not any(matches(stack, [pattern]) for stack in stacks):
            path = path_of(("waves", number, "stacks", index))
            yield Finding(path, f"'{pattern}' matches no stack")


def _findings(errors: Sequence[ErrorDetails]) -> Iterator[Finding]:
    for details in errors:
        # Of a list whose items are all wrong pydantic says that it is too short as well.
        loc = details["loc"]
        is_echo = details["type"] == "too_short" and any(
            other["loc"][: len(loc)] == loc for other in errors if other is not details
        )
        if not is_echo:
            yield _finding(details)


def _finding(details: ErrorDetails) -> Finding:
    path = path_of(details["loc"]) or "the file"
    kind, value = details["type"], details["input"]
    if kind == "extra_forbidden":
        model = Wave if "waves" in details["loc"][:-1] else _File
        known = ", ".join(str(field.alias) for field in model.model_fields.values())
        return Finding(path, f"is not a known key; known keys: {known}")
    if kind == "missing":
        return Finding(path, "is missing")
    if kind == "too_short":
        return Finding(path, "is empty")
    if kind == "greater_than_equal":
        return Finding(path, f"{value} is too small; {details['ctx']['ge']:g} is the least")
    return Finding(path, wrong_type(details))
