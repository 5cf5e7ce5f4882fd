"""A stack's identities before and after a preview, from the resources that the engine tells of.

Before is what the state holds: what AWS answered last. After is what the program asks for; what
depends on a resource that is not made yet is not known then, and the engine says so.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from components.aws.limits import Kind
from components.policy.document import PolicyDocument

UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A text that is known after up (pulumi/pulumi, `plugin.UnknownStringValue`)."""

USER: Final = "aws:iam/user:User"
ROLE: Final = "aws:iam/role:Role"
KEY: Final = "aws:iam/accessKey:AccessKey"
_POLICY: Final = "aws:iam/policy:Policy"
_INLINE: Final = frozenset({"aws:iam/userPolicy:UserPolicy", "aws:iam/rolePolicy:RolePolicy"})
_ATTACHMENTS: Final = frozenset(
    {
        "aws:iam/userPolicyAttachment:UserPolicyAttachment",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
)
TYPES: Final = frozenset({USER, ROLE, KEY, _POLICY}) | _INLINE | _ATTACHMENTS
"""The types of resources that access is made of."""

_KINDS: Final[Mapping[str, Kind]] = {USER: "user", ROLE: "role"}

Values = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One resource of a preview; a state is None where it is not there.

    `name` and `parent` are the names in the program, its own and its parent component's.
    """

    type: str
    name: str
    parent: str
    old: Values | None = None
    new: Values | None = None
    replaced: bool = False


@dataclass
class State:
    """One identity at one time. A document that is None is not known, and so is `trust`.

    `elsewhere` are the ARNs of attached policies that the stack doesn't make.
    """

    kind: Kind
    documents: dict[str, PolicyDocument | None] = field(default_factory=dict)
    trust: PolicyDocument | None = None
    boundary: str | None = None
    access_keys: set[str] = field(default_factory=set)
    elsewhere: set[str] = field(default_factory=set)


_Pick = Callable[[Resource], Values | None]


def before(resources: Iterable[Resource]) -> dict[str, State]:
    """Return the identities by name as they are."""
    return _states(list(resources), lambda one: one.old)


def after(resources: Iterable[Resource]) -> dict[str, State]:
    """Return the identities by name as they will be."""
    return _states(list(resources), lambda one: one.new)


def label_of(key: Resource) -> str:
    """Return the label of an access key, which is in its name only."""
    return key.name.removeprefix(f"{key.parent}-")


def owner_of(resource: Resource, values: Values) -> str:
    """Return the name of the identity that a policy, an attachment or a key belongs to."""
    named = _text(values.get("user", values.get("role")))
    return named or resource.parent.rpartition("-")[0]


def _states(resources: list[Resource], pick: _Pick) -> dict[str, State]:
    live = [(one, values) for one in resources if (values := pick(one)) is not None]
    found: dict[str, State] = {}
    for one, values in live:
        if (kind := _KINDS.get(one.type)) is not None:
            name = _text(values.get("name")) or one.name.removesuffix(f"-{kind}")
            trust = _document(values.get("assumeRolePolicy"))
            found[name] = State(kind, trust=trust, boundary=values.get("permissionsBoundary"))
    for one, values in live:
        state = found.get(owner_of(one, values))
        if state is None:
            continue
        if one.type == KEY:
            state.access_keys.add(label_of(one))
        elif one.type in _INLINE:
            state.documents[_name(one, values)] = _document(values.get("policy"))
        elif one.type in _ATTACHMENTS:
            _attach(state, one, values, live)
    return found


def _attach(
    state: State, one: Resource, values: Values, live: Iterable[tuple[Resource, Values]]
) -> None:
    for policy, held in live:
        if policy.type == _POLICY and _is_attached(policy, one, values):
            state.documents[_name(policy, held)] = _document(held.get("policy"))
            return
    state.elsewhere.add(_text(values.get("policyArn")) or one.name)


def _is_attached(policy: Resource, attachment: Resource, values: Values) -> bool:
    """Whether it is the policy: by its ARN, or, while it has none, by the program's names."""
    arn = _text(values.get("policyArn"))
    if arn is not None:
        return policy.old is not None and policy.old.get("arn") == arn
    twin = attachment.name.replace("-attached-", "-managed-")
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
