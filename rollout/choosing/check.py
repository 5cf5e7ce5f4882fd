"""Checks for errors that would make a rollout fail, from the files alone.

What only AWS knows is not checked: whether buckets and providers exist, and what the stacks have
created already.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from components.aws.partitions import partition_of_region, region_in_use
from components.policy.layout import layouts
from components.settings.config_keys import read_project
from components.settings.findings import Finding, SettingsError, path_of
from components.settings.load import NAMESPACE
from components.settings.model import Stack
from components.settings.stack_file import StackFile
from rollout.choosing.inventory import Member, inventory, select
from rollout.choosing.selection import Selection
from rollout.choosing.waves import FILE, place, read_waves
from rollout.choosing.workflows import PLACE, read_workflows
from rollout.errors import RolloutError

Wrong = Mapping[str, Sequence[Finding]]
"""The errors by file name; files without errors are left out."""


@dataclass(frozen=True)
class Checked:
    """The result of checking `stacks` stacks; `unknown` tells what the files leave open."""

    stacks: int
    wrong: Wrong
    unknown: tuple[str, ...]


def check(root: Path, patterns: Sequence[str]) -> Checked:
    """Check all files of a project, and return what concerns the stacks that the patterns match.

    Raises:
        RolloutError: a pattern matches no stack.
    """
    everything = inventory(root)
    chosen = [member.name for member in select(everything, patterns)]
    members = [member for member in examined(everything) if member.name in chosen]
    wrong: dict[str, Sequence[Finding]] = {
        f"Pulumi.{member.name}.yaml": member.findings for member in members if member.findings
    }
    unknown = [*map(_unknown_account, members), _not_compared(members, len(everything))]
    names = [member.name for member in everything]
    waves = list(_of_waves(root, names, chosen, is_all=not patterns))
    workflows, unread = _of_workflows(root, chosen)
    found = {FILE: waves, PLACE: workflows}
    wrong |= {file: findings for file, findings in found.items() if findings}
    return Checked(len(chosen), wrong, tuple(filter(None, [*unknown, *unread])))


def with_findings(selection: Selection) -> Selection:
    """Return the selection with all errors of its members."""
    found = {member.name: member for member in examined(selection.everything)}
    members = {name: found.get(name, member) for name, member in selection.members.items()}
    return replace(selection, members=members)


def examined(members: Iterable[Member]) -> tuple[Member, ...]:
    """Find all errors of each stack, by itself and together with the others."""
    told: dict[str, list[Finding]] = {}
    sound: list[_Sound] = []
    apart: set[str] = set()
    members = tuple(members)
    for member in members:
        settings, findings = _alone(member.file)
        told[member.name] = [*member.findings, *findings]
        if settings is not None and member.account is not None:
            sound.append(_Sound(member.name, member.account, settings))
        elif member.file is None or not _is_of_another_program(member.file):
            apart.add(member.name)
    for stack, finding in (*_providers(sound), *_identities(sound)):
        told[stack].append(finding)
    return tuple(
        replace(
            one,
            findings=tuple(dict.fromkeys(told[one.name])),
            is_compared=one.name not in apart,
        )
        for one in members
    )


@dataclass(frozen=True)
class _Sound:
    """A stack whose account is known and whose settings can be read."""

    name: str
    account: str
    settings: Stack


def _is_of_another_program(file: StackFile) -> bool:
    return read_project(file.path.parent).name != NAMESPACE and not file.own


def _alone(file: StackFile | None) -> tuple[Stack | None, Sequence[Finding]]:
    """Return the settings, and the errors that the program would find without a call to AWS."""
    if file is None or _is_of_another_program(file):
        return None, ()
    settings = None
    region = region_in_use(file.region, os.environ)
    try:
        settings = file.settings()
        layouts(file.stack, settings, partition_of_region(region) if region else None)
    except SettingsError as error:
        return settings, error.findings
    return settings, ()


def _providers(stacks: Iterable[_Sound]) -> Iterator[tuple[str, Finding]]:
    makers: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for stack in stacks:
        if stack.settings.oidc_provider == "create":
            for organization in stack.settings.all_organizations:
                makers[stack.account, organization].append(stack.name)
    for (account, organization), names in makers.items():
        for name in names if len(names) > 1 else ():
            yield (
                name,
                Finding(
                    "oidcProvider",
                    f"'create', and {_files(names, name)} creates the provider of organization "
                    f"{organization} in account {account} too; an account has one, so set "
                    "existing in all stacks but one",
                ),
            )


def _identities(stacks: Iterable[_Sound]) -> Iterator[tuple[str, Finding]]:
    holders: defaultdict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for stack in stacks:
        for name, identity in stack.settings.identities.items():
            holders[stack.account, identity.KIND, name.lower()].append((stack.name, name))
    for (account, kind, _), named in holders.items():
        # Two names in one stack that differ in case only are an error of its settings.
        homes = list(dict.fromkeys(home for home, _ in named))
        for home, name in named if len(homes) > 1 else ():
            yield (
                home,
                Finding(
                    path_of(("identities", name)),
                    f"is also a {kind} of {_files(homes, home)}, in the same account {account}; "
                    f"a {kind}'s name is unique there, whatever its case and path",
                ),
            )


def _files(stacks: Iterable[str], but: str) -> str:
    return " and ".join(f"Pulumi.{name}.yaml" for name in stacks if name != but)


def _unknown_account(member: Member) -> str | None:
    """Return why a stack was not compared with the others of its account, if it was not."""
    if member.file is None or member.account is not None or member.findings:
        return None
    allowed = ", ".join(member.file.allowed_account_ids)
    return (
        f"Pulumi.{member.name}.yaml allows the accounts {allowed}: which one the stack lives in is "
        "unknown, so it was not compared with other stacks of that account."
    )


def _not_compared(members: Iterable[Member], total: int) -> str | None:
    """Return which files were not compared with those of other stacks because of their errors."""
    files = [
        f"Pulumi.{member.name}.yaml"
        for member in members
        if total > 1 and member.findings and not member.is_compared
    ]
    if not files:
        return None
    have, they = ("has", "it was") if len(files) == 1 else ("have", "they were")
    return f"{', '.join(files)} {have} errors, so {they} not compared with other stacks."


def _of_waves(
    root: Path, stacks: Sequence[str], chosen: Sequence[str], *, is_all: bool
) -> Iterator[Finding]:
    """The errors in `rollout.yaml`; globs that match no stack only if all stacks are checked."""
    try:
        found = place(read_waves(root), stacks)
    except RolloutError as error:
        yield from error.findings
        return
    yield from found.findings(None if is_all else chosen)


def _of_workflows(root: Path, chosen: Sequence[str]) -> tuple[list[Finding], list[str]]:
    """Return an error with the stacks that no workflow deploys, and what can't be checked."""
    found = read_workflows(root)
    if found.unknown:
        files = ", ".join(found.unknown)
        return [], [f"Which stacks {files} deploys is not clear from the file: not checked."]
    missing = [name for name in chosen if found.globs and not found.deploys(name)]
    if not missing:
        return [], []
    applied = "; ".join(f"{file} has {', '.join(globs)}" for file, globs in found.globs.items())
    them = "it" if len(missing) == 1 else "them"
    message = f"no workflow deploys {', '.join(missing)}: {applied}. Add {them} to `stacks` there"
    return [Finding("stacks", message)], []
