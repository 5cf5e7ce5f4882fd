"""Every rule for a single value: a config that breaks it, and exactly what is said."""

import pytest

from tests.unit.settings.configs import (
    KEY,
    role,
    stack,
    told,
    user,
    with_grant,
)

GRANT = "identities.ci.grants[0]"
NAMES = "it takes 3 to 63 characters of a-z, 0-9, '.' and '-', a letter or digit at both ends"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("bucket", "Acme", f"'Acme' is no bucket name: {NAMES}"),
        ("bucket", "", f"'' is no bucket name: {NAMES}"),
        ("bucket", "s3://acme/", "'s3://acme/' is not a bucket's name; did you mean acme?"),
        (
            "bucket",
            "acme-data/builds/",
            (
                "'acme-data/builds/' is not a bucket's name; "
                "write bucket: acme-data with prefixes: [builds/]"
            ),
        ),
        ("access", [], "is empty, and there are no actions: the grant grants nothing"),
        ("access", ["raed"], "'raed' is not one of list, read, write, delete, full"),
        ("access", ["READ"], "'READ' is not one of list, read, write, delete, full"),
        ("access", ["*"], "'*' is not one of list, read, write, delete, full"),
        ("access", ["read", "list", "read"], "'read' stands there 2 times"),
        (
            "access",
            ["full", "write", "list", "read"],
            "full gives every action on objects; leave out read, write",
        ),
        ("actions", [], "is empty; name at least one"),
        (
            "actions",
            ["s3:Get*"],
            (
                "'s3:Get*' is a wildcard; name each action: s3:GetBucketLocation, s3:GetObject, "
                "s3:GetAccelerateConfiguration, s3:GetAnalyticsConfiguration, s3:GetBucketAbac, …"
            ),
        ),
        (
            "actions",
            ["s3:HeadObject"],
            "'s3:HeadObject' is an API call, no action; it needs s3:GetObject",
        ),
        (
            "actions",
            ["s3:GetObjectAcl", "s3:GetObjectAcl"],
            "'s3:GetObjectAcl' stands there 2 times",
        ),
        ("prefixes", [], "is empty; name at least one"),
        ("prefixes", ["builds"], "'builds' does not end in '/'; did you mean 'builds/'?"),
        (
            "prefixes",
            [""],
            "'' is the beginning of every key; leave prefixes out for the whole bucket",
        ),
        *(
            (
                "prefixes",
                [f"b{wild}/"],
                (
                    f"'b{wild}/' holds {wild}; "
                    "a prefix is the plain beginning of keys up to a '/', as builds/"
                ),
            )
            for wild in "*?$"
        ),
        ("prefixes", ["日/"], "'日/' holds '\\u65e5', which IAM takes in no policy"),
        ("prefixes", ["a\nb/"], "'a\\nb/' holds '\\n', which IAM takes in no policy"),
        ("prefixes", ["a/", "b/", "a/"], "'a/' stands there 2 times"),
        (
            "kmsKey",
            "arn:aws:kms:eu-west-1:111111111111:alias/acme",
            (
                "'arn:aws:kms:eu-west-1:111111111111:alias/acme' is an alias; "
                "a policy names the key itself, arn:aws:kms:REGION:ACCOUNT:key/ID"
            ),
        ),
        *(
            (
                "kmsKey",
                key,
                f"'{key}' is not a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
            )
            for key in (
                "0a1b2c3d",
                KEY.replace("111111111111", "1"),
                KEY.replace("arn:aws:", "arn:aws-moon:"),
                KEY.replace("eu-west-1", "*"),
                KEY + "*",
                KEY + "\n",
            )
        ),
    ],
)
def test_a_wrong_value_in_a_grant(key: str, value: object, message: str) -> None:
    if isinstance(value, str):
        message = message.replace("\n", "\\n")
    assert told(with_grant(**{key: value})) == [f"{GRANT}.{key}: {message}"]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("grants", [], "is empty; name at least one"),
        *(
            ("path", path, f"'{path}' is no IAM path: it starts and ends with '/', as /ci/")
            for path in ("ci", "/ci", "ci/", "", "/c i/", "/日/")
        ),
        ("path", f"/{'a' * 511}/", f"'/{'a' * 511}/' is longer than 512 characters"),
        *(
            (
                "permissionsBoundary",
                arn,
                f"'{arn}' is not a policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME",
            )
            for arn in (
                "limit",
                "arn:aws:iam::111111111111:role/limit",
                "arn:aws:iam::1:policy/limit",
                "arn:aws:iam::111111111111:policy/",
                "arn:aws-moon:iam::111111111111:policy/limit",
            )
        ),
        (
            "sourceIps",
            ["192.0.2.1/24"],
            "'192.0.2.1/24' is an address inside a network; did you mean '192.0.2.0/24'?",
        ),
        (
            "sourceIps",
            ["2001:db8::1/32"],
            "'2001:db8::1/32' is an address inside a network; did you mean '2001:db8::/32'?",
        ),
        (
            "sourceIps",
            ["fe80::1%eth0"],
            "'fe80::1%eth0' is an address inside a network; did you mean 'fe80::1/128'?",
        ),
        *(
            (
                "sourceIps",
                [text],
                f"'{text}' is no network, as 192.0.2.0/24 or 2001:db8::/32",
            )
            for text in ("office", "", "192.0.2.0/33", "192.0.2", "%", "*")
        ),
        ("sourceIps", [], "is empty; name at least one"),
        (
            "sourceIps",
            ["192.0.2.0/255.255.255.0", "192.0.2.0/24"],
            "'192.0.2.0/24' stands there 2 times",
        ),
        ("accessKeys", ["a", "b", "c"], "3 labels; AWS allows 2 access keys for a user"),
        ("accessKeys", ["a", "a"], "'a' stands there 2 times"),
        *(
            (
                "accessKeys",
                [label],
                f"'{label}' is not a label: 1 to 32 letters, digits, '.', '_' or '-'",
            )
            for label in ("", "a b", "a/b", "ü", "x" * 33)
        ),
        (
            "accessKeys",
            ["2026-11-01 00:00:00 +0000 UTC"],
            "'2026-11-01 00:00:00 +0000 UTC' is a date to YAML; quote it: \"2026-11-01\"",
        ),
        ("requireTls", "yes", "'yes' is not true or false"),
        ("requireTls", 1, "1 is not true or false"),
    ],
)
def test_a_wrong_value_in_a_user(key: str, value: object, message: str) -> None:
    assert told(stack(ci=user(**{key: value}))) == [f"identities.ci.{key}: {message}"]


