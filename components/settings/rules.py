"""Checks of single values, as annotated types. Each error names the value and what would be right.

The patterns are those of the IAM API reference (CreateUser, CreateRole, Tag)
and of the design of CircleCI's OIDC tokens (circleci-docs, "OpenID Connect
tokens": organization, project and user ids are UUIDs).
"""

import re
import unicodedata
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator

from components.aws import limits
from components.aws.actions import ACCESS, action
from components.aws.bucket_names import name_fault
from components.aws.partitions import DNS_SUFFIXES

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_PATH: Final = re.compile(r"/|/[!-~]+/")
_LABEL: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTITION: Final = f"(?:{'|'.join(DNS_SUFFIXES)})"
_POLICY_ARN: Final = re.compile(rf"arn:{_PARTITION}:iam::(?:\d{{12}}|aws):policy/[!-~]+")
_KEY_ARN: Final = re.compile(rf"arn:{_PARTITION}:kms:[a-z0-9-]+:\d{{12}}:key/[A-Za-z0-9-]+")
_ORIGIN: Final = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)+")
_NO_REF: Final = re.compile(r"[\x00-\x20~^:?\[\\\x7f$]|\.\.|//|@\{")

ANY_PROJECT: Final = "*"


def _text_rule(check: Callable[[str], str | None]) -> AfterValidator:
    """A validator from a check that answers what is wrong with a value."""

    def validate(value: str) -> str:
        if (fault := check(value)) is not None:
            raise ValueError(f"'{value}' {fault}")
        return value

    return AfterValidator(validate)


def _matches(pattern: re.Pattern[str], right: str) -> Callable[[str], str | None]:
    return lambda value: None if pattern.fullmatch(value) else f"is not {right}"


def name_fault_of_identity(name: str) -> str | None:
    """Why IAM takes no user or role of this name, or None."""
    if not _NAME.fullmatch(name):
        return "is no IAM name: it takes letters, digits and _+=,.@-"
    if len(name) > limits.NAME:
        return f"has {len(name)} characters; IAM takes {limits.NAME}"
    return None


def _path_fault(path: str) -> str | None:
    if not _PATH.fullmatch(path):
        return "is no IAM path: it starts and ends with '/', as /ci/"
    return None if len(path) <= limits.PATH else f"is longer than {limits.PATH} characters"


def _prefix_fault(prefix: str) -> str | None:
    if (wild := next((sign for sign in "*?$" if sign in prefix), None)) is not None:
        return f"holds {wild}; a prefix is the plain beginning of keys, as builds/"
    if not prefix.endswith("/"):
        return f"does not end in '/'; did you mean '{prefix}/'?"
    # The pattern of PutUserPolicy's PolicyDocument, less its control characters.
    if (strange := next((c for c in prefix if not (" " <= c <= "\xff")), None)) is not None:
        return f"holds {strange!r}, which IAM takes in no policy"
    return None


def _key_fault(key: str) -> str | None:
    if ":alias/" in key:
        return "is an alias; a policy names the key itself, arn:aws:kms:REGION:ACCOUNT:key/ID"
    return _matches(_KEY_ARN, "a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID")(key)


def _uuid_fault(value: str) -> str | None:
    if _UUID.fullmatch(value):
        return None
    if _UUID.fullmatch(value.lower()):
        return f"has capitals; CircleCI's ids have none: '{value.lower()}'"
    return "is no UUID, as 1f5ef4a1-7c1e-4a52-9e3f-0123456789ab"


def _project_fault(value: str) -> str | None:
    return None if value == ANY_PROJECT else _uuid_fault(value)


def _origin_fault(origin: str) -> str | None:
    if "://" in origin or origin.endswith(".git"):
        return "is a clone URL; an origin is host and path, as github.com/acme/app"
    if "vcs-ref" in origin.split("/"):
        return "holds the part vcs-ref, which would make a token's subject ambiguous"
    return _matches(_ORIGIN, "an origin, as github.com/acme/app (no wildcard)")(origin)


def _ref_fault(ref: str) -> str | None:
    if not ref.startswith("refs/"):
        return f"does not start with refs/; did you mean 'refs/heads/{ref}'?"
    if "*" in ref[:-1]:
        return "holds a * that is not at its end; a ref may end in one *"
    if "vcs-ref" in ref.split("/"):
        return "holds the part vcs-ref, which would make a token's subject ambiguous"
    return "is no Git ref, as refs/heads/main" if _NO_REF.search(ref) else None


