"""From the stacks' files to the rows of the map, and to what deserves a look there."""

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Final

from components.aws.actions import ACCESS, NEEDS_OF_KEY, action
from components.aws.partitions import bucket_arn
from components.iam.document import Effect, Statement
from components.iam.words import condition_said, conditions_said, selected
from components.policy.access import Restrictions, access_statements
from components.policy.permissions import Permission, permissions
from components.settings.findings import SettingsError
from components.settings.model import Grant, Role, Trust, User
from components.settings.stack_file import SourceLines, Sources, StackFile, read, stacks
from components.settings.trust_rules import ANY_PROJECT
from rollout.asking.who import key_words, tls, via
from rollout.choosing.inventory import Member, select
from rollout.mapping.model import UNKNOWN, Cell, Remark, Right, Row, by_bucket
from rollout.mapping.remarks import remarks_of

_ALL: Final = 1_000_000


def read_rows(
    root: Path, patterns: Sequence[str]
) -> tuple[list[Row], list[Remark], list[str], dict[str, str]]:
    """Return the rows, the remarks, the stacks, and what is wrong in files that can't be used.

    Raises:
        RolloutError: a pattern matches no stack.
    """
    rows: list[Row] = []
    remarks: list[Remark] = []
    errors: dict[str, str] = {}
    names = [one.name for one in select([Member(name, None) for name in stacks(root)], patterns)]
    for name in names:
        try:
            file = read(root, name)
            for row, found in _rows(file):
                rows.append(row)
                remarks += found
        except SettingsError as error:
            errors[name] = str(error)
    return rows, remarks, names, errors


def _rows(file: StackFile) -> list[tuple[Row, tuple[Remark, ...]]]:
    settings, sources = file.settings(), Sources(file)
    partition = file.partition(os.environ)
    found = []
    for name, identity in settings.identities.items():
        where = [sources.of("identities", name, "grants", at) for at in range(len(identity.grants))]
        rights = tuple(_rights(identity, partition, where))
        trust = _trust(identity.trust) if isinstance(identity, Role) else {}
        row = Row(
            stack=file.stack,
            account=file.account or UNKNOWN,
            name=name,
            kind=identity.KIND,
            cells=tuple(_cells(identity, partition, rights)),
            rights=rights,
            # In whole, where the description of a role is cut.
            via="; ".join(f"{key} {', '.join(some)}" for key, some in trust.items())
            or via(identity),
            trust=trust,
            access_keys=key_words(identity) if isinstance(identity, User) else (),
            boundary=identity.permissions_boundary,
            tags={**settings.tags, **identity.tags},
            source=sources.of("identities", name),
        )
        found.append((row, tuple(remarks_of(row, identity, where))))
    return found


def _statements(
    identity: User | Role, partition: str, some: Iterable[Permission]
) -> Iterator[Statement]:
    """The statements that allow something, as the policy has them."""
    wanted = list(some)
    arns = {one.bucket: bucket_arn(partition, one.bucket) for one in wanted}
    limits = Restrictions(identity.require_tls, identity.source_ips)
    for statement in access_statements(wanted, arns, limits):
        if statement.effect is Effect.ALLOW:
            yield statement


def _rights(identity: User | Role, partition: str, where: Sequence[SourceLines]) -> Iterator[Right]:
    lines = {id(grant): line for grant, line in zip(identity.grants, where, strict=True)}
    grants = by_bucket(identity.grants)
    for permission in permissions(identity.grants):
        for statement in _statements(identity, partition, [permission]):
            conditions = (*map(condition_said, statement.conditions), *tls(identity))
            for name in statement.actions.values:
                for resource in statement.resources.values:
                    key = resource if (resource, name) in permission.on_keys else None
                    word, grant = _given(grants[permission.bucket], permission, name, key)
                    place = permission.bucket, permission.prefix
                    yield Right(*place, name, word, key, conditions, lines[id(grant)])


def _given(
    grants: Iterable[Grant], permission: Permission, name: str, key: str | None
) -> tuple[str | None, Grant]:
    """The access word that gives an action, and the first grant that does."""
    for grant in grants:
        if permission.prefix not in (grant.prefixes or ("",)):
            continue
        words = [word for word in grant.access if name in _names(word)]
        if words or name in grant.actions:
            return (words[0] if words else None), grant
        if (
            key
            and grant.kms_key == key
            and any(name in NEEDS_OF_KEY.get(a, ()) for a in _of(grant))
        ):
            return None, grant
    raise AssertionError(name)  # permissions() invents nothing


def _of(grant: Grant) -> Iterator[str]:
    yield from (name for word in grant.access for name in _names(word))
    yield from (action(name).name for name in grant.actions)


def _cells(identity: User | Role, partition: str, rights: Sequence[Right]) -> Iterator[Cell]:
    wanted = by_bucket(permissions(identity.grants))
    for bucket, own in sorted(by_bucket(rights).items()):
        on_s3 = [one for one in own if one.key is None]
        actions = {one.action for one in on_s3}
        words = tuple(word for word in ACCESS if actions.issuperset(_names(word)))
        prefixes = {one.prefix for one in on_s3}
        tests = {said for one in on_s3 for said in one.conditions if not _is_prefix(said)}
        yield Cell(
            bucket,
            words,
            tuple(sorted(actions.difference(*map(_names, words)))),
            () if "" in prefixes else tuple(sorted(prefixes)),
            tuple(sorted(tests)),
            tuple(sorted({one.key for one in own if one.key is not None})),
            tuple(_said(one, identity) for one in _statements(identity, partition, wanted[bucket])),
            tuple(dict.fromkeys(one.source for one in own)),
        )


@cache
def _names(word: str) -> frozenset[str]:
    return frozenset(one.name for one in ACCESS[word])


def _is_prefix(said: str) -> bool:
    return said.startswith("s3:prefix ")


def _said(statement: Statement, identity: User | Role) -> str:
    tests = [*filter(None, [conditions_said(statement.conditions)]), *tls(identity)]
    where = f" where {' and '.join(tests)}" if tests else ""
    actions, resources = statement.actions, statement.resources
    return f"{selected(actions, _ALL)} on {selected(resources, _ALL)}{where}"


def _trust(trust: Trust) -> dict[str, tuple[str, ...]]:
    projects = ("any project",) if ANY_PROJECT in trust.projects else trust.projects
    told = {
        "organization": (trust.organization,),
        "projects": projects,
        "users": trust.users or ("any user",),
        "repositories": trust.origins or ("any repository",),
        "refs": trust.refs or ("any ref",),
    }
    return told | ({"project claim": ("is checked too",)} if trust.project_id_claim else {})
