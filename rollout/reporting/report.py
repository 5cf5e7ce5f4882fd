"""What stacks came to, as people read it: those that came to the same are told together."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from components.settings.findings import printable
from rollout.access.words import COUNTED, Verdict
from rollout.result import Report, Result, Status, Step

MOST_STEPS: Final = 20
"""Changes of resources that are told one by one."""
_OWN: Final = {"\ue000": "<stack>", "\ue001": "<account>"}
"""Stand for each stack's own name and account id: signs that no printable text holds, and words."""
_STACK, _ACCOUNT = _OWN
_IN_A_NAME: Final = "[-._/]"
"""What joins the words of a bucket's, an identity's or a file's name."""
_IN_A_WORD: Final = "[A-Za-z0-9]"


@dataclass(frozen=True)
class Sentence:
    """One change of access: whose and what, as `circleci-deploy gains s3:GetObject on acme/*`.

    `count` is the number of identities that it is said of.
    """

    verdict: Verdict
    text: str
    count: int = 1

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
        """How often a verdict is said, of one stack's identities."""
        return sum(one.count for one in self.sentences or () if one.verdict is verdict)

    @property
    def verdicts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many sentences have each verdict that counts, without those that none has."""
        counted = ((verdict, self.count(verdict)) for verdict in COUNTED)
        return tuple((verdict, count) for verdict, count in counted if count)


UNCHANGED: Final = "access stays"
"""What is said of access where no sentence has a verdict that counts."""


def groups(report: Report) -> list[Group]:
    """Return the stacks in groups, the most pressing first: failures, then what breaks jobs.

    Stacks that differ in their own names and account ids alone are alike too: the group has
    `<stack>` and `<account>` for them. Where more stacks are alike to the letter, those are.
    """
    plain = {stack: group_of(result) for stack, result in report.results.items()}
    general = {
        stack: _mapped(group, _general(stack, report.accounts.get(stack)))
        for stack, group in plain.items()
    }
    alike, alike_in_general = Counter(plain.values()), Counter(general.values())
    found: dict[tuple[bool, Group], list[str]] = {}
    for stack, group in plain.items():
        is_general = alike_in_general[general[stack]] > alike[group]
        key = (True, general[stack]) if is_general else (False, group)
        found.setdefault(key, []).append(stack)
    told = [
        replace(
            _mapped(group, _named) if len(stacks) > 1 else plain[stacks[0]], stacks=tuple(stacks)
        )
        for (_, group), stacks in found.items()
    ]
    return sorted(told, key=_rank)


def group_of(result: Result) -> Group:
    """Return what one result tells, not yet with its stack."""
    sentences = None
    if result.access is not None:
        # What breaks comes first; everything else by identity, as the reader looks for it.
        sentences = tuple(
            sorted(_sentences(result), key=lambda one: one.verdict is not Verdict.BREAKS)
        )
    return Group(
        (),
        result.status,
        result.error,
        tuple(result.changes.items()),
        tuple(result.steps),
        sentences,
        tuple(map(printable, result.warnings)),
    )


def step_words(steps: Sequence[Step]) -> list[str]:
    """Return changes of resources in words, `update aws:iam:UserPolicy ci-inline`."""
    told = []
    for step in steps[:MOST_STEPS]:
        package, module, kind = step.type.split(":")
        text = f"{step.op} {package}:{module.split('/')[0]}:{kind} {step.name}"
        told.append(printable(text))
    if len(steps) > MOST_STEPS:
        told.append(f"and {len(steps) - MOST_STEPS} more")
    return told


def access_words(found: Iterable[Group]) -> list[tuple[Verdict, str]]:
    """Return in how many stacks access changes and how: `wider in 2 stacks`.

    Of stacks that failed or were not reached it is not known; where all stays as it is, it says so.
    """
    listed = list(found)
    counts = {
        verdict: sum(len(group.stacks) for group in listed if group.count(verdict))
        for verdict in COUNTED
    }
    told = [
        (verdict, f"{verdict.value} in {some(count, 'stack')}")
        for verdict, count in counts.items()
        if count
    ]
    if unknown := sum(len(group.stacks) for group in listed if group.sentences is None):
        told.append((Verdict.NONE, f"unknown in {some(unknown, 'stack')}"))
    return told or [(Verdict.NONE, "stays as it is")]


def removed_words(files: Sequence[str]) -> str:
    """Return what it means that stacks' files were deleted."""
    these = "this file" if len(files) == 1 else "these files"
    return (
        f"what {these} made stays in AWS, and nothing watches it any more. To delete it too, bring "
        f"back {these}, run `python -m rollout destroy`, then delete {these}"
    )


def some(count: int, noun: str) -> str:
    """Return `1 stack` or `2 stacks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _sentences(result: Result) -> Iterator[Sentence]:
    """Yield what is said of each identity; those of which the same is said come together."""
    alike: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for identity in (result.access or {})["identities"]:
        lines = tuple((line["verdict"], line["text"]) for line in identity["lines"])
        alike.setdefault(lines, []).append(identity["name"])
    for lines, names in alike.items():
        whose = names[0] if len(names) == 1 else f"each of {', '.join(names)}:"
        for verdict, text in lines:
            yield Sentence(Verdict(verdict), printable(f"{whose} {text}"), len(names))


def _general(stack: str, account: str | None) -> Callable[[str], str]:
    """Return what puts signs in the place of a stack's own name and account id.

    The name counts as a part of a longer one (`acme-prod-site`) and not as a word by itself, which
    may be a word of the sentence.
    """
    name = re.escape(stack)
    names = re.compile(
        rf"(?<={_IN_A_NAME}){name}(?!{_IN_A_WORD})|(?<!{_IN_A_WORD}){name}(?={_IN_A_NAME})"
    )
    own = re.escape(account) if account else "(?!)"
    ids = re.compile(rf"(?<!{_IN_A_WORD}){own}(?!{_IN_A_WORD})")
    return lambda text: ids.sub(_ACCOUNT, names.sub(_STACK, text))


def _named(text: str) -> str:
    """Return a text with words for the signs."""
    for sign, word in _OWN.items():
        text = text.replace(sign, word)
    return text


def _mapped(group: Group, change: Callable[[str], str]) -> Group:
    """Return a group with all its texts changed."""
    return replace(
        group,
        error=None if group.error is None else change(group.error),
        steps=tuple(replace(step, name=change(step.name)) for step in group.steps),
        sentences=group.sentences
        and tuple(replace(one, text=change(one.text)) for one in group.sentences),
        warnings=tuple(map(change, group.warnings)),
    )


def _rank(group: Group) -> tuple[object, ...]:
    pressing = (
        group.status is Status.FAILED,
        *(bool(group.count(verdict)) for verdict in COUNTED),
        group.status is Status.NOT_REACHED,
        bool(group.changes or group.sentences or group.warnings),
        True,
    )
    return pressing.index(True), -len(group.stacks), group.stacks
