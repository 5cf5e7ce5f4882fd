"""What of an identity is imported, and under which name: the program's own, where it has one."""

from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

from components.aws.partitions import account_of_arn
from components.policy.layout import INLINE_NAME
from rollout.adopting.candidate import Candidate

_COMPONENTS: Final = {
    "user": "circleci-s3-access:index:User",
    "role": "circleci-s3-access:index:Role",
}
_PROVIDER: Final = "pulumi-aws"

Spec = dict[str, Any]
"""The engine's import file: `resources`, and a `nameTable` of parents that the state has."""


def import_spec(missing: Spec, candidates: Iterable[Candidate], stack: str, project: str) -> Spec:
    """Return what to import, from what a preview says that the state lacks.

    Policies that the program does not make are imported too, as children of its identities: so the
    next `up` deletes them, and it deletes after it has made the program's own.

    Args:
        missing: the import file that the preview has written.
        candidates: the identities to import.
        stack: the stack.
        project: the name of its project.
    """
    resources: list[dict[str, Any]] = []
    table: dict[str, str] = dict(missing.get("nameTable") or {})
    for one in candidates:
        component = _COMPONENTS[one.kind]
        ids = _ids(one)
        listed = missing.get("resources") or []
        own = [
            *(r for r in listed if (r["type"], r["name"]) == (component, one.name)),
            *(
                {**r, "id": ids[r["name"]]}
                for r in listed
                if r.get("parent") == one.name and r["name"] in ids
            ),
        ]
        if not any(r["type"] == component for r in own):
            table[one.name] = f"urn:pulumi:{stack}::{project}::{component}::{one.name}"
        resources += [*own, *_others(one)]
    return {"resources": resources, "nameTable": table}


def replaced(one: Candidate) -> tuple[list[str], list[str]]:
    """Return the inline and the attached policies that the next `up` takes away."""
    head = one.deployed.arn.rsplit(":", 1)[0]
    ours = {f"{head}:policy{one.deployed.path}{name}" for name in one.documents}
    attached = [arn for arn in one.deployed.attached if arn not in ours]
    # Of the program's policies only one is inline; the names of the others may be taken too.
    kept = {INLINE_NAME} & one.documents.keys()
    return [name for name in one.deployed.inline if name not in kept], attached


def _ids(one: Candidate) -> Mapping[str, str]:
    """The ids of what the program makes and what is there, by the program's names."""
    name = one.name
    ids = {f"{name}-{one.kind}": name}
    if INLINE_NAME in one.deployed.inline and INLINE_NAME in one.documents:
        ids[f"{name}-inline"] = f"{name}:{INLINE_NAME}"
    for arn in {*one.deployed.attached} - {*replaced(one)[1]}:
        leaf = arn.rsplit("-", 1)[-1]
        ids |= {f"{name}-managed-{leaf}": arn, f"{name}-attached-{leaf}": f"{name}/{arn}"}
    return ids


def _others(one: Candidate) -> Iterator[dict[str, Any]]:
    inline, attached = replaced(one)
    for policy in inline:
        yield _other(one, "Policy", policy, f"{one.name}:{policy}")
    for arn in attached:
        label = f"{account_of_arn(arn)}-{arn.split(':', 5)[5]}"
        yield _other(one, "PolicyAttachment", label, f"{one.name}/{arn}")


def _other(one: Candidate, what: str, label: str, id_: str) -> dict[str, Any]:
    return {
        "type": f"aws:iam/{one.kind}{what}:{one.kind.capitalize()}{what}",
        "name": f"{one.name}-adopted-{label}",
        "id": id_,
        "parent": one.name,
        "version": version(_PROVIDER),
    }
