"""What is missing, unknown or does not go together, and what is right."""

import pytest

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

PARTITIONS = ["aws", "aws-cn", "aws-us-gov", "aws-eusc"]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({}, "identities: is missing: a mapping of IAM names to identities"),
        (
            stack(ci={"kind": "user"}),
            "{ci}.grants: is missing: a list of grants, each with a bucket",
        ),
        (stack(ci={"grants": [grant()]}), "{ci}.kind: is missing: user or role"),
        (stack(ci=user(kind="usr")), "{ci}.kind: 'usr' is not one of user, role"),
        (stack(ci=user(kind="User")), "{ci}.kind: 'User' is not one of user, role"),
        (stack(ci=user(kind=None)), "{ci}.kind: nothing is not one of user, role"),
        (stack(ci=user(kind=["user"])), '{ci}.kind: ["user"] is not one of user, role'),
        (
            stack(ci={"kind": "role", "grants": [grant()]}),
            "{ci}.trust: is missing: which CircleCI jobs may assume the role",
        ),
        (
            stack(ci=role(trust={"projects": ["*"]})),
            (
                "{ci}.trust.organization: is missing: "
                "the CircleCI organization's id (Organization Settings > Overview)"
            ),
        ),
        (
            stack(ci=role(trust={"organization": ORGANIZATION})),
            (
                "{ci}.trust.projects: is missing: "
                "a list of CircleCI project ids (Project Settings > Overview)"
            ),
        ),
        (
            stack(ci=user(grants=[{"access": ["read"]}])),
            "{ci}.grants[0].bucket: is missing: the bucket's name",
        ),
        (
            stack(ci=user(grants=[{"bucket": "acme"}])),
            "{ci}.grants[0].access: is missing, and there are no actions: the grant grants nothing",
        ),
        (
            stack(ci=user()) | {"oidcProvider": "make"},
            "oidcProvider: 'make' is not one of create, existing",
        ),
        (
            with_grant(access=["full"], actions=["s3:GetObjectTagging"]),
            "{ci}.grants[0].access: full gives every action on objects; leave out actions",
        ),
        (
            with_grant(access=["full"], actions=["s3:GetBucketPolicy", "s3:GetBucketTagging"]),
            (
                "{ci}.grants[0].access: full goes with list only; "
                "name s3:GetBucketPolicy, s3:GetBucketTagging in a grant of its own"
            ),
        ),
        (
            with_trust(refs=["refs/heads/main"]),
            (
                "{ci}.trust.refs: 'refs/heads/main' is a ref of every repository; "
                "add the origins that are meant, as [github.com/acme/app]"
            ),
        ),
        (
            with_trust(projects=["*"], projectIdClaim=True),
            (
                "{ci}.trust.projectIdClaim: true with projects: ['*'] would check nothing; "
                "name the projects"
            ),
        ),
        (
            stack(ci=user(), CI=user()),
            "identities.CI: 'CI' and 'ci' are one name to IAM, which ignores case",
        ),
        (
            stack(ci=user(tags={"Team": "a"})) | {"tags": {"team": "b"}},
            (
                "{ci}.tags: together with the stack's tags: "
                "'Team' and 'team' are one key to IAM, which ignores case"
            ),
        ),
        (
            stack(ci=user(tags={f"a{number}": "" for number in range(26)}))
            | {"tags": {f"b{number}": "" for number in range(25)}},
            "{ci}.tags: together with the stack's tags: 51 tags; IAM takes 50",
        ),
    ],
)
def test_what_is_missing_or_does_not_go_together(config: Config, message: str) -> None:
    assert told(config) == [message.replace("{ci}", "identities.ci")]


