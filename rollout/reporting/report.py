"""What stacks came to, as people read it: those that came to the same are told together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from components.settings.findings import printable
from rollout.access.words import Verdict
from rollout.result import Result, Status, Step

MOST_STEPS: Final = 20
"""Changes of resources that are told one by one."""


@dataclass(frozen=True)
class Sentence:
    """One change of access: whose and what, as `circleci-deploy gains s3:GetObject on acme/*`."""

    verdict: Verdict
    text: str

    def __str__(self) -> str:
        """The sentence with its verdict, `(WIDER)`; a change that is neither has none."""
        verdict = "" if self.verdict is Verdict.NONE else f" ({self.verdict.name})"
        return f"{self.text}{verdict}"


@dataclass(frozen=True)
class Group:
    """Stacks that came to the same; `sentences` is None where no preview told of access."""

    stacks: tuple[str, ...]
    status: Status
    error: str | None = None
    changes: tuple[tuple[str, int], ...] = ()
    steps: tuple[Step, ...] = ()
    sentences: tuple[Sentence, ...] | None = None
    warnings: tuple[str, ...] = ()

    def count(self, verdict: Verdict) -> int:
        """Sentences of a verdict."""
        return sum(one.verdict is verdict for one in self.sentences or ())

    @property
    def verdicts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many sentences are wider, and how many narrower; none that is neither."""
        counted = ((verdict, self.count(verdict)) for verdict in (Verdict.WIDER, Verdict.NARROWER))
        return tuple((verdict, count) for verdict, count in counted if count)


UNCHANGED: Final = "access stays"
"""What is said of access where no sentence is wider or narrower."""


def groups(results: Mapping[str, Result]) -> list[Group]:
    """Return the stacks in groups, the most pressing first: failures, then wider access."""
    alike: dict[Group, list[str]] = {}
    for stack, result in results.items():
        alike.setdefault(_group(result), []).append(stack)
    found = [replace(one, stacks=tuple(stacks)) for one, stacks in alike.items()]
    return sorted(found, key=_rank)


def step_words(steps: Sequence[Step]) -> list[str]:
    """Return changes of resources in words, `update aws:iam:UserPolicy ci-access-inline`."""
    told = []
    for step in steps[:MOST_STEPS]:
        package, module, kind = step.type.split(":")
        text = f"{step.op} {package}:{module.split('/')[0]}:{kind} {step.name}"
        told.append(printable(text))
    if len(steps) > MOST_STEPS:
        told.append(f"and {len(steps) - MOST_STEPS} more")
    return told


def in_stacks(found: Iterable[Group], verdict: Verdict) -> str:
    """Return `wider in 2 stacks`, empty for none."""
    count = sum(len(group.stacks) for group in found if group.count(verdict))
    return f"{verdict.value} in {some(count, 'stack')}" if count else ""


def some(count: int, noun: str) -> str:
    """Return `1 stack` or `2 stacks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _group(result: Result) -> Group:
    sentences = None if result.access is None else tuple(_sentences(result))
    return Group(
        (),
        result.status,
        result.error,
        tuple(result.changes.items()),
        tuple(result.steps),
        sentences,
        tuple(map(printable, result.warnings)),
    )


def _sentences(result: Result) -> Iterable[Sentence]:
    for identity in (result.access or {})["identities"]:
        for line in identity["lines"]:
            text = printable(f"{identity['name']} {line['text']}")
            yield Sentence(Verdict(line["verdict"]), text)


def _rank(group: Group) -> tuple[object, ...]:
    pressing = (
        group.status is Status.FAILED,
        bool(group.count(Verdict.WIDER)),
        bool(group.count(Verdict.NARROWER)),
        group.status is Status.NOT_REACHED,
        bool(group.changes or group.sentences or group.warnings),
        True,
    )
    return pressing.index(True), -len(group.stacks), group.stacks
