"""Rules for values, as annotated types. Each message has the value and the correction.

The patterns are those of the IAM API reference (CreateUser, CreateRole).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BeforeValidator, ValidatorFunctionWrapHandler, WrapValidator

from components.aws import limits
from components.aws.actions import ACCESS, Target, action
from components.aws.bucket_names import wrong_name
from components.aws.partitions import DNS_SUFFIXES
from components.settings.findings import shown
from components.settings.together import check_together

_NAME: Final = re.compile(r"[A-Za-z0-9_+=,.@-]+")
_PATH: Final = re.compile(r"/|/[!-~]+/")
_LABEL: Final = re.compile(r"[A-Za-z0-9._-]{1,32}")
_PARTITION: Final = f"(?:{'|'.join(DNS_SUFFIXES)})"
_POLICY_ARN: Final = re.compile(rf"arn:{_PARTITION}:iam::(?:\d{{12}}|aws):policy/[!-~]+")
_KEY_ARN: Final = re.compile(rf"arn:{_PARTITION}:kms:[a-z0-9-]+:\d{{12}}:key/[A-Za-z0-9-]+")
_PARAMETER: Final = re.compile(r"(?:/[A-Za-z0-9_.-]+){1,15}")
_SECRET: Final = re.compile(r"[A-Za-z0-9/_+=.@-]{1,512}")
_CONTEXT: Final = re.compile(r"\S(?:.*\S)?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d .*UTC")


def text_rule(check: Callable[[str], str | None]) -> AfterValidator:
    """A validator from a check that returns what is wrong with a value, or None."""

    def validate(value: str) -> str:
        if (message := check(value)) is not None:
            raise ValueError(f"'{value}' {message}")
        return value

    return AfterValidator(validate)


def shaped(pattern: re.Pattern[str], right: str) -> Callable[[str], str | None]:
    """A check that a whole text matches; ``right`` describes a valid text."""
    return lambda value: None if pattern.fullmatch(value) else f"is not {right}"


def list_rule(*checks: Callable[[Sequence[object]], Iterator[str]]) -> WrapValidator:
    """A validator of a whole list, from checks that return what is wrong with it.

    The checks also run if items are wrong, so they accept items of any type.
    """

    def messages(values: object) -> Iterator[str]:
        if isinstance(values, list | tuple):
            yield from (message for check in checks for message in check(values))

    return _whole_rule(messages)


def _whole_rule(check: Callable[[object], Iterator[str]]) -> WrapValidator:
    def validate(value: object, handler: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 - the result of the handler
        return check_together(value, handler, lambda whole: (((), text) for text in check(whole)))

    return WrapValidator(validate)


def wrong_identity_name(name: str) -> str | None:
    """Why IAM does not allow this name for a user or role, or None."""
    if not _NAME.fullmatch(name):
        return "is not an IAM name: use letters, digits and _+=,.@-"
    if len(name) > limits.NAME:
        return f"has {len(name)} characters; IAM allows {limits.NAME}"
    return None


def _kind(kind: object) -> object:
    if kind not in ("user", "role"):
        raise ValueError(f"{shown(kind)} is not one of user, role")
    return kind


def _given(value: object) -> object:
    """Refuse null: an optional key is omitted if it has no value."""
    if value is None:
        raise ValueError("null is not allowed; omit the key")
    return value


def _wrong_path(path: str) -> str | None:
    if not _PATH.fullmatch(path):
        return "is not an IAM path: it must start and end with '/', for example /ci/"
    return None if len(path) <= limits.PATH else f"is longer than {limits.PATH} characters"


def _wrong_prefix(prefix: str) -> str | None:
    if not prefix:
        return "matches every key; omit prefixes to grant the whole bucket"
    if (wild := next((sign for sign in "*?$" if sign in prefix), None)) is not None:
        return f"contains {wild}; a prefix has no wildcards or variables, for example builds/"
    # The pattern of PutUserPolicy's PolicyDocument, without its control characters.
    if (strange := next((c for c in prefix if not (" " <= c <= "\xff")), None)) is not None:
        return f"contains {strange!a}, which IAM does not allow in a policy"
    if not prefix.endswith("/"):
        return f"does not end in '/'; did you mean '{prefix}/'?"
    return None


def _wrong_key(key: str) -> str | None:
    if ":alias/" in key:
        return "is an alias; use the ARN of the key, arn:aws:kms:REGION:ACCOUNT:key/ID"
    return shaped(_KEY_ARN, "a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID")(key)


def _wrong_label(label: str) -> str | None:
    if _DATE.fullmatch(label):
        return f'is read as a date by YAML; quote it: "{label.partition(" ")[0]}"'
    return shaped(_LABEL, "a label: use 1 to 32 letters, digits, '.', '_' or '-'")(label)


def _wrong_parameter(name: str) -> str | None:
    """Why SSM's PutParameter does not allow a name, or None."""
    if re.match(r"/(aws|ssm)", name, re.IGNORECASE):
        return "starts with /aws or /ssm, which AWS keeps for itself"
    return shaped(_PARAMETER, "a parameter's name with a path, such as /ci/deploy")(name)


def _network(text: str) -> str:
    try:
        return str(ip_network(text)) if "%" not in text else _no_network(text)
    except ValueError:
        return _no_network(text)


def _no_network(text: str) -> str:
    try:
        near = ip_network(text.partition("%")[0], strict=False)
    except ValueError:
        raise ValueError(
            f"'{text}' is not a network, such as 192.0.2.0/24 or 2001:db8::/32"
        ) from None
    raise ValueError(f"'{text}' is an address inside a network; did you mean '{near}'?")


