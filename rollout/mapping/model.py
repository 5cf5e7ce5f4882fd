"""The access review as values: who may do what, from the stacks' files."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol, TypeVar

from components.aws.limits import Kind
from components.settings.stack_file import SourceLines
from rollout.choosing.git import Commit
from rollout.result import Report

LETTERS: Final = {"list": "l", "read": "r", "write": "w", "delete": "d", "full": "F"}
"""A letter for each access word."""
ONLY_PREFIXES: Final = "/"
CONDITIONED: Final = "*"
LEGEND: Final = (
    f"{', '.join(f'{letter} {word}' for word, letter in LETTERS.items())}, +n other actions, "
    f"{ONLY_PREFIXES} only below prefixes, {CONDITIONED} under conditions"
)
UNKNOWN: Final = "unknown"
UNCOMMITTED: Final = "in no commit yet"


class _OfBucket(Protocol):
    @property
    def bucket(self) -> str: ...


_Some = TypeVar("_Some", bound=_OfBucket)


def by_bucket(some: Iterable[_Some]) -> dict[str, list[_Some]]:
    """Return grants, permissions or rights by their bucket."""
    found: dict[str, list[_Some]] = {}
    for one in some:
        found.setdefault(one.bucket, []).append(one)
    return found


@dataclass(frozen=True)
class Right:
    """One action of an identity below one prefix of a bucket; with a `key`, on that KMS key.

    `word` is the access word that gives it; none if the action is named itself, or is of KMS.
    """

    bucket: str
    prefix: str
    action: str
    word: str | None
    key: str | None
    conditions: tuple[str, ...]
    source: SourceLines


@dataclass(frozen=True)
class Cell:
    """What an identity may do in one bucket: `words` and `others` for a glance, and `statements`.

    The statements are those of the policy, in words; those for KMS keys too.
    """

    bucket: str
    words: tuple[str, ...]
    others: tuple[str, ...]
    prefixes: tuple[str, ...]
    conditions: tuple[str, ...]
    keys: tuple[str, ...]
    statements: tuple[str, ...]
    sources: tuple[SourceLines, ...]

    @property
    def letters(self) -> str:
        """As `lrw+2/*`, which `LEGEND` explains."""
        others = f"+{len(self.others)}" if self.others else ""
        marks = ONLY_PREFIXES * bool(self.prefixes) + CONDITIONED * bool(self.conditions)
        return "".join(LETTERS[word] for word in self.words) + others + marks


@dataclass(frozen=True)
class Row:
    """One identity of one stack; `trust` is empty for a user, `access_keys` are labels."""

    stack: str
    account: str
    name: str
    kind: Kind
    cells: tuple[Cell, ...]
    rights: tuple[Right, ...]
    via: str
    trust: Mapping[str, tuple[str, ...]]
    access_keys: tuple[str, ...]
    boundary: str | None
    tags: Mapping[str, str]
    source: SourceLines


class Concern(Enum):
    """What deserves a look, the most pressing first."""

    ANY_PROJECT = "any project"
    FULL = "full access"
    OPEN_REFS = "open refs"
    WHOLE_BUCKET = "writes without a prefix"
    DELETE = "delete"
    TWO_KEYS = "two access keys"
    NO_BOUNDARY = "no permissions boundary"
    WARNING = "warnings"


@dataclass(frozen=True)
class Remark:
    """Something that deserves a look; `bucket` is empty where it is about the whole identity."""

    concern: Concern
    stack: str
    identity: str
    bucket: str
    text: str
    source: SourceLines


@dataclass(frozen=True)
class Since:
    """What changed since a commit: per stack, with the commits that changed its files."""

    ref: str
    base: Commit
    report: Report
    commits: Mapping[str, tuple[Commit, ...]] = field(default_factory=dict)
    uncommitted: tuple[str, ...] = ()
    """Files with changes that are in no commit."""


@dataclass(frozen=True)
class OnAws:
    """What AWS says of the identities of one account.

    `beside` are users, and roles that CircleCI may assume, that no stack names.
    """

    account: str
    report: Report
    beside: tuple[str, ...] = ()
    error: str | None = None


@dataclass(frozen=True)
class Review:
    """All of it; `errors` are the stacks whose files can't be used, with all that is wrong."""

    rows: tuple[Row, ...]
    remarks: tuple[Remark, ...]
    stacks: tuple[str, ...]
    errors: Mapping[str, str]
    notes: tuple[str, ...]
    made: str
    commit: Commit | None = None
    history: Mapping[SourceLines, Commit | None] = field(default_factory=dict)
    """The commit that changed each identity and grant last; empty if nobody asked."""
    since: Since | None = None
    deployed: tuple[OnAws, ...] | None = None

    def changed(self, source: SourceLines) -> str:
        """Return since when and by which commit it is so; empty if that is not known."""
        if source not in self.history:
            return ""
        commit = self.history[source]
        return UNCOMMITTED if commit is None else f"{commit.day} {commit.id}"

    @property
    def buckets(self) -> tuple[str, ...]:
        return tuple(sorted({cell.bucket for row in self.rows for cell in row.cells}))

    @property
    def accounts(self) -> dict[str, list[Row]]:
        """The rows by account."""
        found: dict[str, list[Row]] = {}
        for row in sorted(self.rows, key=lambda one: (one.account, one.stack, one.name)):
            found.setdefault(row.account, []).append(row)
        return found

    @property
    def concerns(self) -> dict[Concern, list[Remark]]:
        """The remarks by what they are about, the most pressing first."""
        return {
            concern: found
            for concern in Concern
            if (found := [one for one in self.remarks if one.concern is concern])
        }


def identities(count: int) -> str:
    return f"{count:,} {'identity' if count == 1 else 'identities'}"


def counted(found: Mapping[Concern, Sequence[Remark]]) -> str:
    """Return `full access: 2, delete: 1`."""
    counts = Counter({concern.value: len(some) for concern, some in found.items()})
    return ", ".join(f"{word}: {count}" for word, count in counts.items())
