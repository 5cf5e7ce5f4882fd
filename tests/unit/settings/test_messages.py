"""What is said about a wrong config, to the letter: each message once.

How messages stand together is in ``test_all_at_once``, values of wrong types in ``test_shapes``.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final, NamedTuple

import pytest

from components.settings import SettingsError, load
from tests.unit.settings.configs import (
    KEY,
    ORGANIZATION,
    PROJECT,
    USER,
    Config,
    grant,
    role,
    stack,
    told,
    trust,
    user,
    with_grant,
    with_trust,
)

OMITTED: Final = object()
"""In place of a value: the key is left out."""

CODE = {"origins": ["github.com/acme/app"]}
PLACES: dict[str, tuple[str, Callable[[Config], Config]]] = {
    "stack": ("", lambda keys: stack(ci=user()) | keys),
    "user": ("identities.ci.", lambda keys: stack(ci=user(**keys))),
    "role": ("identities.ci.", lambda keys: stack(ci=role(**keys))),
    "grant": ("identities.ci.grants[0].", lambda keys: with_grant(**keys)),
    "key": ("identities.ci.accessKeys[0].", lambda keys: with_keys([{"label": "a"} | keys])),
    "deliver": ("identities.ci.deliver[0].", lambda keys: with_keys(["a"], dict(keys))),
    "context": (
        "identities.ci.deliver[0].",
        lambda keys: with_keys(["a"], {"circleciContext": PROJECT} | keys),
    ),
    "trust": ("identities.ci.trust.", lambda keys: with_trust(**keys)),
    "code": ("identities.ci.trust.", lambda keys: with_trust(**CODE | keys)),
}


def with_keys(keys: list[object], *deliver: Config) -> Config:
    return stack(ci=user(accessKeys=keys, deliver=list(deliver)))


OWNER: Config = {"owner": ORGANIZATION}


def to_context(**names: str) -> Config:
    """What of a user delivers a key to one context, as variables of these names."""
    keys = {"ID": "accessKeyId", "SECRET": "secretAccessKey"}
    variables = {keys[part]: name for part, name in names.items()}
    return {
        "accessKeys": ["a"],
        "deliver": [{"circleciContext": PROJECT, "variables": variables}],
    }


def without_omitted(config: Any) -> Any:
    if isinstance(config, list):
        return [without_omitted(inner) for inner in config]
    if not isinstance(config, dict):
        return config
    return {key: without_omitted(inner) for key, inner in config.items() if inner is not OMITTED}


class Near(NamedTuple):
    """A value, and what {near} stands for: mostly what is suggested in its place."""

    value: str
    near: str


def known(*keys: str) -> str:
    return f"is not a known key; known keys: {', '.join(keys)}"


def meant(key: str) -> str:
    return f"is not a known key; did you mean {key}?"


STACK_KEYS = ("identities", "tags", "oidcProvider", "organizations", "exclusive")
EMPTY = "is empty; list at least one"
TWICE = "'{}' is listed 2 times"
IDS = "'{}' is not a UUID, such as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; see"
AMBIGUOUS = "which makes a token's subject ambiguous"
BY_DATE = "2026-11-01 00:00:00 +0000 UTC"
TAG_TEXT = "IAM allows letters, digits, spaces and _.:/=+-@"

# By place and key, what is said, and of which values. {} stands for the value.
# Behind a key, [] says that each value stands in a list of its own.
MESSAGES: dict[str, dict[str, list[Any]]] = {
    "stack.identities": {"is missing: a mapping of IAM names to identities": [OMITTED]},
    "stack.oidcProvider": {"'{}' is not one of create, existing": ["make"]},
    "stack.identitys": {meant("identities"): [1]},
    "stack.oidcprovider": {meant("oidcProvider"): [1]},
    "stack.zzz": {known(*STACK_KEYS): [1]},
    "stack.organizations": {
        "needs oidcProvider: create; a provider that exists is looked up for the roles": [
            [ORGANIZATION]
        ],
    },
    "user.kind": {
        "is missing: user or role": [OMITTED],
        "'{}' is not one of user, role": ["usr", "User"],
        "null is not one of user, role": [None],
        '["user"] is not one of user, role': [["user"]],
    },
    "user.grants": {
        "is missing: a list of grants, each with a bucket": [OMITTED],
        EMPTY: [[]],
        "'acme' is not a list": ["acme"],
    },
    "user.path": {
        "'{}' is not an IAM path: it must start and end with '/', for example /ci/": [
            *("ci", "/ci", "ci/", "", "/c i/", "/日/"),
        ],
        "'{}' is longer than 512 characters": [f"/{'a' * 511}/"],
        "null is not text": [None],
    },
    "user.permissionsBoundary": {
        "'{}' is not a policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME": [
            *("limit", "arn:aws:iam::111111111111:role/limit", "arn:aws:iam::1:policy/limit"),
            *("arn:aws:iam::111111111111:policy/", "arn:aws-moon:iam::111111111111:policy/limit"),
        ],
        "null is not allowed; omit the key": [None],
    },
    "user.sourceIps": {
        EMPTY: [[]],
        "'192.0.2.0/24' is listed 2 times": [["192.0.2.0/255.255.255.0", "192.0.2.0/24"]],
    },
    "user.sourceIps[]": {
        "'{}' is an address inside a network; did you mean '{near}'?": [
            Near("192.0.2.1/24", "192.0.2.0/24"),
            Near("2001:db8::1/32", "2001:db8::/32"),
            Near("fe80::1%eth0", "fe80::1/128"),
        ],
        "'{}' is not a network, such as 192.0.2.0/24 or 2001:db8::/32": [
            *("office", "", "192.0.2.0/33", "192.0.2", "%", "*"),
        ],
    },
    "user.accessKeys": {
        "3 labels; AWS allows 2 access keys for a user": [["a", "b", "c"]],
        TWICE: [["a", "a"]],
    },
    "key.label": {"is missing": [OMITTED]},
    "key.acitve": {meant("active"): [False]},
    "context.ownr": {meant("owner"): [ORGANIZATION]},
    "deliver.secretsManager": {
        "'{}' is not a secret's name: use letters, digits and /_+=.@-": ["", "a b", "x" * 513],
    },
    "deliver.ssmParameter": {
        "'{}' is not a parameter's name with a path, such as /ci/deploy": ["ci", "/ci/", "/a b"],
        "'{}' starts with /aws or /ssm, which AWS keeps for itself": ["/aws/x", "/SSM"],
    },
    "context.kmsKey": {"is for secretsManager and ssmParameter; CircleCI encrypts contexts": [KEY]},
    "context.variables": {"'{}' is not a mapping": ["A"]},
    "user.accessKeys[]": {
        "'{}' is not a label: use 1 to 32 letters, digits, '.', '_' or '-'": [
            *("", "a b", "a/b", "ü", "x" * 33),
        ],
        "'{}' is read as a date by YAML; quote it: \"2026-11-01\"": [BY_DATE],
        "2026 is not text; quote it": [2026],
        '"2026-11-01" is not text; quote it': [date(2026, 11, 1)],
    },
    "user.requireTls": {"'yes' is not true or false": ["yes"], "1 is not true or false": [1]},
    "user.permissionBoundary": {meant("permissionsBoundary"): [1]},
    "user.require_tls": {meant("requireTls"): [1]},
    "user.maxSessionSeconds": {"is not a key of this kind; it belongs to kind: role": [1]},
    # What the trust holds is not checked.
    "user.trust": {
        "is not a key of this kind; it belongs to kind: role": [trust(organization="x")],
    },
    "role.accessKeys": {"is not a key of this kind; it belongs to kind: user": [["x"]]},
    "role.maxSessionSecs": {meant("maxSessionSeconds"): [1]},
    "role.maxSessionSeconds": {
        "{} is out of range; AWS allows 3600 to 43200 (a job may request less)": [
            *(0, 899, 900, 3599, 43201, -1, 10**30),
        ],
    },
    "role.trust": {"is missing: which CircleCI jobs may assume the role": [OMITTED]},
    "grant.bucket": {
        "is missing: the bucket's name": [OMITTED],
        # Others are in the tests of components/aws.
        "'{}' is not a bucket name; did you mean {near}?": [Near("s3://acme/", "acme")],
        f'["{"a" * 57}… is not text': [["a" * 80]],
    },
    "grant.access": {
        "is missing, and there are no actions: the grant allows nothing": [OMITTED],
        "is empty, and there are no actions: the grant allows nothing": [[]],
        "'read' is listed 2 times": [["read", "list", "read"]],
        "full already allows every action on objects; remove read, write": [
            ["full", "write", "list", "read"],
        ],
        "'read' is not a list; did you mean ['read']?": ["read"],
    },
    "grant.access[]": {
        "'{}' is not one of list, read, write, delete, full": ["raed", "READ", "*"],
    },
    "grant.actions": {EMPTY: [[]], TWICE: [["s3:GetObjectAcl", "s3:GetObjectAcl"]]},
    # Others are in the tests of components/aws.
    "grant.actions[]": {
        "'{}' is an API call, not an action; it needs s3:GetObject": ["s3:HeadObject"],
    },
    "grant.prefixes": {
        EMPTY: [[]],
        "'' is not a list": [""],
        "'a/' is listed 2 times": [["a/", "b/", "a/"]],
    },
    "grant.prefixes[]": {
        "'builds' does not end in '/'; did you mean 'builds/'?": ["builds"],
        "'' matches every key; omit prefixes to grant the whole bucket": [""],
        "'b{near}/' contains {near}; a prefix has no wildcards or variables, for example builds/": [
            Near(f"b{wild}/", wild) for wild in "*?$"
        ],
        "'日/' contains '\\u65e5', which IAM does not allow in a policy": ["日/"],
        "'a\\nb/' contains '\\n', which IAM does not allow in a policy": ["a\nb/"],
    },
    "grant.kmsKey": {
        "'{}' is an alias; use the ARN of the key, arn:aws:kms:REGION:ACCOUNT:key/ID": [
            KEY.replace("key/0a1b2c3d", "alias/acme"),
        ],
        "'{}' is not a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID": [
            *("0a1b2c3d", KEY.replace("111111111111", "1"), KEY + "*", KEY + "\n"),
            *(KEY.replace("arn:aws:", "arn:aws-moon:"), KEY.replace("eu-west-1", "*")),
        ],
        "null is not allowed; omit the key": [None],
    },
    "grant.prefix": {meant("prefixes"): [["x"]]},
    "grant.kms_key": {meant("kmsKey"): [KEY]},
    "grant.x y": {known("bucket", "access", "actions", "prefixes", "kmsKey"): [1]},
    "trust.organization": {
        "is missing: the CircleCI organization's id (Organization Settings > Overview)": [OMITTED],
        f"{IDS} Organization Settings > Overview": [
            *("acme", "*", ORGANIZATION.replace("-", ""), "?" * 8 + ORGANIZATION[8:]),
        ],
        "'{}' has uppercase letters; CircleCI's ids are lowercase: '{near}'": [
            Near(ORGANIZATION.upper(), ORGANIZATION),
        ],
    },
    "trust.projects": {
        "is missing: a list of CircleCI project ids (Project Settings > Overview)": [OMITTED],
        EMPTY: [[]],
        TWICE: [[PROJECT, PROJECT]],
        "'*' means every project; remove the others": [["*", PROJECT]],
        (
            "'*' is not a list; list the ids (Project Settings > Overview), "
            "or use ['*'] for every project of the organization"
        ): ["*"],
    },
    "trust.projects[]": {
        f"{IDS} Project Settings > Overview": [
            *("app", "**", f"{PROJECT}*", f"{PROJECT}/user/{USER}"),
        ],
    },
    "trust.users": {EMPTY: [[]], "'*' is not a list": ["*"], TWICE: [[USER, USER]]},
    "trust.users[]": {
        f"{IDS} the answer to GET /api/v2/me with the user's token": ["*", "gooduser"],
    },
    "trust.origins": {EMPTY: [[]], TWICE: [["github.com/acme/app", "github.com/acme/app"]]},
    "trust.origins[]": {
        "'{}' is a clone URL; an origin is host and path, such as github.com/acme/app": [
            *("https://github.com/acme/app", "github.com/acme/app.git"),
        ],
        "'{}' is not an origin, such as github.com/acme/app (no wildcards)": [
            *("github.com/acme/*", "github.com/acme/ap?", "github.com/${aws:username}/app"),
            *("github.com", "github.com//app", "/acme/app", "github.com/acme/", ""),
        ],
        f"'{{}}' contains a part that starts with vcs-ref, {AMBIGUOUS}": [
            *("github.com/acme/vcs-ref", "vcs-ref/a", "github.com/vcs-refs/app"),
        ],
    },
    "trust.refs[]": {
        (
            "'{}' may exist in any repository; "
            "add the allowed origins, such as [github.com/acme/app]"
        ): ["refs/heads/main"],
    },
    "code.refs": {EMPTY: [[]], TWICE: [["refs/heads/a", "refs/heads/a"]]},
    "code.refs[]": {
        "'{}' does not start with refs/; did you mean '{near}'?": [
            Near("main", "refs/heads/main"),
            *(Near(ref, f"refs/{ref}") for ref in ("tags/v1", "heads/main", "pull/1/head")),
        ],
        # What would be refused in its turn is not suggested, nor is the widest ref.
        "'{}' does not start with refs/; use a name such as refs/heads/main": [
            *("a/*/b", "heads/", "a b", "/refs/heads/main"),
        ],
        "'{}' matches every ref; omit refs for that": ["*", "**", "", "/", "/*", "refs", "refs/"],
        "'{}' contains a * that is not at its end; a ref may end in one *": [
            *("refs/heads/*/x", "refs/heads/**"),
        ],
        f"'{{}}' contains the part vcs-ref, {AMBIGUOUS}": [
            *("refs/heads/vcs-ref/x", "refs/heads/vcs-ref"),
        ],
        "'refs/heads/' ends in '/'; did you mean 'refs/heads/*'?": ["refs/heads/"],
        (
            "'{}' contains '{near}', which IAM does not allow in a trust policy; "
            "end the ref in * before it"
        ): [Near("refs/heads/日*", "\\u65e5"), Near("refs/heads/\x85", "\\x85")],
        "'{}' is not a Git ref, such as refs/heads/main": [
            f"refs/heads/{name}"
            for name in (
                *("a b", "a~1", "a^", "a:b", "a?", "a[b", "a\\b", "a..b", "a//b", "a@{1}", "a."),
                *(".a", "a/.b", "a.lock", "a.lock/b", "${aws:username}", "a\x00"),
            )
        ],
    },
    "trust.project": {meant("projects"): [["x"]]},
    "trust.zzz": {
        known("organization", "projects", "users", "origins", "refs", "projectIdClaim"): [1],
    },
}


@pytest.mark.parametrize(
    ("where", "message", "value"),
    [
        (where, message, value)
        for where, messages in MESSAGES.items()
        for message, values in messages.items()
        for value in values
    ],
)
def test_a_value(where: str, message: str, value: Any) -> None:
    place, key = where.removesuffix("[]").split(".", 1)
    path, config = PLACES[place]
    if isinstance(value, Near):
        message, value = message.replace("{near}", value.near), value.value
    message = message.replace("{}", str(value[0] if isinstance(value, list) and value else value))
    message = message.translate({10: "\\n", 0: "\\x00", 0x85: "\\x85"})
    step = f"{path.removesuffix('.')}['{key}']" if " " in key else f"{path}{key}"
    given = [value] if where.endswith("[]") else value
    assert told(without_omitted(config({key: given}))) == [f"{step}: {message}"]


@pytest.mark.parametrize(
    ("tags", "messages"),
    [
        ({"": "x"}, ["'' has 0 characters; IAM allows 1 to 128 in a tag key"]),
        (
            {"k" * 129: "x"},
            [f"'{'k' * 129}' has 129 characters; IAM allows 1 to 128 in a tag key"],
        ),
        ({"k": "v" * 257}, ["'k': the value has 257 characters; IAM allows 256"]),
        ({"aws:k": "x"}, ["'aws:k' starts with aws:, which is reserved"]),
        ({"AWS:k": "x"}, ["'AWS:k' starts with aws:, which is reserved"]),
        ({"k": "Aws:x"}, ["'Aws:x' starts with aws:, which is reserved"]),
        (
            {"Team": "a", "team": "b"},
            ["'team' and 'Team' are the same key to IAM, which ignores case"],
        ),
        ({"k": "a,b"}, [f"'a,b' contains ','; {TAG_TEXT}"]),
        ({"k!": "a"}, [f"'k!' contains '!'; {TAG_TEXT}"]),
        ({str(number): "" for number in range(51)}, ["51 tags; IAM allows 50"]),
        (
            {"": "v" * 257, "aws:k": "a,b"},
            [
                "'' has 0 characters; IAM allows 1 to 128 in a tag key",
                "'': the value has 257 characters; IAM allows 256",
                "'aws:k' starts with aws:, which is reserved",
                f"'a,b' contains ','; {TAG_TEXT}",
            ],
        ),
    ],
)
@pytest.mark.parametrize("whose", ["tags", "identities.ci.tags"])
def test_tags_of_a_stack_or_an_identity(
    whose: str, tags: dict[str, str], messages: list[str]
) -> None:
    config = stack(ci=user()) | {"tags": tags} if whose == "tags" else stack(ci=user(tags=tags))
    assert told(config) == [f"{whose}: {message}" for message in messages]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        *(
            (name, f"'{name}' is not an IAM name: use letters, digits and _+=,.@-")
            for name in ("a b", "", "ü")
        ),
        ("x" * 65, f"'{'x' * 65}' has 65 characters; IAM allows 64"),
    ],
)
def test_the_name_of_an_identity(name: str, message: str) -> None:
    where = f"identities.{name}" if name == "x" * 65 else f"identities['{name}']"
    assert told({"identities": {name: user()}}) == [f"{where}: {message}"]


def itself() -> Config:
    config: Config = {}
    config["identities"] = config
    return config


def deep() -> Config:
    config: Config = {}
    for _ in range(5_000):
        config = {"identities": config}
    return config


@pytest.mark.parametrize(
    ("config", "findings"),
    [
        (
            with_grant(access=["full"], actions=["s3:GetObjectTagging"]),
            [
                "{grant}.access: full already allows every action on objects; remove actions",
            ],
        ),
        (
            with_grant(access=["full"], actions=["s3:GetBucketPolicy", "s3:GetBucketTagging"]),
            [
                (
                    "{grant}.access: full can be combined only with list; "
                    "move s3:GetBucketPolicy, s3:GetBucketTagging to a separate grant"
                )
            ],
        ),
        (
            with_grant(access=["full"], actions=["s3:GetObjectTagging", "s3:GetBucketPolicy"]),
            [
                (
                    "{grant}.access: full can be combined only with list; "
                    "move s3:GetBucketPolicy to a separate grant"
                ),
                "{grant}.access: full already allows every action on objects; remove actions",
            ],
        ),
        (
            with_trust(projects=["*"], projectIdClaim=True),
            [
                (
                    "identities.ci.trust.projectIdClaim: true with projects: ['*'] would check "
                    "nothing; name the projects"
                )
            ],
        ),
        (
            stack(ci=user(), CI=user()),
            ["identities.CI: 'CI' and 'ci' are the same name to IAM, which ignores case"],
        ),
        (
            stack(ci=user(tags={"Team": "a"})) | {"tags": {"team": "b"}},
            [
                (
                    "identities.ci.tags: together with the stack's tags: "
                    "'Team' and 'team' are the same key to IAM, which ignores case"
                )
            ],
        ),
        (
            stack(ci=user(tags={f"a{number}": "" for number in range(26)}))
            | {"tags": {f"b{number}": "" for number in range(25)}},
            ["identities.ci.tags: together with the stack's tags: 51 tags; IAM allows 50"],
        ),
        (stack(ci=user(tags={"on": True})), ["identities.ci.tags.on: true is not text; quote it"]),
        (
            with_keys([{"label": "a", "active": False}], {"secretsManager": "x"}),
            ["identities.ci.accessKeys: has no active key, and deliver needs one; add a label"],
        ),
        (
            with_keys(["a"], {"circleciContext": "deploy"}, {"circleciContext": PROJECT, **OWNER}),
            [
                (
                    "{deliver}[0].circleciContext: 'deploy' is not a context's id; to find it by "
                    "name, add owner: the organization's id (Organization Settings > Overview)"
                ),
                (
                    f"{{deliver}}[1].circleciContext: '{PROJECT}' is an id, which needs no owner; "
                    "remove owner"
                ),
            ],
        ),
        (
            with_keys(["a"], {"ssmParameter": "/x", "secretsManager": "x"}, {}),
            [
                (
                    "{deliver}[0]: has secretsManager and ssmParameter; name one of "
                    "circleciContext, secretsManager, ssmParameter"
                ),
                (
                    "{deliver}[1]: has no place; name one of "
                    "circleciContext, secretsManager, ssmParameter"
                ),
            ],
        ),
        (
            with_keys(["a"], {"ssmParameter": "/x", **OWNER}),
            ["{deliver}[0].owner: belongs to circleciContext"],
        ),
        (
            stack(ci=user(**to_context(ID="A")), b=user(**to_context())),
            [
                (
                    f"identities.b.deliver[0]: {PROJECT} AWS_SECRET_ACCESS_KEY is written by "
                    "identities.ci.deliver[0] too"
                )
            ],
        ),
        (
            stack(ci=user(**to_context(ID="A", SECRET="A"))),
            ["{deliver}[0].variables.secretAccessKey: 'A' is the name of the access key's id too"],
        ),
        (itself(), ["config: contains itself, or is nested too deeply"]),
        (deep(), ["config: contains itself, or is nested too deeply"]),
        (
            with_grant(bucket="\ud800"),
            ["config: contains '\\ud800', which is not a valid character"],
        ),
        ({"\udfff": 1}, ["config: contains '\\udfff', which is not a valid character"]),
        # A finding is one line, and shows what a terminal would obey.
        (
            {"identities": {"a\n\x1b[31m\u202eb": user()}, "x\r": 1},
            [
                f"['x\\r']: {known(*STACK_KEYS)}",
                (
                    "identities['a\\n\\x1b[31m\\u202eb']: 'a\\n\\x1b[31m\\u202eb' "
                    "is not an IAM name: use letters, digits and _+=,.@-"
                ),
            ],
        ),
    ],
)
def test_a_whole_config(config: Config, findings: list[str]) -> None:
    at = "identities.ci.grants[0]"
    places = {"{grant}": at, "{deliver}": "identities.ci.deliver"}
    for mark, place in places.items():
        findings = [finding.replace(mark, place) for finding in findings]
    assert told(config) == findings


@pytest.mark.parametrize("name", ["trust", "grants", "user", "role", "tags", "identities"])
def test_an_identity_may_have_the_name_of_a_key(name: str) -> None:
    wrong = user(acessKeys=["a"], path=5, grants=[grant(bukket="b")])
    assert told({"identities": {name: user()}}) == []
    assert [line.partition(": ")[0] for line in told({"identities": {name: wrong}})] == [
        f"identities.{name}.grants[0].bukket",
        f"identities.{name}.path",
        f"identities.{name}.acessKeys",
    ]


def test_the_error_names_the_stack_in_every_line() -> None:
    config = stack(ci=user()) | {"oidcProvider": "make", "x": 1}
    with pytest.raises(SettingsError) as caught:
        load("prod.eu", config)
    assert [line.partition(": ")[::2][0] for line in str(caught.value).split("\n")] == [
        "Pulumi.prod.eu.yaml",
        "Pulumi.prod.eu.yaml",
    ]
    assert caught.value.stack == "prod.eu"
