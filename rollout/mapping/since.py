"""What changed of access since a commit: the files then and now, compared as a preview compares."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from components.policy.layout import INLINE_NAME
from components.settings.config_keys import PROJECT
from components.settings.findings import SettingsError
from components.settings.stack_file import matches, read
from rollout.access.diff import NOTHING_ANEW, Access, IdentityDiff, MadeAnew, identity_diff
from rollout.choosing.changed import changed_since
from rollout.choosing.git import base_of, commits, content_at
from rollout.mapping.accesses import ANY_ACCOUNT, accesses
from rollout.mapping.model import Since
from rollout.result import Report, Result, Status, failed

_OPTION: Final = "--since"
_OF_ALL: Final = (PROJECT, "Pulumi.json")
"""Files that count for every stack."""


def changes_since(root: Path, ref: str, names: Sequence[str], patterns: Sequence[str]) -> Since:
    """Compare the stacks' files with those at the merge base with a commit, committed or not.

    Raises:
        RolloutError: git failed; its own message is included.
    """
    change, base = changed_since(root, ref, _OPTION), base_of(root, _OPTION, ref)
    shared = [file for file in _OF_ALL if file in change.paths]
    concerned = [name for name in names if shared or _file(name) in change.paths]
    results: dict[str, Result] = {}
    accounts: dict[str, str] = {}
    with TemporaryDirectory(prefix="rollout-") as folder:
        then = Path(folder)
        for file in (*_OF_ALL, *map(_file, concerned)):
            if (content := content_at(root, _OPTION, base, file)) is not None:
                (then / file).write_bytes(content)
        for name in concerned:
            results[name] = _compared(root, then, name)
    for name in concerned:
        try:
            accounts[name] = read(root, name).account or ANY_ACCOUNT
        except SettingsError:
            continue
    edited = changed_since(root, "HEAD", _OPTION).paths
    uncommitted = {file for name in concerned for file in (_file(name), *shared) if file in edited}
    removed = tuple(
        file
        for file in change.deleted_stacks(root)
        if not patterns or matches(file.removeprefix("Pulumi.").removesuffix(".yaml"), patterns)
    )
    return Since(
        ref,
        commits(root, _OPTION, "-1", base)[0],
        Report(results, accounts=accounts, removed_files=removed),
        {
            name: commits(root, _OPTION, f"{base}..HEAD", "--", _file(name), *_OF_ALL)
            for name in concerned
        },
        tuple(sorted(uncommitted)),
    )


def _file(stack: str) -> str:
    return f"Pulumi.{stack}.yaml"


def _compared(root: Path, then: Path, stack: str) -> Result:
    try:
        now = read(root, stack)
        new = accesses(now, now.account)
    except SettingsError as error:
        return failed(str(error))
    if not (then / _file(stack)).exists():
        return Result(Status.SUCCEEDED, access=compared({}, new))
    try:
        before = read(then, stack)
        # With the account of now: that it moved is told once, not for each trust.
        old = accesses(before, now.account)
    except SettingsError as error:
        return failed(f"its file could not be used then: {error}")
    moved = []
    if before.account != now.account:
        moved = [f"its account is {now.account}, before {before.account}"]
    return Result(Status.SUCCEEDED, access=compared(old, new), warnings=moved)


def compared(old: Mapping[str, Access], new: Mapping[str, Access]) -> tuple[IdentityDiff, ...]:
    """Return the identities whose access differs."""
    diffs = (
        identity_diff(name, old.get(name), new.get(name), _anew(old.get(name), new.get(name)))
        for name in sorted({*old, *new})
    )
    return tuple(one for one in diffs if one.lines)


def _anew(old: Access | None, new: Access | None) -> MadeAnew:
    """What `up` would replace: a path is a part of the ARN of a role and of a policy."""
    if old is None or new is None or old.path == new.path or old.kind != new.kind:
        return NOTHING_ANEW
    if new.kind == "role":
        return MadeAnew(identity=True, gap=True)
    return MadeAnew(policies=frozenset(old.documents) - {INLINE_NAME})
