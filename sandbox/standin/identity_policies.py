"""The table's rows of policies on users and roles, and of the types that take away all others."""

from collections.abc import Callable
from typing import Any, Final

from components.aws.limits import Kind
from sandbox.standin import limits
from sandbox.standin.aws import Aws
from sandbox.standin.resource_type import Property, ResourceType
from sandbox.standin.shared_properties import POLICY_NAME, arn_fault, document, name
from sandbox.standin.values import Values

_KINDS: Final[tuple[Kind, ...]] = ("user", "role")


def _inline(aws: Aws, kind: Kind, identity: str) -> set[str]:
    """The names of an identity's inline policies."""
    iam: Any = aws.iam
    listed = getattr(iam, f"list_{kind}_policies")(**{f"{kind.capitalize()}Name": identity})
    return set(listed["PolicyNames"])


def _attached(aws: Aws, kind: Kind, identity: str) -> set[str]:
    """The ARNs of the policies attached to an identity."""
    iam: Any = aws.iam
    listed = getattr(iam, f"list_attached_{kind}_policies")(
        **{f"{kind.capitalize()}Name": identity}
    )
    return {policy["PolicyArn"] for policy in listed["AttachedPolicies"]}


def _inline_policy(kind: Kind) -> ResourceType:
    """Return the row of a user's or role's inline policy."""
    title = kind.capitalize()
    key = f"{title}Name"

    def limit(aws: Aws, new: Values) -> None:
        """Count the identity's other inline policies too, as AWS does."""
        iam: Any = aws.iam
        who = {key: new[kind]}
        others = _inline(aws, kind, new[kind]) - {new["name"]}
        get = getattr(iam, f"get_{kind}_policy")
        documents = [get(**who, PolicyName=other)["PolicyDocument"] for other in others]
        limits.check_inline(kind, new[kind], [new["policy"], *documents])

    return ResourceType(
        token=f"aws:iam/{kind}Policy:{title}Policy",
        title=f"IAM {title} Policy",
        properties={
            "name": name("PolicyName", POLICY_NAME),
            kind: Property(key, required=True, replaces=True),
            "policy": document("PolicyDocument"),
        },
        id=f"{{{kind}}}:{{name}}",
        key={key: kind, "PolicyName": "name"},
        create=f"put_{kind}_policy",
        read=f"get_{kind}_policy",
        delete=f"delete_{kind}_policy",
        changes={("policy",): f"put_{kind}_policy"},
        limit=limit,
    )


def _attachment(kind: Kind) -> ResourceType:
    """Return the row of a managed policy on a user or role."""
    title = kind.capitalize()
    key = f"{title}Name"

    def read(aws: Aws, one: Values) -> Values | None:
        return {} if one["policyArn"] in _attached(aws, kind, one[kind]) else None

    def limit(aws: Aws, new: Values) -> None:
        limits.check_attached(kind, len(_attached(aws, kind, new[kind]) - {new["policyArn"]}))

    return ResourceType(
        token=f"aws:iam/{kind}PolicyAttachment:{title}PolicyAttachment",
        title=f"IAM {title} Policy Attachment",
        properties={
            kind: Property(key, required=True, replaces=True),
            "policyArn": Property("PolicyArn", required=True, replaces=True, fault=arn_fault),
        },
        id=f"{{{kind}}}/{{policyArn}}",
        key={key: kind, "PolicyArn": "policyArn"},
        create=f"attach_{kind}_policy",
        read=read,
        delete=f"detach_{kind}_policy",
        limit=limit,
    )


def _exclusive(
    kind: Kind, what: str, holds: str, there: Callable[[Aws, Kind, str], set[str]], *verbs: str
) -> ResourceType:
    """Return the row of a type that takes away all policies of an identity but those it names.

    Args:
        kind: user or role.
        what: the type's name after the kind's.
        holds: the property with the policies.
        there: what lists the policies that are there.
        verbs: the calls that bring back a missing policy, and that take one away.
    """
    title = kind.capitalize()
    key, owner = f"{title}Name", f"{kind}Name"
    aws_name = holds[0].upper() + holds[1:-1]
    add, remove = (f"{verb}_{kind}_policy" for verb in verbs)

    def make_so(aws: Aws, new: Values) -> Values:
        has, wished = there(aws, kind, new[owner]), set(new[holds])
        for method, policies in ((add, wished - has), (remove, has - wished)):
            for policy in sorted(policies):
                getattr(aws.iam, method)(**{key: new[owner], aws_name: policy})
        return {}

    return ResourceType(
        token=f"aws:iam/{kind}{what}:{title}{what}",
        title=f"IAM {title} {what}",
        properties={
            owner: Property(key, required=True, replaces=True),
            holds: Property(aws_name, kind=list, required=True, meaning=sorted),
        },
        id=f"{{{owner}}}",
        key={key: owner},
        create=make_so,
        read=lambda aws, one: {aws_name: sorted(there(aws, kind, one[owner]))},
        delete=lambda _aws, _one: None,
        changes={(holds,): lambda aws, _old, new: make_so(aws, new)},
    )


ROWS: Final = tuple(
    row
    for kind in _KINDS
    for row in (
        _inline_policy(kind),
        _attachment(kind),
        _exclusive(kind, "PoliciesExclusive", "policyNames", _inline, "put", "delete"),
        _exclusive(kind, "PolicyAttachmentsExclusive", "policyArns", _attached, "attach", "detach"),
    )
)
