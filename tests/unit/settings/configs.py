"""Valid configs to break, and what ``load`` says to a config."""

from copy import deepcopy
from typing import Any

from components.settings import SettingsError, load, warnings

Config = dict[str, Any]

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
PROJECT = "6f9b2f3c-0000-4000-8000-000000000001"
USER = "0d1c0000-0000-4000-8000-000000000002"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d"


def grant(**changes: object) -> Config:
    return {"bucket": "acme-data", "access": ["read"]} | changes


def user(**changes: object) -> Config:
    return {"kind": "user", "grants": [grant()]} | changes


def trust(**changes: object) -> Config:
    return {"organization": ORGANIZATION, "projects": [PROJECT]} | changes


def role(**changes: object) -> Config:
    return {"kind": "role", "grants": [grant()], "trust": trust()} | changes


def stack(**identities: object) -> Config:
    return {"identities": identities}


def with_grant(**changes: object) -> Config:
    return stack(ci=user(grants=[grant(**changes)]))


def with_trust(**changes: object) -> Config:
    return stack(ci=role(trust=trust(**changes)))


FULL: Config = {
    "identities": {
        "ci": {
            "kind": "user",
            "path": "/ci/",
            "permissionsBoundary": "arn:aws:iam::111111111111:policy/limit",
            "tags": {"team": "web"},
            "requireTls": True,
            "exclusive": True,
            "sourceIps": ["192.0.2.0/24"],
            "accessKeys": ["2026-10", "2026-11"],
            "deliver": [
                {
                    "circleciContext": "deploy",
                    "owner": ORGANIZATION,
                    "variables": {"accessKeyId": "ID", "secretAccessKey": "SECRET"},
                },
                {"ssmParameter": "/ci/key", "kmsKey": KEY},
                {"secretsManager": "ci/key"},
            ],
            "grants": [
                {
                    "bucket": "acme-data",
                    "access": ["list", "read"],
                    "actions": ["s3:GetObjectTagging"],
                    "prefixes": ["builds/", "releases/"],
                    "kmsKey": KEY,
                },
                {"bucket": "acme-site", "access": ["full"]},
            ],
        },
        "deploy": {
            "kind": "role",
            "trust": {
                "organization": ORGANIZATION,
                "projects": [PROJECT],
                "users": [USER],
                "origins": ["github.com/acme/app"],
                "refs": ["refs/heads/main", "refs/tags/v*"],
                "projectIdClaim": True,
            },
            "maxSessionSeconds": 7200,
            "grants": [{"bucket": "acme-site", "access": ["write"]}],
        },
    },
    "tags": {"project": "circleci"},
    "oidcProvider": "create",
    "organizations": [ORGANIZATION],
    "exclusive": True,
}
"""A valid stack that uses every key there is."""


def full() -> Config:
    """A copy to break."""
    return deepcopy(FULL)


def told(config: Config) -> list[str]:
    """The findings of ``load``, as a user reads them; none for a valid config."""
    try:
        load("test", config)
    except SettingsError as error:
        return [str(finding) for finding in error.findings]
    return []


def warned(config: Config) -> list[str]:
    """The warnings about a valid config, as a user reads them."""
    return [str(finding) for finding in warnings(load("test", config))]
