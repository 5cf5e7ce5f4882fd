"""What deserves a look in the stacks' files: wide access, open trust, and the files' warnings."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from components.settings.findings import path_of
from components.settings.model import Role, Stack, User
from components.settings.stack_file import SourceLines
from components.settings.warnings import warnings
from rollout.mapping.model import Concern, Remark, Row, by_bucket

_GRANT: Final = re.compile(r"grants\[(\d+)\]")
_WRITING: Final = ("write", "full")


def remarks_of(row: Row, identity: User | Role, where: Sequence[SourceLines]) -> Iterator[Remark]:
    """Yield what deserves a look in one identity; `where` are the lines of its grants."""
    for concern, bucket, text, source in (
        *_warned(row, identity, where),
        *_of_cells(row),
        *((concern, "", text, row.source) for concern, text in _of_identity(identity)),
    ):
        yield Remark(concern, row.stack, row.name, bucket, text, source)


_Found = tuple[Concern, str, str, SourceLines]
"""What, the bucket if it is about one, the text and the line."""


def _warned(row: Row, identity: User | Role, where: Sequence[SourceLines]) -> Iterator[_Found]:
    """The warnings that a preview gives too; some are concerns of their own."""
    start = f"{path_of(('identities', row.name))}."
    for finding in warnings(Stack.model_construct(identities={row.name: identity})):
        path = finding.path.removeprefix(start)
        concern = Concern.WARNING
        if path.endswith(".access"):
            concern = Concern.FULL
        elif path == "trust.projects":
            concern = Concern.ANY_PROJECT
        if (found := _GRANT.match(path)) is None:
            yield concern, "", f"{path}: {finding.message}", row.source
        else:
            at = int(found[1])
            yield concern, identity.grants[at].bucket, finding.message, where[at]


def _of_cells(row: Row) -> Iterator[_Found]:
    for bucket, own in by_bucket(row.rights).items():
        written = next((one for one in own if one.word in _WRITING and not one.prefix), None)
        if written is not None:
            text = "may write to the whole bucket"
            yield Concern.WHOLE_BUCKET, bucket, text, written.source
        if deleted := {one.prefix: one for one in own if one.word == "delete"}:
            text = f"may delete in {'the whole bucket' if '' in deleted else ', '.join(deleted)}"
            yield Concern.DELETE, bucket, text, next(iter(deleted.values())).source


def _of_identity(identity: User | Role) -> Iterator[tuple[Concern, str]]:
    if isinstance(identity, Role):
        refs = [ref for ref in identity.trust.refs if ref.endswith("*")]
        if not identity.trust.refs:
            yield Concern.OPEN_REFS, "jobs of any branch or tag may assume it"
        elif refs:
            yield (
                Concern.OPEN_REFS,
                f"jobs of each ref that matches {', '.join(refs)} may assume it",
            )
    elif len(active := [key.label for key in identity.access_keys if key.active]) > 1:
        keys = ", ".join(active)
        yield Concern.TWO_KEYS, f"has the access keys {keys}: delete one once no job uses it"
    if identity.permissions_boundary is None:
        yield Concern.NO_BOUNDARY, "has no permissions boundary"
