"""What is said about a wrong config, to the letter: each message once.

How messages stand together is in ``test_all_at_once``, values of wrong types in ``test_shapes``.
"""

from collections.abc import Callable
from datetime import date
from typing import Any, Final

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
    "trust": ("identities.ci.trust.", lambda keys: with_trust(**keys)),
    "code": ("identities.ci.trust.", lambda keys: with_trust(**CODE | keys)),
}


def without_omitted(config: Any) -> Any:
    if isinstance(config, list):
        return [without_omitted(inner) for inner in config]
    if not isinstance(config, dict):
        return config
    return {key: without_omitted(inner) for key, inner in config.items() if inner is not OMITTED}


def each(values: tuple[Any, ...], message: str) -> list[tuple[Any, str]]:
    """The same message for several values, which stand for ``{}`` in it."""
    return [(value, message.replace("{}", one_of(value))) for value in values]


def one_of(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


def known(*keys: str) -> str:
    return f"is not a known key; known keys: {', '.join(keys)}"


EMPTY = "is empty; list at least one"
WORDS = "is not one of list, read, write, delete, full"
BUCKET = (
    "is not a bucket name: use 3 to 63 characters of a-z, 0-9, '.' and '-', "
    "with a letter or digit at both ends"
)
IDS = "is not a UUID, such as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; see"
IN_ORGANIZATION = f"{IDS} Organization Settings > Overview"
IN_PROJECT = f"{IDS} Project Settings > Overview"
OF_USER = f"{IDS} the answer to GET /api/v2/me with the user's token"
AMBIGUOUS = "which makes a token's subject ambiguous"
BY_DATE = "2026-11-01 00:00:00 +0000 UTC"
SESSION = "{} is out of range; AWS allows 3600 to 43200 (a job may request less)"
TAG_TEXT = "IAM allows letters, digits, spaces and _.:/=+-@"

MESSAGES: dict[tuple[str, str], list[tuple[Any, str]]] = {
    ("stack", "identities"): [(OMITTED, "is missing: a mapping of IAM names to identities")],
    ("stack", "oidcProvider"): [("make", "'make' is not one of create, existing")],
    ("stack", "identitys"): [(1, "is not a known key; did you mean identities?")],
    ("stack", "oidcprovider"): [(1, "is not a known key; did you mean oidcProvider?")],
    ("stack", "zzz"): [(1, known("identities", "tags", "oidcProvider"))],
    ("user", "kind"): [
        (OMITTED, "is missing: user or role"),
        *each(("usr", "User"), "'{}' is not one of user, role"),
        (None, "null is not one of user, role"),
        (["user"], '["user"] is not one of user, role'),
    ],
    ("user", "grants"): [
        (OMITTED, "is missing: a list of grants, each with a bucket"),
        ([], EMPTY),
        ("acme", "'acme' is not a list"),
    ],
    ("user", "path"): [
        *each(
            ("ci", "/ci", "ci/", "", "/c i/", "/日/"),
            "'{}' is not an IAM path: it must start and end with '/', for example /ci/",
        ),
        (f"/{'a' * 511}/", f"'/{'a' * 511}/' is longer than 512 characters"),
        (None, "null is not text"),
    ],
    ("user", "permissionsBoundary"): [
        *each(
            (
                "limit",
                "arn:aws:iam::111111111111:role/limit",
                "arn:aws:iam::1:policy/limit",
                "arn:aws:iam::111111111111:policy/",
                "arn:aws-moon:iam::111111111111:policy/limit",
            ),
            "'{}' is not a policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME",
        ),
        (None, "null is not allowed; omit the key"),
    ],
    ("user", "sourceIps"): [
        ([], EMPTY),
        *(
            ([given], f"'{given}' is an address inside a network; did you mean '{near}'?")
            for given, near in (
                ("192.0.2.1/24", "192.0.2.0/24"),
                ("2001:db8::1/32", "2001:db8::/32"),
                ("fe80::1%eth0", "fe80::1/128"),
            )
        ),
        *each(
            (["office"], [""], ["192.0.2.0/33"], ["192.0.2"], ["%"], ["*"]),
            "'{}' is not a network, such as 192.0.2.0/24 or 2001:db8::/32",
        ),
        (["192.0.2.0/255.255.255.0", "192.0.2.0/24"], "'192.0.2.0/24' is listed 2 times"),
    ],
    ("user", "accessKeys"): [
        (["a", "b", "c"], "3 labels; AWS allows 2 access keys for a user"),
        (["a", "a"], "'a' is listed 2 times"),
        *each(
            ([""], ["a b"], ["a/b"], ["ü"], ["x" * 33]),
            "'{}' is not a label: use 1 to 32 letters, digits, '.', '_' or '-'",
        ),
        ([BY_DATE], f"'{BY_DATE}' is read as a date by YAML; quote it: \"2026-11-01\""),
        ([2026], "2026 is not text; quote it"),
        ([date(2026, 11, 1)], '"2026-11-01" is not text; quote it'),
    ],
    ("user", "requireTls"): [
        ("yes", "'yes' is not true or false"),
        (1, "1 is not true or false"),
    ],
    ("user", "permissionBoundary"): [(1, "is not a known key; did you mean permissionsBoundary?")],
    ("user", "require_tls"): [(1, "is not a known key; did you mean requireTls?")],
    ("user", "maxSessionSeconds"): [(1, "is not a key of this kind; it belongs to kind: role")],
    ("user", "trust"): [
        # What the trust holds is not checked.
        (trust(organization="x"), "is not a key of this kind; it belongs to kind: role"),
    ],
    ("role", "accessKeys"): [(["x"], "is not a key of this kind; it belongs to kind: user")],
    ("role", "maxSessionSecs"): [(1, "is not a known key; did you mean maxSessionSeconds?")],
    ("role", "maxSessionSeconds"): each((0, 899, 900, 3599, 43201, -1, 10**30), SESSION),
    ("role", "trust"): [(OMITTED, "is missing: which CircleCI jobs may assume the role")],
    ("grant", "bucket"): [
        (OMITTED, "is missing: the bucket's name"),
        *each(("Acme", ""), f"'{{}}' {BUCKET}"),
        ("s3://acme/", "'s3://acme/' is not a bucket name; did you mean acme?"),
        (
            "acme-data/builds/",
            (
                "'acme-data/builds/' is not a bucket name; "
                "write bucket: acme-data with prefixes: [builds/]"
            ),
        ),
        (["a" * 80], f'["{"a" * 57}… is not text'),
    ],
    ("grant", "access"): [
        (OMITTED, "is missing, and there are no actions: the grant allows nothing"),
        ([], "is empty, and there are no actions: the grant allows nothing"),
        *each((["raed"], ["READ"], ["*"]), f"'{{}}' {WORDS}"),
        (["read", "list", "read"], "'read' is listed 2 times"),
        (
            ["full", "write", "list", "read"],
            "full already allows every action on objects; remove read, write",
        ),
        ("read", "'read' is not a list; did you mean ['read']?"),
    ],
    ("grant", "actions"): [
        ([], EMPTY),
        (
            ["s3:Get*"],
            (
                "'s3:Get*' is a wildcard; name each action: s3:GetBucketLocation, s3:GetObject, "
                "s3:GetAccelerateConfiguration, s3:GetAnalyticsConfiguration, s3:GetBucketAbac, …"
            ),
        ),
        (
            ["s3:HeadObject"],
            "'s3:HeadObject' is an API call, not an action; it needs s3:GetObject",
        ),
        (["s3:GetObjectAcl", "s3:GetObjectAcl"], "'s3:GetObjectAcl' is listed 2 times"),
    ],
    ("grant", "prefixes"): [
        ([], EMPTY),
        ("", "'' is not a list"),
        (["builds"], "'builds' does not end in '/'; did you mean 'builds/'?"),
        ([""], "'' matches every key; omit prefixes to grant the whole bucket"),
        *(
            (
                [f"b{wild}/"],
                (
                    f"'b{wild}/' contains {wild}; "
                    "a prefix has no wildcards or variables, for example builds/"
                ),
            )
            for wild in "*?$"
        ),
        (["日/"], "'日/' contains '\\u65e5', which IAM does not allow in a policy"),
        (["a\nb/"], "'a\\nb/' contains '\\n', which IAM does not allow in a policy"),
        (["a/", "b/", "a/"], "'a/' is listed 2 times"),
    ],
    ("grant", "kmsKey"): [
        (
            KEY.replace("key/0a1b2c3d", "alias/acme"),
            (
                "'arn:aws:kms:eu-west-1:111111111111:alias/acme' is an alias; "
                "use the ARN of the key, arn:aws:kms:REGION:ACCOUNT:key/ID"
            ),
        ),
        *each(
            (
                "0a1b2c3d",
                KEY.replace("111111111111", "1"),
                KEY.replace("arn:aws:", "arn:aws-moon:"),
                KEY.replace("eu-west-1", "*"),
                KEY + "*",
                KEY + "\n",
            ),
            "'{}' is not a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
        ),
        (None, "null is not allowed; omit the key"),
    ],
    ("grant", "prefix"): [(["x"], "is not a known key; did you mean prefixes?")],
    ("grant", "kms_key"): [(KEY, "is not a known key; did you mean kmsKey?")],
    ("grant", "x y"): [(1, known("bucket", "access", "actions", "prefixes", "kmsKey"))],
    ("trust", "organization"): [
        (
            OMITTED,
            "is missing: the CircleCI organization's id (Organization Settings > Overview)",
        ),
        *each(
            ("acme", "*", ORGANIZATION.replace("-", ""), "?" * 8 + ORGANIZATION[8:]),
            f"'{{}}' {IN_ORGANIZATION}",
        ),
        (
            ORGANIZATION.upper(),
            (
                f"'{ORGANIZATION.upper()}' has uppercase letters; "
                f"CircleCI's ids are lowercase: '{ORGANIZATION}'"
            ),
        ),
    ],
    ("trust", "projects"): [
        (OMITTED, "is missing: a list of CircleCI project ids (Project Settings > Overview)"),
        ([], EMPTY),
        *each(
            (["app"], ["**"], [f"{PROJECT}*"], [f"{PROJECT}/user/{USER}"]), f"'{{}}' {IN_PROJECT}"
        ),
        ([PROJECT, PROJECT], f"'{PROJECT}' is listed 2 times"),
        (["*", PROJECT], "'*' means every project; remove the others"),
        (
            "*",
            (
                "'*' is not a list; list the ids (Project Settings > Overview), "
                "or use ['*'] for every project of the organization"
            ),
        ),
    ],
    ("trust", "users"): [
        ([], EMPTY),
        ("*", "'*' is not a list"),
        *each((["*"], ["gooduser"]), f"'{{}}' {OF_USER}"),
        ([USER, USER], f"'{USER}' is listed 2 times"),
    ],
    ("trust", "origins"): [
        ([], EMPTY),
        *each(
            (["https://github.com/acme/app"], ["github.com/acme/app.git"]),
            "'{}' is a clone URL; an origin is host and path, such as github.com/acme/app",
        ),
        *each(
            (
                *(["github.com/acme/*"], ["github.com/acme/ap?"]),
                *(["github.com/${aws:username}/app"], ["github.com"], ["github.com//app"]),
                *(["/acme/app"], ["github.com/acme/"], [""]),
            ),
            "'{}' is not an origin, such as github.com/acme/app (no wildcards)",
        ),
        *each(
            (["github.com/acme/vcs-ref"], ["vcs-ref/a"], ["github.com/vcs-refs/app"]),
            f"'{{}}' contains a part that starts with vcs-ref, {AMBIGUOUS}",
        ),
        (
            ["github.com/acme/app", "github.com/acme/app"],
            "'github.com/acme/app' is listed 2 times",
        ),
    ],
    ("trust", "refs"): [
        (
            ["refs/heads/main"],
            (
                "'refs/heads/main' may exist in any repository; "
                "add the allowed origins, such as [github.com/acme/app]"
            ),
        ),
    ],
    ("code", "refs"): [
        ([], EMPTY),
        *(
            ([given], f"'{given}' does not start with refs/; did you mean '{near}'?")
            for given, near in (
                ("main", "refs/heads/main"),
                ("tags/v1", "refs/tags/v1"),
                ("heads/main", "refs/heads/main"),
                ("pull/1/head", "refs/pull/1/head"),
            )
        ),
        # What would be refused in its turn is not suggested.
        *each(
            (["a/*/b"], ["heads/"], ["a b"], ["/refs/heads/main"]),
            "'{}' does not start with refs/; use a name such as refs/heads/main",
        ),
        # Nor is the widest ref.
        *each(
            (["*"], ["**"], [""], ["/"], ["/*"], ["refs"], ["refs/"]),
            "'{}' matches every ref; omit refs for that",
        ),
        *each(
            (["refs/heads/*/x"], ["refs/heads/**"]),
            "'{}' contains a * that is not at its end; a ref may end in one *",
        ),
        *each(
            (["refs/heads/vcs-ref/x"], ["refs/heads/vcs-ref"]),
            f"'{{}}' contains the part vcs-ref, {AMBIGUOUS}",
        ),
        (["refs/heads/"], "'refs/heads/' ends in '/'; did you mean 'refs/heads/*'?"),
        *(
            (
                [f"refs/heads/{name}"],
                (
                    f"'refs/heads/{shown}' contains '{char}', which IAM does not allow "
                    "in a trust policy; end the ref in * before it"
                ),
            )
            for name, shown, char in (("日*", "日*", "\\u65e5"), ("\x85", "\\x85", "\\x85"))
        ),
        *(
            (
                [f"refs/heads/{name}"],
                f"'refs/heads/{name}' is not a Git ref, such as refs/heads/main",
            )
            for name in (
                *("a b", "a~1", "a^", "a:b", "a?", "a[b", "a\\b", "a..b", "a//b", "a@{1}", "a."),
                *(".a", "a/.b", "a.lock", "a.lock/b", "${aws:username}", "a\x00"),
            )
        ),
        (["refs/heads/a", "refs/heads/a"], "'refs/heads/a' is listed 2 times"),
    ],
    ("trust", "project"): [(["x"], "is not a known key; did you mean projects?")],
    ("trust", "zzz"): [
        (1, known("organization", "projects", "users", "origins", "refs", "projectIdClaim"))
    ],
}


@pytest.mark.parametrize(
    ("place", "key", "value", "message"),
    [(*where, *row) for where, rows in MESSAGES.items() for row in rows],
)
def test_a_value(place: str, key: str, value: Any, message: str) -> None:
    path, config = PLACES[place]
    step = f"{path.removesuffix('.')}['{key}']" if " " in key else f"{path}{key}"
    message = message.replace("\n", "\\n").replace("\x00", "\\x00")
    assert told(without_omitted(config({key: value}))) == [f"{step}: {message}"]


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
                f"['x\\r']: {known('identities', 'tags', 'oidcProvider')}",
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
    assert told(config) == [finding.replace("{grant}", at) for finding in findings]


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
