"""A stack's identities before and after a preview, from the resources in the engine's events.

Before is what the state holds, which is what AWS answered last. After is what the program asks for;
a value that depends on a resource that doesn't exist yet is not known.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components.aws.limits import SESSION_SECONDS, Kind
from components.iam.document import PolicyDocument
from rollout.access.diff import Access, MadeAnew

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a text that is known after up (pulumi/pulumi, `plugin.UnknownStringValue`)."""

USER: Final = "aws:iam/user:User"
ROLE: Final = "aws:iam/role:Role"
_KEY: Final = "aws:iam/accessKey:AccessKey"
_POLICY: Final = "aws:iam/policy:Policy"
_INLINE: Final = frozenset({"aws:iam/userPolicy:UserPolicy", "aws:iam/rolePolicy:RolePolicy"})
_ATTACHMENTS: Final = frozenset(
    {
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
)
_EXCLUSIVE: Final = frozenset(
    f"aws:iam/{kind}{what}:{kind.capitalize()}{what}"
    for kind in ("user", "role")
    for what in ("PoliciesExclusive", "PolicyAttachmentsExclusive")
)
TYPES: Final = frozenset({USER, ROLE, _KEY, _POLICY}) | _INLINE | _ATTACHMENTS | _EXCLUSIVE
"""The types of resources that give access, and those that take away what was added by hand."""

_KINDS: Final[Mapping[str, Kind]] = {USER: "user", ROLE: "role"}

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a preview; a state is None where the resource doesn't exist.

    `name` and `parent` are the program's names of the resource and its parent component. With
    `deleted_first` a resource that is `replaced` is deleted before the new one is created.
    """

    type: str
    name: str
    parent: str
    old: Values | None = None
    new: Values | None = None
    replaced: bool = False
    deleted_first: bool = False


_Live = tuple[Resource, Values]
"""A resource that exists, and its values."""


def before(resources: Iterable[Resource]) -> dict[str, Access]:
    """Return the identities by name, as in the state."""
    return _identities(resources, lambda one: one.old)


def after(resources: Iterable[Resource]) -> dict[str, Access]:
    """Return the identities by name, as the program asks for them."""
    return _identities(resources, lambda one: one.new)


def exclusive(resources: Iterable[Resource]) -> frozenset[str]:
    """Return the identities that get policies of the program only."""
    return frozenset(
        _owner(one) for one in resources if one.type in _EXCLUSIVE and one.new is not None
    )


def key_labels(resources: Iterable[Resource]) -> dict[str, str]:
    """Return the labels of the access keys in the state, by the keys' ids."""
    held = [(one, one.old or {}) for one in resources if one.type == _KEY]
    return {values["id"]: _label(one) for one, values in held if values.get("id")}


def managed_policies(resources: Iterable[Resource]) -> dict[str, str]:
    """Return the names of the managed policies in the state, by their ARNs."""
    held = [(one, one.old or {}) for one in resources if one.type == _POLICY]
    return {values["arn"]: _name(one, values) for one, values in held if _text(values.get("arn"))}


def made_anew(resources: Iterable[Resource]) -> dict[str, MadeAnew]:
    """Return what the engine replaces, by the identities' names."""
    found: defaultdict[str, list[Resource]] = defaultdict(list)
    for one in resources:
        if one.replaced:
            owner = _identity_name(one, one.old or {}) if one.type in _KINDS else _owner(one)
            found[owner].append(one)
    return {name: _made_anew(some) for name, some in found.items()}


def new_keys(resources: Iterable[Resource]) -> dict[str, list[str]]:
    """Return the labels of the access keys that are made, by their users that exist."""
    everything = list(resources)
    users = {(one.old or {}).get("name") for one in everything if one.type == USER}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in everything:
        user = _text((one.new or {}).get("user"))
        if one.type == _KEY and one.old is None and user is not None and user in users:
            found[user].append(_label(one))
    return {user: sorted(labels) for user, labels in found.items()}


def _made_anew(some: Sequence[Resource]) -> MadeAnew:
    identities = [one for one in some if one.type in _KINDS]
    return MadeAnew(
        identity=bool(identities),
        gap=any(one.deleted_first for one in identities),
        keys=frozenset(_label(one) for one in some if one.type == _KEY),
        policies=frozenset(
            _name(one, one.old or {}) for one in some if one.type == _POLICY and one.deleted_first
        ),
    )


def _identities(
    resources: Iterable[Resource], pick: Callable[[Resource], Values | None]
) -> dict[str, Access]:
    live = [(one, values) for one in resources if (values := pick(one)) is not None]
    policies = [held for held in live if held[0].type == _POLICY]
    owned: defaultdict[str, list[_Live]] = defaultdict(list)
    for one, values in live:
        owned[_owner(one, values)].append((one, values))
    return {
        (name := _identity_name(one, values)): _access(kind, values, owned[name], policies)
        for one, values in live
        if (kind := _KINDS.get(one.type)) is not None
    }


def _access(
    kind: Kind, values: Values, owned: Iterable[_Live], policies: Sequence[_Live]
) -> Access:
    documents: dict[str, PolicyDocument | None] = {}
    keys, inactive, elsewhere = set(), set(), set()
    for one, held in owned:
        if one.type == _KEY:
            keys.add(_label(one))
            if held.get("status") == "Inactive":
                inactive.add(_label(one))
        elif one.type in _INLINE:
            documents[_name(one, held)] = _document(held.get("policy"))
        elif one.type in _ATTACHMENTS:
            made = [policy for policy in policies if _is_attached(policy[0], one, held)]
            for policy, content in made[:1]:
                documents[_name(policy, content)] = _document(content.get("policy"))
            if not made:
                elsewhere.add(_text(held.get("policyArn")) or one.name)
    tags = values.get("tags")
    return Access(
        kind,
        documents,
        trust=_document(values.get("assumeRolePolicy")),
        boundary=values.get("permissionsBoundary"),
        access_keys=frozenset(keys),
        inactive_keys=frozenset(inactive),
        elsewhere=frozenset(elsewhere),
        path=_text(values.get("path")) or "/",
        session_seconds=int(values.get("maxSessionDuration") or SESSION_SECONDS[0]),
        tags={
            # The provider adds keys of its own to its inputs, as `__defaults`.
            key: value
            for key, value in (tags if isinstance(tags, Mapping) else {}).items()
            if not key.startswith("__") and isinstance(value, str)
        },
    )


def _identity_name(one: Resource, values: Values) -> str:
    return _text(values.get("name")) or one.name.removesuffix(f"-{_KINDS[one.type]}")


def _label(key: Resource) -> str:
    """Return the label of an access key, which only its name holds."""
    return key.name.removeprefix(f"{key.parent}-key-")


def _owner(one: Resource, values: Values | None = None) -> str:
    """Return the name of the identity that a policy, an attachment or a key belongs to."""
    values = one.new or one.old or {} if values is None else values
    keys = ("user", "role", "userName", "roleName")
    return next((name for key in keys if (name := _text(values.get(key)))), one.parent)


def _is_attached(policy: Resource, attachment: Resource, values: Values) -> bool:
    """Whether the policy is attached: by its ARN, or by the program's names while it has none."""
    arn = _text(values.get("policyArn"))
    if arn is not None:
        return policy.old is not None and policy.old.get("arn") == arn
    leaf = attachment.name.removeprefix(f"{attachment.parent}-attached-")
    twin = f"{attachment.parent}-managed-{leaf}"
    return (policy.parent, policy.name) == (attachment.parent, twin)


def _name(one: Resource, values: Values) -> str:
    return _text(values.get("name")) or one.name


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value != UNKNOWN else None


def _document(value: object) -> PolicyDocument | None:
    try:
        found = json.loads(_text(value) or "")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
