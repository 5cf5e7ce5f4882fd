"""Checks of a role's trust: CircleCI's ids, and where a job's code may come from.

Source: circleci-docs, "OpenID Connect tokens": organization, project and user ids
are UUIDs; a token's subject holds them, the origin and the ref one after the other.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator

from components.settings.rules import list_rule, matches, some_distinct, text_rule

ANY_PROJECT: Final = "*"

WHERE: Final = {
    "organization": "Organization Settings > Overview",
    "project": "Project Settings > Overview",
    "user": "the answer to GET /api/v2/me with the user's token",
}
"""Where CircleCI shows each id."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KINDS: Final = ("heads/", "tags/", "pull/")
_ORIGIN: Final = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)+")
# Of git-check-ref-format's rules those that name characters, and the ends of parts.
_NO_REF: Final = re.compile(r"[\x00-\x20~^:?\[\\\x7f$]|\.\.|//|@\{|/\.|\.lock(/|$)|\.$")
# What both a role's trust policy (AssumeRolePolicyDocument) and its description may hold.
_NOT_IN_IAM: Final = re.compile(r"[^ -~\xa1-\xff]")


def _id_of(whose: str) -> AfterValidator:
    def wrong_id(value: str) -> str | None:
        if _UUID.fullmatch(value) or (whose == "project" and value == ANY_PROJECT):
            return None
        if _UUID.fullmatch(value.lower()):
            return f"has capitals; CircleCI's ids have none: '{value.lower()}'"
        return f"is no UUID, as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; it is in {WHERE[whose]}"

    return text_rule(wrong_id)


def _wrong_origin(origin: str) -> str | None:
    if "://" in origin or origin.endswith(".git"):
        return "is a clone URL; an origin is host and path, as github.com/acme/app"
    if any(part.startswith("vcs-ref") for part in origin.split("/")):
        return "holds a part that starts with vcs-ref, which makes a token's subject ambiguous"
    return matches(_ORIGIN, "an origin, as github.com/acme/app (no wildcard)")(origin)


def _wrong_ref(ref: str) -> str | None:
    if not ref.strip("/*") or ref in ("refs", "refs/"):
        return "is every ref; leave refs out for that"
    if not ref.startswith("refs/"):
        near = f"refs/{ref}" if ref.startswith(KINDS) else f"refs/heads/{ref}"
        right = f"did you mean '{near}'?" if _wrong_ref(near) is None else "as refs/heads/main"
        return f"does not start with refs/; {right}"
    if "*" in ref[:-1]:
        return "holds a * that is not at its end; a ref may end in one *"
    if "vcs-ref" in ref.split("/"):
        return "holds the part vcs-ref, which makes a token's subject ambiguous"
    if ref.endswith("/"):
        return f"ends in '/'; did you mean '{ref}*'?"
    if (strange := _NOT_IN_IAM.search(ref)) is not None and strange[0] > "\x7f":
        return f"holds {strange[0]!a}, which IAM takes in no trust policy; end it in * before that"
    return "is no Git ref, as refs/heads/main" if _NO_REF.search(ref) else None


def _any_alone(projects: Sequence[object]) -> Iterator[str]:
    if ANY_PROJECT in projects and len(projects) > 1:
        yield f"'{ANY_PROJECT}' means every project; leave the others out"


Organization = Annotated[str, _id_of("organization")]
Projects = Annotated[
    tuple[Annotated[str, _id_of("project")], ...], some_distinct, list_rule(_any_alone)
]
Users = Annotated[tuple[Annotated[str, _id_of("user")], ...], some_distinct]
Origins = Annotated[tuple[Annotated[str, text_rule(_wrong_origin)], ...], some_distinct]
Refs = Annotated[tuple[Annotated[str, text_rule(_wrong_ref)], ...], some_distinct]
