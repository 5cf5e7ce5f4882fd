"""What `init` asks, and the config that the answers make. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from components.aws.actions import ACCESS
from components.aws.limits import Kind
from components.settings.findings import Finding, path_of, shown
from components.settings.load import NAMESPACE, decoded
from components.settings.trust_rules import WHERE
from rollout.writing.file import IDENTITIES

Answer = str | tuple[str, ...]
Answers = Mapping[str, Answer]
"""By the questions' names."""

REGION: Final = "aws:region"
ACCOUNTS: Final = "aws:allowedAccountIds"
PROVIDER: Final = f"{NAMESPACE}:oidcProvider"
UNNAMED: Final = "unnamed"
"""The identity's name until it has one: it is asked for last, when names can be compared."""


@dataclass(frozen=True)
class Question:
    """A question, which the option of its name answers.

    `path` is where the answer is: in the identity, or a key of the stack's config. The answer is
    one text, `some` texts, or `any` number of them. `kind`: it is asked only for identities of it.
    """

    name: str
    path: str
    text: str
    number: Literal["one", "some", "any"] = "one"
    kind: Kind | None = None

    @property
    def option(self) -> str:
        return f"--{self.name}"

    @property
    def is_list(self) -> bool:
        return self.number != "one"

    @property
    def is_optional(self) -> bool:
        return self.number == "any" or self.path == PROVIDER

    @property
    def is_of_stack(self) -> bool:
        return ":" in self.path

    def concerns(self, answers: Answers) -> bool:
        """Say whether it is asked, after these answers; all are until the kind is known."""
        if self.name == "ref" and not answers.get("origin", "unknown"):
            return False
        return self.kind in (None, answers.get("kind", self.kind))


_ORGANIZATION: Final = f"CircleCI organization id, from {WHERE['organization']}"
_PROJECTS: Final = f"CircleCI project ids, from {WHERE['project']}"
_ORIGINS: Final = "Repositories of its jobs, such as github.com/acme/site"
_REFS: Final = "Branches and tags of its jobs, such as refs/heads/main"
_PROVIDER: Final = "OIDC provider: existing, or create, in one stack of the account"
QUESTIONS: Final = (
    Question("region", REGION, "AWS region"),
    Question("account", ACCOUNTS, "AWS account id"),
    Question("kind", "kind", "Kind: role, without a secret, or user, with access keys"),
    Question("organization", "trust.organization", _ORGANIZATION, kind="role"),
    Question("project", "trust.projects", _PROJECTS, "some", "role"),
    Question("origin", "trust.origins", _ORIGINS, "any", "role"),
    Question("ref", "trust.refs", _REFS, "any", "role"),
    Question("bucket", "grants[0].bucket", "Bucket"),
    Question("prefix", "grants[0].prefixes", "Prefixes in the bucket, such as builds/", "any"),
    Question("access", "grants[0].access", f"Access: {', '.join(ACCESS)}", "some"),
    Question("access-key", "accessKeys", "Access keys, a label for each", "any", "user"),
    Question("oidc-provider", PROVIDER, _PROVIDER, kind="role"),
    Question("name", "", "Its name in IAM"),
)
NAMED: Final = {one.name: one for one in QUESTIONS}

HEAD: Final = "# Which CircleCI jobs may do what in S3. docs/configuration.md has every key.\n"
COMMENTS: Final = {
    ACCOUNTS: "The account of this stack. The provider refuses to work in any other account.",
    PROVIDER: "In one stack of each account; the other stacks look the provider up.",
    "organization": f"CircleCI: {WHERE['organization']}",
    "projects": f"CircleCI: {WHERE['project']}",
    "origins": "Only jobs on code of these repositories",
    "refs": "Only jobs on these branches and tags; a ref may end in *",
    "access": f"Of {', '.join(ACCESS)}",
    "accessKeys": "A key for each label, at most two; the last one is the current key",
    "exclusive": "Take away policies that somebody adds beside these; docs/access.md has more",
}


def place(answers: Answers) -> dict[str, Any]:
    """Return the keys of the stack, without its identities."""
    account = answers.get("account")
    values = {
        REGION: answers.get("region"),
        ACCOUNTS: None if account is None else [account],
        PROVIDER: answers.get("oidc-provider"),
    }
    return _given(values)


def identity(answers: Answers) -> dict[str, Any]:
    """Return the identity as the config has it; what is not answered is left out."""
    given = {key: list(one) if isinstance(one, tuple) else one for key, one in answers.items()}
    trust = {
        "organization": given.get("organization"),
        "projects": given.get("project"),
        "origins": given.get("origin"),
        "refs": given.get("ref"),
    }
    grant = {
        "bucket": given.get("bucket"),
        "access": given.get("access"),
        "prefixes": given.get("prefix"),
    }
    values = {
        "kind": given.get("kind"),
        "trust": _given(trust),
        "grants": list(filter(None, [_given(grant)])),
        "accessKeys": given.get("access-key"),
        "exclusive": True,
    }
    return _given(values)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: value for key, value in values.items() if value is not None and value not in ([], {})
    }


def with_answers(config: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    """Return a stack's config with the identity in it, as far as it is answered."""
    there = decoded(config.get(IDENTITIES)) or {}
    name = str(answers.get("name", UNNAMED))
    return {**config, **place(answers), IDENTITIES: {**there, name: identity(answers)}}


def about(question: Question, name: str, findings: tuple[Finding, ...]) -> list[str]:
    """Return what of the findings is wrong with the answer to a question.

    Args:
        question: the question.
        name: the identity's name in the config with the answer.
        findings: what is wrong in that config; much may be missing in it.
    """
    whole = path_of(("identities", name))
    if question.is_of_stack or not question.path:
        path = question.path.removeprefix(f"{NAMESPACE}:") or whole
        return [one.message for one in findings if one.path == path]
    path = f"{whole}.{question.path}"
    return [
        one.message
        for one in findings
        if one.path.startswith(f"{whole}.")
        # Of a part of it, as an item of a list, or of what it is in, as a user's trust.
        and (_is_in(one.path, path) or _is_in(path, one.path))
    ]


def _is_in(path: str, other: str) -> bool:
    return path == other or path.startswith((f"{other}.", f"{other}["))


def contradictions(written: Mapping[str, Any], answers: Answers) -> Iterator[tuple[str, str]]:
    """Find the answers that the stack's file has otherwise already."""
    for key, value in place(answers).items():
        there = decoded(written.get(key))
        known = list(map(str, there)) if isinstance(there, list) else there
        if known not in (None, value):
            (question,) = (one for one in QUESTIONS if one.path == key)
            yield question.option, f"the file has {key} {shown(there)} already; leave it out"
