"""Strategies for valid identities: few buckets and prefixes, so that grants often meet."""

from typing import Any

from hypothesis import strategies as st

from components.settings import Role, User, load

ORGANIZATION = "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/0a1b2c3d"

_BUCKETS = ["acme-a", "acme-b", "acme-a.logs", "acme"]
_PREFIXES = ["builds/", "builds/app/", "builds-secret/", "b/", "releases/"]
_WORDS = ["list", "read", "write", "delete"]
_ACTIONS = ["s3:GetObjectTagging", "s3:ListBucketVersions", "s3:GetBucketPolicy", "s3:GetObject"]


def _grants() -> st.SearchStrategy[dict[str, Any]]:
    words = st.lists(st.sampled_from(_WORDS), min_size=1, unique=True)
    full = st.sampled_from([["full"], ["list", "full"]])
    by_words = {"bucket": st.sampled_from(_BUCKETS), "access": words | full}
    by_actions = {
        "bucket": st.sampled_from(_BUCKETS),
        "actions": st.lists(st.sampled_from(_ACTIONS), min_size=1, unique=True),
    }
    optional = {
        "prefixes": st.lists(st.sampled_from(_PREFIXES), min_size=1, max_size=3, unique=True),
        "kmsKey": st.just(KEY),
    }
    return st.fixed_dictionaries(by_words, optional=optional) | st.fixed_dictionaries(
        by_actions, optional=optional
    )


def configs(kind: str = "user") -> st.SearchStrategy[dict[str, Any]]:
    """An identity as the config holds it."""
    required: dict[str, st.SearchStrategy[Any]] = {
        "kind": st.just(kind),
        "grants": st.lists(_grants(), min_size=1, max_size=5),
    }
    if kind == "role":
        trust = {"organization": ORGANIZATION, "projects": ["*"]}
        required["trust"] = st.just(trust)
    optional = {
        "requireTls": st.booleans(),
        "sourceIps": st.just(["192.0.2.0/24"]),
    }
    return st.fixed_dictionaries(required, optional=optional)


def identity(config: dict[str, Any]) -> User | Role:
    """The identity that a config describes."""
    return load("test", {"identities": {"ci": config}}).identities["ci"]


def many(kind: str, grants: list[dict[str, Any]], **more: object) -> User | Role:
    """An identity of some kind with the grants."""
    config: dict[str, Any] = {"kind": kind, "grants": grants, **more}
    if kind == "role":
        config["trust"] = {"organization": ORGANIZATION, "projects": ["*"]}
    return identity(config)
