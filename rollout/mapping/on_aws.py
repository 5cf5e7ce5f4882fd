"""What AWS has of the stacks' identities, read as `audit` reads it."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Final

from components.settings.findings import SettingsError
from components.settings.stack_file import StackFile, read, stacks
from rollout.access.by_hand import deployed_access
from rollout.access.diff import Access, Fate, IdentityDiff, identity_diff
from rollout.access.sentences import Line, Verdict
from rollout.auditing.trust import is_of_circleci
from rollout.deployed.account import account_of
from rollout.deployed.model import DeployedAccount, DeployedRole, DeployedUser
from rollout.deployed.read import read_account
from rollout.errors import AccountError
from rollout.mapping.accesses import accesses
from rollout.mapping.model import OnAws
from rollout.result import Report, Result, Status

_AT_ONCE: Final = 4


def deployed(root: Path, names: Sequence[str]) -> tuple[OnAws, ...]:
    """Read the accounts of stacks, and compare them with the files that can be used."""
    together: dict[str, list[StackFile]] = {}
    everything: list[StackFile] = []
    for name in stacks(root):
        try:
            file = read(root, name)
            file.settings()
        except SettingsError:
            continue
        everything.append(file)
        if name in names:
            together.setdefault(file.account or f"of {name}", []).append(file)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = pool.map(lambda one: _account(one, together[one], everything), together)
        return tuple(found)


def _account(name: str, files: Sequence[StackFile], everything: Sequence[StackFile]) -> OnAws:
    try:
        reached = account_of(files[0], ())
        account = read_account(reached.iam, reached.sts)
    except AccountError as error:
        return OnAws(name, Report({}), error=str(error))
    results = {}
    for file in files:
        try:
            wanted = accesses(file, account.id)
        except SettingsError:
            continue
        results[file.stack] = Result(Status.SUCCEEDED, access=compared(account, wanted))
    # Of all stacks, those that were not asked for too.
    known = {
        identity
        for file in everything
        if file.account in (None, account.id)
        for identity in file.settings().identities
    }
    report = Report(results, accounts=dict.fromkeys(results, account.id))
    return OnAws(account.id, report, tuple(_beside(account, known)))


def _beside(account: DeployedAccount, known: set[str]) -> Iterator[str]:
    yield from (f"user {one.name}" for one in account.users if one.name not in known)
    for role in account.roles:
        if role.name not in known and is_of_circleci(account, role):
            yield f"role {role.name}"


def compared(account: DeployedAccount, wanted: Mapping[str, Access]) -> tuple[IdentityDiff, ...]:
    """Return the identities that AWS does not have as the file says."""
    found: dict[tuple[str, str], DeployedUser | DeployedRole] = {
        **{("user", one.name): one for one in account.users},
        **{("role", one.name): one for one in account.roles},
    }
    diffs = (
        _compared(name, access, found.get((access.kind, name))) for name, access in wanted.items()
    )
    return tuple(one for one in diffs if one.lines)


def _compared(name: str, wanted: Access, found: DeployedUser | DeployedRole | None) -> IdentityDiff:
    if found is None:
        line = Line(Verdict.BREAKS, "is not there")
        return IdentityDiff(name, wanted.kind, Fate.REMOVED, (line,))
    made = {arn: arn.rpartition("/")[2] for arn in found.attached}
    made = {arn: own for arn, own in made.items() if own in wanted.documents}
    now = deployed_access(found, wanted, made)
    # Tags that the file does not name may be the provider's default ones.
    tags = {key: value for key, value in now.tags.items() if key in wanted.tags}
    diff = identity_diff(name, wanted, replace(now, tags=tags))
    others = _user_lines(wanted, found) if isinstance(found, DeployedUser) else ()
    return replace(diff, lines=(*diff.lines, *others))


def _user_lines(wanted: Access, user: DeployedUser) -> Iterator[Line]:
    # AWS does not know the labels of keys, so they are counted.
    active, labels = sum(key.active for key in user.keys), len(wanted.access_keys)
    if active != labels:
        verdict = Verdict.WIDER if active > labels else Verdict.BREAKS
        yield Line(verdict, f"has {active} active access keys, the file names {labels}")
    for group in user.groups:
        yield Line(Verdict.WIDER, f"is in the group '{group}', whose policies count for it too")
    if user.has_console_password:
        yield Line(Verdict.WIDER, "has a console password")