@pytest.mark.parametrize("seconds", [0, 899, 900, 3599, 43201, -1, 10**30])
def test_a_session_is_as_long_as_aws_allows_for_a_role(seconds: int) -> None:
    assert told(stack(ci=role(maxSessionSeconds=seconds))) == [
        (
            f"identities.ci.maxSessionSeconds: {seconds} is out of range; "
            "AWS takes 3600 to 43200 (a job may ask for less itself)"
        )
    ]


@pytest.mark.parametrize(
    ("tags", "messages"),
    [
        ({"": "x"}, ["'' has 0 characters; IAM takes 1 to 128 in a key"]),
        (
            {"k" * 129: "x"},
            [f"'{'k' * 129}' has 129 characters; IAM takes 1 to 128 in a key"],
        ),
        ({"k": "v" * 257}, ["'k': a value of 257 characters; IAM takes 256"]),
        ({"aws:k": "x"}, ["'aws:k' starts with aws:, which is reserved"]),
        ({"AWS:k": "x"}, ["'AWS:k' starts with aws:, which is reserved"]),
        ({"k": "Aws:x"}, ["'Aws:x' starts with aws:, which is reserved"]),
        ({"Team": "a", "team": "b"}, ["'team' and 'Team' are one key to IAM, which ignores case"]),
        ({"k": "a,b"}, ["'a,b' holds ','; IAM takes letters, digits, spaces and _.:/=+-@"]),
        ({"k!": "a"}, ["'k!' holds '!'; IAM takes letters, digits, spaces and _.:/=+-@"]),
        ({str(number): "" for number in range(51)}, ["51 tags; IAM takes 50"]),
        (
            {"": "v" * 257, "aws:k": "a,b"},
            [
                "'' has 0 characters; IAM takes 1 to 128 in a key",
                "'': a value of 257 characters; IAM takes 256",
                "'aws:k' starts with aws:, which is reserved",
                "'a,b' holds ','; IAM takes letters, digits, spaces and _.:/=+-@",
            ],
        ),
    ],
)
@pytest.mark.parametrize("whose", ["tags", "identities.ci.tags"])
def test_wrong_tags_of_a_stack_or_an_identity(
    whose: str, tags: dict[str, str], messages: list[str]
) -> None:
    config = stack(ci=user()) | {"tags": tags} if whose == "tags" else stack(ci=user(tags=tags))
    assert told(config) == [f"{whose}: {message}" for message in messages]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a b", "'a b' is no IAM name: it takes letters, digits and _+=,.@-"),
        ("", "'' is no IAM name: it takes letters, digits and _+=,.@-"),
        ("ü", "'ü' is no IAM name: it takes letters, digits and _+=,.@-"),
        ("x" * 65, f"'{'x' * 65}' has 65 characters; IAM takes 64"),
    ],
)
def test_a_wrong_name(name: str, message: str) -> None:
    where = f"identities.{name}" if name == "x" * 65 else f"identities['{name}']"
    assert told({"identities": {name: user()}}) == [f"{where}: {message}"]