@pytest.mark.parametrize(
    ("where", "key", "message"),
    [
        ("", "identitys", "is no key here; did you mean identities?"),
        ("", "oidcprovider", "is no key here; did you mean oidcProvider?"),
        ("", "zzz", "is no key here; there are identities, tags, oidcProvider"),
        ("user", "permissionBoundary", "is no key here; did you mean permissionsBoundary?"),
        ("user", "require_tls", "is no key here; did you mean requireTls?"),
        ("user", "maxSessionSeconds", "is no key of this kind; it belongs to kind: role"),
        ("user", "trust", "is no key of this kind; it belongs to kind: role"),
        ("role", "accessKeys", "is no key of this kind; it belongs to kind: user"),
        ("role", "maxSessionSecs", "is no key here; did you mean maxSessionSeconds?"),
        ("grant", "prefix", "is no key here; did you mean prefixes?"),
        ("grant", "kms_key", "is no key here; did you mean kmsKey?"),
        ("grant", "x y", "is no key here; there are bucket, access, actions, prefixes, kmsKey"),
        ("trust", "project", "is no key here; did you mean projects?"),
        (
            "trust",
            "zzz",
            (
                "is no key here; "
                "there are organization, projects, users, origins, refs, projectIdClaim"
            ),
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_nearest_known_one(
    where: str, key: str, message: str
) -> None:
    extra = {key: ["x"]}
    config, path = {
        "": (stack(ci=user()) | extra, ""),
        "user": (stack(ci=user(**extra)), "identities.ci"),
        "role": (stack(ci=role(**extra)), "identities.ci"),
        "grant": (with_grant(**extra), "identities.ci.grants[0]"),
        "trust": (with_trust(**extra), "identities.ci.trust"),
    }[where]
    step = f"['{key}']" if " " in key else f".{key}"
    assert told(config) == [f"{path}{step}: {message}".removeprefix(".")]


@pytest.mark.parametrize("name", ["trust", "grants", "user", "role", "tags", "identities"])
def test_an_identity_may_have_the_name_of_a_key(name: str) -> None:
    wrong = user(acessKeys=["a"], path="x", grants=[grant(bukket="b")])
    assert told({"identities": {name: user()}}) == []
    assert told({"identities": {name: wrong}}) == [
        f"identities.{name}.grants[0].bukket: is no key here; did you mean bucket?",
        f"identities.{name}.path: 'x' is no IAM path: it starts and ends with '/', as /ci/",
        f"identities.{name}.acessKeys: is no key here; did you mean accessKeys?",
    ]


@pytest.mark.parametrize(
    "config",
    [
        {"identities": {}},
        stack(ci=user(accessKeys=[])),
        *(stack(ci=user(accessKeys=labels)) for labels in (["2026-11"], ["a", "b"])),
        *(with_grant(access=words) for words in (["full"], ["list", "full"], ["list"])),
        with_grant(access=["list", "read", "write", "delete"], prefixes=["/", "a b/ÿ/", "a/"]),
        with_grant(access=[], actions=["s3:GetObjectTagging"]),
        *(with_grant(kmsKey=KEY.replace("arn:aws:", f"arn:{one}:")) for one in PARTITIONS),
        with_grant(kmsKey="arn:aws:kms:eu-west-1:111111111111:key/mrk-0a1b"),
        *(
            stack(ci=user(permissionsBoundary=f"arn:{one}:iam::aws:policy/job-function/x"))
            for one in PARTITIONS
        ),
        *(stack(ci=user(path=path)) for path in ("/", "/ci/", f"/{'a' * 510}/")),
        stack(ci=user(sourceIps=["192.0.2.0/24", "192.0.3.7", "2001:db8::/32", "0.0.0.0/0"])),
        stack(ci=user(tags={"k" * 128: "v" * 256, "Ünï 日": "", "a_.:/=+-@": "a aws:"})),
        stack(ci=user(tags={str(number): "" for number in range(25)}))
        | {"tags": {str(number): "" for number in range(50)}},
        *(stack(ci=role(maxSessionSeconds=seconds)) for seconds in (3600, 43200)),
        *(with_trust(projects=projects) for projects in (["*"], [PROJECT, USER])),
        with_trust(users=[USER, PROJECT], origins=["gitlab.acme.com/~me/a.b/c-d_e"]),
        *(
            with_trust(origins=["github.com/acme/app"], refs=[ref])
            for ref in (
                *("refs/*", "refs/heads/*", "refs/tags/v*", "refs/heads/a/b", "refs/pull/1/head"),
                *("refs/heads/vcs-ref-x", "refs/heads/ÿ", "refs/heads/v1.*", "refs/heads/a@b#!,;"),
            )
        ),
        with_trust(projects=[PROJECT], projectIdClaim=True),
        stack(**{"x" * 64: user(), "a_+=,.@-9": role()}),
    ],
)
def test_a_valid_value_is_taken(config: Config) -> None:
    assert told(config) == []


def test_full_beside_actions_on_objects_and_on_the_bucket_says_what_to_do_with_each() -> None:
    config = with_grant(access=["full"], actions=["s3:GetObjectTagging", "s3:GetBucketPolicy"])
    assert told(config) == [
        (
            "identities.ci.grants[0].access: full goes with list only; "
            "name s3:GetBucketPolicy in a grant of its own"
        ),
        "identities.ci.grants[0].access: full gives every action on objects; leave out actions",
    ]


def test_trust_of_a_user_says_nothing_of_what_the_trust_holds() -> None:
    assert told(stack(ci=user(trust=trust(organization="x")))) == [
        "identities.ci.trust: is no key of this kind; it belongs to kind: role"
    ]
