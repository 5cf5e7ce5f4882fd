"""Diff: which properties of a resource change, and whether AWS can change them in place."""

from collections.abc import Collection
from typing import Any, Final

from pulumi.provider.experimental.provider import DiffResponse, PropertyDiff, PropertyDiffKind

from sandbox.standin.documents import same_document
from sandbox.standin.resource_type import Property, ResourceType
from sandbox.standin.values import Values, has_unknown

_EMPTY: Final[tuple[object, ...]] = (None, "", False, [], {})
_REPLACING: Final = {
    PropertyDiffKind.ADD: PropertyDiffKind.ADD_REPLACE,
    PropertyDiffKind.DELETE: PropertyDiffKind.DELETE_REPLACE,
    PropertyDiffKind.UPDATE: PropertyDiffKind.UPDATE_REPLACE,
}


def diff(
    row: ResourceType,
    old: Values,
    new: Values,
    tags: dict[str, Any],
    ignored: Collection[str] = (),
) -> DiffResponse:
    """Compare a resource's state with a program's inputs.

    Args:
        row: the resource's type.
        old: the state after the last update or refresh.
        new: the checked inputs.
        tags: the tags that the resource should have, with the provider's default tags.
        ignored: properties in the program's `ignore_changes`.
    """
    details: dict[str, PropertyDiff] = {}
    replaces: list[str] = []
    for name, spec in row.inputs.items():
        if name in ignored or same(spec, old.get(name), new.get(name)):
            continue
        kind = _kind(old.get(name), new.get(name))
        if spec.replaces:
            kind = _REPLACING[kind]
            replaces.append(name)
        details[name] = PropertyDiff(kind, input_diff=False)
    told = "tags" in details or "tags" in ignored
    if row.tagged and not told and old.get("tagsAll", {}) != tags:
        details["tagsAll"] = PropertyDiff(PropertyDiffKind.UPDATE, input_diff=False)
    return DiffResponse(
        changes=bool(details),
        replaces=replaces,
        diffs=list(details),
        detailed_diff=details,
        # A name that stays is still the old resource's, so that the old one must go first.
        delete_before_replace=bool(replaces) and "name" in new and old.get("name") == new["name"],
    )


def same(spec: Property, before: Any, after: Any) -> bool:  # noqa: ANN401 - a property is anything
    """Say whether two values of a property mean the same to AWS."""
    if has_unknown(after):
        return False
    if before in _EMPTY and after in _EMPTY:
        return True
    if before is None or after is None:
        return False
    if spec.document:
        return same_document(before, after)
    return bool(spec.meaning(before) == spec.meaning(after))


def _kind(before: object, after: object) -> PropertyDiffKind:
    if before in _EMPTY:
        return PropertyDiffKind.ADD
    return PropertyDiffKind.DELETE if after in _EMPTY else PropertyDiffKind.UPDATE
