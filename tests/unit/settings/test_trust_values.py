"""Every rule for a role's trust: a config that breaks it, and exactly what is said."""

import pytest

from tests.unit.settings.configs import (
    ORGANIZATION,
    PROJECT,
    USER,
    told,
    with_trust,
)

TRUST = "identities.ci.trust"
UUID = "is no UUID, as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; it is in"
IN_ORGANIZATION = f"{UUID} Organization Settings > Overview"
IN_PROJECT = f"{UUID} Project Settings > Overview"
OF_USER = f"{UUID} the answer to GET /api/v2/me with the user's token"
DOUBLE = "which makes a token's subject ambiguous"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("organization", "acme", f"'acme' {IN_ORGANIZATION}"),
        ("organization", "*", f"'*' {IN_ORGANIZATION}"),
        (
            "organization",
            ORGANIZATION.replace("-", ""),
            f"'{ORGANIZATION.replace('-', '')}' {IN_ORGANIZATION}",
        ),
        (
            "organization",
            "?" * 8 + ORGANIZATION[8:],
            f"'{'?' * 8}{ORGANIZATION[8:]}' {IN_ORGANIZATION}",
        ),
        (
            "organization",
            ORGANIZATION.upper(),
            f"'{ORGANIZATION.upper()}' has capitals; CircleCI's ids have none: '{ORGANIZATION}'",
        ),
        ("projects", [], "is empty; name at least one"),
        ("projects", ["app"], f"'app' {IN_PROJECT}"),
        ("projects", ["**"], f"'**' {IN_PROJECT}"),
        ("projects", [f"{PROJECT}*"], f"'{PROJECT}*' {IN_PROJECT}"),
        ("projects", [f"{PROJECT}/user/{USER}"], f"'{PROJECT}/user/{USER}' {IN_PROJECT}"),
        ("projects", [PROJECT, PROJECT], f"'{PROJECT}' stands there 2 times"),
        ("projects", ["*", PROJECT], "'*' means every project; leave the others out"),
        ("users", [], "is empty; name at least one"),
        ("users", ["*"], f"'*' {OF_USER}"),
        ("users", ["gooduser"], f"'gooduser' {OF_USER}"),
        ("users", [USER, USER], f"'{USER}' stands there 2 times"),
        ("origins", [], "is empty; name at least one"),
        *(
            (
                "origins",
                [url],
                f"'{url}' is a clone URL; an origin is host and path, as github.com/acme/app",
            )
            for url in ("https://github.com/acme/app", "github.com/acme/app.git")
        ),
        *(
            (
                "origins",
                [origin],
                f"'{origin}' is not an origin, as github.com/acme/app (no wildcard)",
            )
            for origin in (
                "github.com/acme/*",
                "github.com/acme/ap?",
                "github.com/${aws:username}/app",
                "github.com",
                "github.com//app",
                "/acme/app",
                "github.com/acme/",
                "",
            )
        ),
        *(
            ("origins", [origin], f"'{origin}' holds a part that starts with vcs-ref, {DOUBLE}")
            for origin in ("github.com/acme/vcs-ref", "vcs-ref/a", "github.com/vcs-refs/app")
        ),
        (
            "origins",
            ["github.com/acme/app", "github.com/acme/app"],
            "'github.com/acme/app' stands there 2 times",
        ),
    ],
)
def test_a_wrong_value_in_a_trust(key: str, value: object, message: str) -> None:
    assert told(with_trust(**{key: value})) == [f"{TRUST}.{key}: {message}"]


@pytest.mark.parametrize(
    ("refs", "message"),
    [
        ([], "is empty; name at least one"),
        (["main"], "'main' does not start with refs/; did you mean 'refs/heads/main'?"),
        (["tags/v1"], "'tags/v1' does not start with refs/; did you mean 'refs/tags/v1'?"),
        (["heads/main"], "'heads/main' does not start with refs/; did you mean 'refs/heads/main'?"),
        (
            ["pull/1/head"],
            "'pull/1/head' does not start with refs/; did you mean 'refs/pull/1/head'?",
        ),
        # What would be refused in its turn is not suggested.
        *(
            ([ref], f"'{ref}' does not start with refs/; as refs/heads/main")
            for ref in ("a/*/b", "heads/", "a b", "/refs/heads/main")
        ),
        # Nor is the widest there is.
        *(
            ([ref], f"'{ref}' is every ref; leave refs out for that")
            for ref in ("*", "**", "", "/", "/*", "refs", "refs/")
        ),
        (["refs/heads/*/x"], "'refs/heads/*/x' holds a * that is not at its end; {one}"),
        (["refs/heads/**"], "'refs/heads/**' holds a * that is not at its end; {one}"),
        (["refs/heads/vcs-ref/x"], "'refs/heads/vcs-ref/x' holds the part vcs-ref, {double}"),
        (["refs/heads/vcs-ref"], "'refs/heads/vcs-ref' holds the part vcs-ref, {double}"),
        (["refs/heads/"], "'refs/heads/' ends in '/'; did you mean 'refs/heads/*'?"),
        (["refs/heads/日*"], "'refs/heads/日*' holds '\\u65e5', which IAM takes {strange}"),
        (["refs/heads/\x85"], "'refs/heads/\\x85' holds '\\x85', which IAM takes {strange}"),
        *(
            ([f"refs/heads/{name}"], f"'refs/heads/{name}' is no Git ref, as refs/heads/main")
            for name in (
                *("a b", "a~1", "a^", "a:b", "a?", "a[b", "a\\b", "a..b", "a//b", "a@{1}", "a."),
                *(".a", "a/.b", "a.lock", "a.lock/b", "${aws:username}"),
            )
        ),
        (["refs/heads/a\x00"], "'refs/heads/a\\x00' is no Git ref, as refs/heads/main"),
        (["refs/heads/a", "refs/heads/a"], "'refs/heads/a' stands there 2 times"),
    ],
)
def test_a_wrong_ref(refs: list[str], message: str) -> None:
    said = message.replace("{one}", "a ref may end in one *").replace("{double}", DOUBLE)
    said = said.replace("{strange}", "in no trust policy; end it in * before that")
    config = with_trust(origins=["github.com/acme/app"], refs=refs)
    assert told(config) == [f"{TRUST}.refs: {said}"]
