"""Rules for a role's trust: CircleCI's ids, and the origins and refs of code.

Source: circleci-docs, "OpenID Connect tokens": organization, project and user ids
are UUIDs. A token's subject contains them, followed by the origin and the ref.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Final

from pydantic import AfterValidator

from components.settings.value_rules import distinct, list_rule, shaped, some_distinct, text_rule

ANY_PROJECT: Final = "*"

WHERE: Final = {
    "organization": "Organization Settings > Overview",
    "project": "Project Settings > Overview",
    "user": "the answer to GET /api/v2/me with the user's token",
}
"""Where CircleCI shows each id."""

UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
KINDS: Final = ("heads/", "tags/", "pull/")
_ORIGIN: Final = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)+")
# The rules of git-check-ref-format about characters and the ends of parts.
NO_REF: Final = re.compile(r"[\x00-\x20~^:?\[\\\x7f$]|\.\.|//|@\{|/\.|\.lock(/|$)|\.$")
# Characters that IAM refuses in a trust policy (AssumeRolePolicyDocument) or a description.
_NOT_IN_IAM: Final = re.compile(r"[^ -~\xa1-\xff]")


def _id_of(whose: str) -> AfterValidator:
    def wrong_id(value: str) -> str | None:
        if UUID.fullmatch(value) or (whose == "project" and value == ANY_PROJECT):
            return None
        if UUID.fullmatch(value.lower()):
            return f"has uppercase letters; CircleCI's ids are lowercase: '{value.lower()}'"
        return f"is not a UUID, such as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab; see {WHERE[whose]}"

    return text_rule(wrong_id)


def _wrong_origin(origin: str) -> str | None:
    if "://" in origin or origin.endswith(".git"):
        return "is a clone URL; an origin is host and path, such as github.com/acme/app"
    if any(part.startswith("vcs-ref") for part in origin.split("/")):
        return "contains a part that starts with vcs-ref, which makes a token's subject ambiguous"
    return shaped(_ORIGIN, "an origin, such as github.com/acme/app (no wildcards)")(origin)


def _wrong_ref(ref: str) -> str | None:
    if not ref.strip("/*") or ref in ("refs", "refs/"):
        return "matches every ref; omit refs for that"
    if not ref.startswith("refs/"):
        near = f"refs/{ref}" if ref.startswith(KINDS) else f"refs/heads/{ref}"
        right = (
            f"did you mean '{near}'?"
            if _wrong_ref(near) is None
            else "use a name such as refs/heads/main"
        )
        return f"does not start with refs/; {right}"
    if "*" in ref[:-1]:
        return "contains a * that is not at its end; a ref may end in one *"
    if "vcs-ref" in ref.split("/"):
        return "contains the part vcs-ref, which makes a token's subject ambiguous"
    if ref.endswith("/"):
        return f"ends in '/'; did you mean '{ref}*'?"
    if (strange := _NOT_IN_IAM.search(ref)) is not None and strange[0] > "\x7f":
        return (
            f"contains {strange[0]!a}, which IAM does not allow in a trust policy; "
            "end the ref in * before it"
        )
    return "is not a Git ref, such as refs/heads/main" if NO_REF.search(ref) else None


def _any_alone(projects: Sequence[object]) -> Iterator[str]:
    if ANY_PROJECT in projects and len(projects) > 1:
        yield f"'{ANY_PROJECT}' means every project; remove the others"


Organization = Annotated[str, _id_of("organization")]
Organizations = Annotated[tuple[Organization, ...], list_rule(distinct)]
Projects = Annotated[
    tuple[Annotated[str, _id_of("project")], ...], some_distinct, list_rule(_any_alone)
]
Users = Annotated[tuple[Annotated[str, _id_of("user")], ...], some_distinct]
Origins = Annotated[tuple[Annotated[str, text_rule(_wrong_origin)], ...], some_distinct]
Refs = Annotated[tuple[Annotated[str, text_rule(_wrong_ref)], ...], some_distinct]