def _network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        near = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"'{text}' is no network, as 192.0.2.0/24 or 2001:db8::/32") from None
    raise ValueError(f"'{text}' is an address inside a network; did you mean '{near}'?")


def _action(name: str) -> str:
    return action(name).name


def _access(words: object) -> object:
    """All words at once, so that each wrong one is named at the list's own path."""
    if isinstance(words, list | tuple):
        wrong = [f"'{word}'" for word in words if word not in ACCESS]
        if wrong:
            verb = "is" if len(wrong) == 1 else "are"
            raise ValueError(f"{', '.join(wrong)} {verb} none of {', '.join(ACCESS)}")
        if "full" in words and not set(words) <= {"full", "list"}:
            others = ", ".join(word for word in words if word not in ("full", "list"))
            raise ValueError(f"full gives every action on objects; leave out {others}")
    return words


def _access_keys(labels: tuple[str, ...]) -> tuple[str, ...]:
    if len(labels) > limits.ACCESS_KEYS:
        raise ValueError(
            f"{len(labels)} labels; AWS allows {limits.ACCESS_KEYS} access keys for a user"
        )
    return labels


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"'{value}' stands there {values.count(value)} times")
    return values


def _not_empty(values: tuple[object, ...]) -> tuple[object, ...]:
    if not values:
        raise ValueError("is empty; name at least one")
    return values


def _projects(projects: tuple[str, ...]) -> tuple[str, ...]:
    if ANY_PROJECT in projects and len(projects) > 1:
        raise ValueError(f"'{ANY_PROJECT}' means every project; leave the others out")
    return projects


def tags_fault(tags: dict[str, str]) -> str | None:
    """Why IAM takes no such tags, or None (IAM User Guide, "Rules for tagging")."""
    if len(tags) > limits.TAGS:
        return f"{len(tags)} tags; IAM takes {limits.TAGS}"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        if not 1 <= len(key) <= limits.TAG_KEY:
            return f"'{key}' has {len(key)} characters; IAM takes 1 to {limits.TAG_KEY} in a key"
        if len(value) > limits.TAG_VALUE:
            return f"'{key}': a value of {len(value)} characters; IAM takes {limits.TAG_VALUE}"
        if key.lower().startswith("aws:"):
            return f"'{key}' starts with aws:, which is reserved"
        if (other := seen.setdefault(key.lower(), key)) != key:
            return f"'{key}' and '{other}' are one key to IAM, which ignores case"
        for text in (key, value):
            if (strange := next((c for c in text if not _in_tags(c)), None)) is not None:
                return f"'{text}' holds {strange!r}; IAM takes letters, digits, spaces, _.:/=+-@"
    return None


def _in_tags(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if (fault := tags_fault(tags)) is not None:
        raise ValueError(fault)
    return tags


_each_once = AfterValidator(_distinct)
one_or_more = AfterValidator(_not_empty)

BucketName = Annotated[str, _text_rule(name_fault)]
Prefix = Annotated[str, _text_rule(_prefix_fault)]
Prefixes = Annotated[tuple[Prefix, ...], _each_once, one_or_more]
Access = Annotated[tuple[str, ...], BeforeValidator(_access), _each_once]
ActionName = Annotated[str, AfterValidator(_action)]
ActionNames = Annotated[tuple[ActionName, ...], _each_once, one_or_more]
KmsKeyArn = Annotated[str, _text_rule(_key_fault)]
IamPath = Annotated[str, _text_rule(_path_fault)]
PolicyArn = Annotated[
    str, _text_rule(_matches(_POLICY_ARN, "a policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME"))
]
Label = Annotated[
    str, _text_rule(_matches(_LABEL, "a label: 1 to 32 letters, digits, '.', '_' or '-'"))
]
AccessKeyLabels = Annotated[tuple[Label, ...], _each_once, AfterValidator(_access_keys)]
Tags = Annotated[dict[str, str], AfterValidator(_tags)]
SourceIps = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], _each_once, one_or_more]
Uuid = Annotated[str, _text_rule(_uuid_fault)]
Uuids = Annotated[tuple[Uuid, ...], _each_once, one_or_more]
Projects = Annotated[
    tuple[Annotated[str, _text_rule(_project_fault)], ...],
    _each_once,
    one_or_more,
    AfterValidator(_projects),
]
Origins = Annotated[tuple[Annotated[str, _text_rule(_origin_fault)], ...], _each_once, one_or_more]
Refs = Annotated[tuple[Annotated[str, _text_rule(_ref_fault)], ...], _each_once, one_or_more]