def _action(name: str) -> str:
    return action(name).name


def distinct(values: Sequence[object]) -> Iterator[str]:
    for text, count in Counter(value for value in values if isinstance(value, str)).items():
        if count > 1:
            yield f"'{text}' is listed {count} times"


def _not_empty(values: Sequence[object]) -> Iterator[str]:
    if not values:
        yield "is empty; list at least one"


def _full_with_list_only(words: Sequence[object]) -> Iterator[str]:
    others = [word for word in ACCESS if word in words and word not in ("full", "list")]
    if "full" in words and others:
        yield f"full already allows every action on objects; remove {', '.join(others)}"


def beside_full(actions: object) -> Iterator[str]:
    """Why a grant with ``access: [full]`` can't have these actions. Each may be wrong itself."""
    if not actions:
        return
    names = actions if isinstance(actions, list | tuple) else ()
    on_bucket = [name for name in names if isinstance(name, str) and _acts_on_bucket(name)]
    if on_bucket:
        names_there = ", ".join(on_bucket)
        yield f"full can be combined only with list; move {names_there} to a separate grant"
    if not on_bucket or len(on_bucket) < len(names):
        yield "full already allows every action on objects; remove actions"


def _acts_on_bucket(name: str) -> bool:
    try:
        return action(name).target is Target.BUCKET
    except ValueError:
        return False


def _distinct_labels(keys: Sequence[object]) -> Iterator[str]:
    """Find labels that are listed twice, in keys that may be wrong themselves."""
    yield from distinct(
        [
            key.get("label") if isinstance(key, Mapping) else getattr(key, "label", key)
            for key in keys
        ]
    )


def _at_most_two(labels: Sequence[object]) -> Iterator[str]:
    if len(labels) > limits.ACCESS_KEYS:
        yield f"{len(labels)} labels; AWS allows {limits.ACCESS_KEYS} access keys for a user"


def wrong_tags(tags: object) -> Iterator[str]:
    """Why IAM does not allow these tags; keys and values that are not text are ignored.

    IAM User Guide, "Rules for tagging in IAM and AWS STS".
    """
    if not isinstance(tags, Mapping):
        return
    if len(tags) > limits.TAGS:
        yield f"{len(tags)} tags; IAM allows {limits.TAGS}"
    seen: dict[str, str] = {}
    for key, value in tags.items():
        if isinstance(key, str):
            yield from _wrong_tag_key(key)
            if (other := seen.setdefault(key.lower(), key)) != key:
                yield f"'{key}' and '{other}' are the same key to IAM, which ignores case"
        if isinstance(value, str):
            yield from _wrong_tag_value(str(key), value)


def _wrong_tag_key(key: str) -> Iterator[str]:
    if not 1 <= len(key) <= limits.TAG_KEY:
        yield f"'{key}' has {len(key)} characters; IAM allows 1 to {limits.TAG_KEY} in a tag key"
    yield from _wrong_tag_text(key)


def _wrong_tag_value(key: str, value: str) -> Iterator[str]:
    if len(value) > limits.TAG_VALUE:
        yield f"'{key}': the value has {len(value)} characters; IAM allows {limits.TAG_VALUE}"
    yield from _wrong_tag_text(value)


def _wrong_tag_text(text: str) -> Iterator[str]:
    if text.lower().startswith("aws:"):
        yield f"'{text}' starts with aws:, which is reserved"
    if (strange := next((char for char in text if not _is_allowed_in_tag(char)), None)) is not None:
        yield f"'{text}' contains {strange!a}; IAM allows letters, digits, spaces and _.:/=+-@"


def _is_allowed_in_tag(char: str) -> bool:
    return char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN"


one_or_more = list_rule(_not_empty)
some_distinct = list_rule(_not_empty, distinct)
kind = BeforeValidator(_kind)
given = BeforeValidator(_given)

BucketName = Annotated[str, text_rule(wrong_name)]
Prefix = Annotated[str, text_rule(_wrong_prefix)]
Prefixes = Annotated[tuple[Prefix, ...], some_distinct]
Word = Literal["list", "read", "write", "delete", "full"]
AccessWords = Annotated[tuple[Word, ...], list_rule(distinct, _full_with_list_only)]
ActionName = Annotated[str, AfterValidator(_action)]
ActionNames = Annotated[tuple[ActionName, ...], some_distinct]
KmsKeyArn = Annotated[str, text_rule(_wrong_key)]
IamPath = Annotated[str, text_rule(_wrong_path)]
PolicyArn = Annotated[
    str, text_rule(shaped(_POLICY_ARN, "a policy's ARN, arn:aws:iam::ACCOUNT:policy/NAME"))
]
Label = Annotated[str, text_rule(_wrong_label)]
ContextName = Annotated[
    str,
    text_rule(
        shaped(_CONTEXT, "a context's id or name: it is empty, or starts or ends with a space")
    ),
]
SecretName = Annotated[
    str, text_rule(shaped(_SECRET, "a secret's name: use letters, digits and /_+=.@-"))
]
ParameterName = Annotated[str, text_rule(_wrong_parameter)]
VariableName = Annotated[
    str, text_rule(shaped(_VARIABLE, "a variable's name: use letters, digits and _"))
]
labels_of_keys = list_rule(_distinct_labels, _at_most_two)
SourceIps = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], some_distinct]
Tags = Annotated[dict[str, str], _whole_rule(wrong_tags)]
