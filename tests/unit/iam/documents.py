"""Policy documents and requests to judge: written short, and drawn so that they often meet."""

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from components.iam.decide import Request

Document = dict[str, Any]
Statement = dict[str, Any]


def document(*statements: Mapping[str, object], version: str | None = "2012-10-17") -> Document:
    found: Document = {"Statement": list(statements)}
    return found if version is None else {"Version": version, **found}


def allow(action: object, resource: object = "*", **condition: object) -> Statement:
    """A statement; a condition's operators by name, with ``__`` for a quantifier's colon."""
    tests = {operator.replace("__", ":"): keys for operator, keys in condition.items()}
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": tests}


def deny(action: object, resource: object = "*", **condition: object) -> Statement:
    return allow(action, resource, **condition) | {"Effect": "Deny"}


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "S3:getobject", "s3:*", "*"])
RESOURCES = st.sampled_from(
    [
        *("arn:aws:s3:::b/*", "arn:aws:s3:::b/x/*", "arn:aws:s3:::b/x/y", "arn:aws:s3:::?/x/y"),
        *("arn:aws:s3:::b/${aws:username}/*", "arn:aws:s3:::*", "*"),
    ]
)
PREFIXES = st.lists(
    st.sampled_from(["x/*", "y/*", "x/1", "", "*", "${aws:username}*"]), min_size=1, max_size=3
)
OPERATORS = st.sampled_from(
    [
        *("StringLike", "StringEquals", "StringNotLike", "StringNotEquals"),
        *("StringLikeIfExists", "StringNotLikeIfExists"),
        *("ForAnyValue:StringLike", "ForAllValues:StringLike"),
        *("ForAnyValue:StringNotLike", "ForAllValues:StringNotEquals"),
    ]
)
IPS = st.lists(st.sampled_from(["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"]), min_size=1, max_size=2)
CONDITIONS = st.one_of(
    st.just({}),
    st.dictionaries(OPERATORS, st.fixed_dictionaries({"s3:prefix": PREFIXES}), max_size=2),
    st.builds(lambda ips: {"IpAddress": {"aws:SourceIp": ips}}, IPS),
    st.builds(lambda ips: {"NotIpAddress": {"aws:SourceIp": ips}}, IPS),
    st.sampled_from([{"Null": {"s3:prefix": "true"}}, {"Bool": {"aws:SecureTransport": False}}]),
)


def statements(*effects: str) -> st.SearchStrategy[Statement]:
    return st.builds(
        lambda effect, action, actions, resource, resources, condition: {
            "Effect": effect,
            action: actions,
            resource: resources,
            "Condition": condition,
        },
        st.sampled_from(effects or ("Allow", "Allow", "Deny")),
        st.sampled_from(["Action", "Action", "NotAction"]),
        st.lists(ACTIONS, min_size=1, max_size=2),
        st.sampled_from(["Resource", "Resource", "NotResource"]),
        st.lists(RESOURCES, min_size=1, max_size=2),
        CONDITIONS,
    )


STATEMENTS = st.lists(statements(), max_size=4)
DOCUMENTS = st.builds(
    lambda some, version: document(*some, version=version),
    STATEMENTS,
    st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]),
)
REQUESTS = st.builds(
    Request,
    st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"]),
    st.sampled_from(
        [
            *("arn:aws:s3:::b/x/y", "arn:aws:s3:::b/x/z", "arn:aws:s3:::b/bob/z"),
            *("arn:aws:s3:::c/x/y", "arn:aws:s3:::b/${aws:username}/z"),
        ]
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "s3:prefix": st.sampled_from(["x/1", "y/1", "", "bob", ["x/1", "y/1"], []]),
            "aws:username": st.sampled_from(["bob", "x"]),
            "aws:SourceIp": st.sampled_from(["10.1.2.3", "10.2.2.3", "192.0.2.1"]),
            "aws:SecureTransport": st.sampled_from(["true", "false"]),
        },
    ),
)
