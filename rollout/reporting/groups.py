"""Results as people read them: stacks with the same result are one group."""

import re
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from components.settings.findings import printable
from rollout.access.diff import Fate, IdentityDiff
from rollout.access.sentences import COUNTED, Line, Verdict
from rollout.result import Report, Result, Status, Step

MOST_STEPS: Final = 20
"""How many changes of resources are listed one by one."""
_LONGEST_COMMAND: Final = 500
_OWN: Final = {"\ue000": "<stack>", "\ue001": "<account>"}
"""What stands for a stack's own name and account id: a sign that is not printable, and a word."""
_STACK, _ACCOUNT = _OWN
_IN_A_NAME: Final = "[-._/]"
"""What joins the words of a bucket's, an identity's or a file's name."""
_IN_A_WORD: Final = "[A-Za-z0-9]"


@dataclass(frozen=True)
class Group:
    """Stacks with the same result.

    `lines` are the changes of access, each with the names of its identities, as
    `circleci-deploy gains s3:GetObject on acme/*`; None where access is not known.
    """

    stacks: tuple[str, ...]
    status: Status
    error: str | None = None
    changes: tuple[tuple[str, int], ...] = ()
    steps: tuple[Step, ...] = ()
    lines: tuple[Line, ...] | None = None
    warnings: tuple[str, ...] = ()
    replaced: int = 0
    """How many identities are replaced."""

    def count(self, verdict: Verdict) -> int:
        """How many changes of one stack's identities have a verdict."""
        return sum(one.count for one in self.lines or () if one.verdict is verdict)

    @property
    def verdicts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many changes have each verdict that counts, without zeros."""
        counted = ((verdict, self.count(verdict)) for verdict in COUNTED)
        return tuple((verdict, count) for verdict, count in counted if count)


UNCHANGED: Final = "access stays"
"""What is said of access where no line has a verdict that counts."""


def groups(report: Report) -> list[Group]:
    """Return the stacks in groups, the most urgent first: failures, then what breaks jobs.

    Stacks whose results differ only in their own names and account ids are a group too, in which
    `<stack>` and `<account>` stand for those, unless more stacks have exactly the same result.
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
    """Return a group for one result, without its stack."""
    lines = None
    if result.access is not None:
        # What breaks comes first; the rest stays in the order of the identities.
        lines = tuple(
            sorted(_lines(result.access), key=lambda one: one.verdict is not Verdict.BREAKS)
        )
    return Group(
        (),
        result.status,
        result.error,
        tuple(result.changes.items()),
        tuple(result.steps),
        lines,
        tuple(map(printable, result.warnings)),
        sum(one.fate is Fate.REPLACED for one in result.access or ()),
    )


def step_words(steps: Sequence[Step]) -> list[str]:
    """Return changes of resources in words, as `update aws:iam:UserPolicy ci-inline`."""
    told = []
    for step in steps[:MOST_STEPS]:
        package, module, kind = step.type.split(":")
        text = f"{step.op} {package}:{module.split('/')[0]}:{kind} {step.name}"
        told.append(printable(text))
    if len(steps) > MOST_STEPS:
        told.append(f"and {len(steps) - MOST_STEPS} more")
    return told


def access_words(found: Iterable[Group]) -> list[tuple[Verdict, str]]:
    """Return in how many stacks access changes and how, as `wider in 2 stacks`.

    Access is unknown in stacks that failed or were not reached.
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
    if replaced := sum(group.replaced * len(group.stacks) for group in listed):
        noun = "identity" if replaced == 1 else "identities"
        told.append((Verdict.BREAKS, f"{replaced:,} {noun} replaced"))
    if unknown := sum(len(group.stacks) for group in listed if group.lines is None):
        told.append((Verdict.NONE, f"unknown in {some(unknown, 'stack')}"))
    return told or [(Verdict.NONE, "stays as it is")]


def removed_words(files: Sequence[str], code: Callable[[str], str] = "`{}`".format) -> str:
    """Return what follows from deleted stack files; `code` marks a command in the text."""
    these, it = ("this file", "the file") if len(files) == 1 else ("these files", "the files")
    stacks = (file.removeprefix("Pulumi.").removesuffix(".yaml") for file in files)
    # Not a command without names, which is for all stacks.
    command = f"python -m rollout destroy {' '.join(map(shlex.quote, stacks))}"
    run = code(command)
    if len(command) > _LONGEST_COMMAND:
        run = f"{code('python -m rollout destroy')} with the names of their stacks"
    return (
        f"the resources of {these} stay in AWS, unmanaged. To delete them: restore "
        f"{it}, run {run}, then delete {it}"
    )


def some(count: int, noun: str) -> str:
    """Return `1 stack` or `2 stacks`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _lines(changed: Iterable[IdentityDiff]) -> Iterator[Line]:
    """Yield the lines with their identities' names; identities with the same lines share them."""
    alike: dict[tuple[Line, ...], list[str]] = {}
    for identity in changed:
        alike.setdefault(identity.lines, []).append(identity.name)
    for lines, names in alike.items():
        whose = names[0] if len(names) == 1 else f"each of {', '.join(names)}:"
        for line in lines:
            yield Line(line.verdict, printable(f"{whose} {line.text}"), len(names))


def _general(stack: str, account: str | None) -> Callable[[str], str]:
    """Return a function that puts signs in place of a stack's own name and account id.

    It replaces the name as a part of a longer one (`acme-prod-site`), and not as a word by itself,
    which may be a word of the sentence.
    """
    name = re.escape(stack)
    names = re.compile(
        rf"(?<={_IN_A_NAME}){name}(?!{_IN_A_WORD})|(?<!{_IN_A_WORD}){name}(?={_IN_A_NAME})"
    )
    own = re.escape(account) if account else "(?!)"
    ids = re.compile(rf"(?<!{_IN_A_WORD}){own}(?!{_IN_A_WORD})")
    return lambda text: ids.sub(_ACCOUNT, names.sub(_STACK, text))


def _named(text: str) -> str:
    for sign, word in _OWN.items():
        text = text.replace(sign, word)
    return text


def _mapped(group: Group, change: Callable[[str], str]) -> Group:
    return replace(
        group,
        error=None if group.error is None else change(group.error),
        steps=tuple(replace(step, name=change(step.name)) for step in group.steps),
        lines=group.lines and tuple(replace(one, text=change(one.text)) for one in group.lines),
        warnings=tuple(map(change, group.warnings)),
    )


def _rank(group: Group) -> tuple[object, ...]:
    pressing = (
        group.status is Status.FAILED,
        *(bool(group.count(verdict)) for verdict in COUNTED),
        group.status is Status.NOT_REACHED,
        bool(group.changes or group.lines or group.warnings),
        True,
    )
    return pressing.index(True), -len(group.stacks), group.stacks
