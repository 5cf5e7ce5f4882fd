"""An identity that exists as settings of the config, or the reasons why the config can't say it.

Pure: what an account has goes in. Nothing is guessed: the documents of the settings must allow
exactly what the policies that are there allow, by the evaluator, and so the trust.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from components.aws import limits
from components.aws.partitions import account_of_arn, partition_of_arn
from components.iam.cover import reduced
from components.iam.difference import difference
from components.iam.document import PolicyDocument, PolicyError, size
from components.iam.rules import Rule, rules
from components.policy.layout import INLINE_NAME, documents_of
from components.policy.trust import provider_arn, trust_document
from components.settings.findings import SettingsError
from components.settings.load import load
from components.settings.model import Role, User
from rollout.access.sentences import change_lines
from rollout.access.trust_sentences import trust_lines
from rollout.adopting.grants import RulesAsGrants, UnsayableError, is_met
from rollout.adopting.trust import jobs, trust_config
from rollout.deployed.model import Deployed, DeployedRole, DeployedUser


@dataclass(frozen=True)
class Obstacle:
    """Why an identity can't be adopted; `place` and `statement` say where, if it is a statement."""

    text: str
    place: str = ""
    statement: object = None


@dataclass(frozen=True)
class Candidate:
    """An identity of the account, with its config if there are no reasons against it."""

    deployed: Deployed
    config: Mapping[str, Any] = field(default_factory=dict)
    settings: User | Role | None = None
    documents: Mapping[str, PolicyDocument] = field(default_factory=dict)
    """Those of the settings, by the names that their policies will have."""
    reasons: tuple[Obstacle, ...] = ()

    @property
    def name(self) -> str:
        """Its name in IAM and in the config."""
        return self.deployed.name

    @property
    def kind(self) -> limits.Kind:
        """User or role."""
        return self.deployed.KIND

    @property
    def trust(self) -> PolicyDocument | None:
        """The trust policy of a role's settings."""
        return _trust_document(self.deployed, self.settings)


def candidate(deployed: Deployed) -> Candidate:
    """Express an identity as config."""
    policies, reasons = _policies(deployed)
    reasons += _beside(deployed)
    held, statements = _rules(policies)
    access, said = _access(held, statements, partition_of_arn(deployed.arn))
    trust, of_trust = _trust(deployed)
    reasons += [*said, *of_trust]
    if not access.get("grants") and not reasons:
        reasons.append(
            Obstacle("its policies allow nothing, so there is nothing to write as grants")
        )
    if reasons:
        return Candidate(deployed, reasons=tuple(reasons))
    config = _config(deployed, access, trust)
    try:
        settings = load("", {"identities": {deployed.name: config}}).identities[deployed.name]
        documents = documents_of("", deployed.name, settings, partition_of_arn(deployed.arn))
    except SettingsError as error:
        prefix = f"identities.{deployed.name}."
        told = (f"{one}".removeprefix(prefix) for one in error.findings)
        return Candidate(deployed, config, reasons=tuple(map(Obstacle, told)))
    reasons += _proof(deployed, held, settings, documents)
    reasons += _room(deployed, documents)
    return Candidate(deployed, config, settings, documents, tuple(reasons))


def _policies(deployed: Deployed) -> tuple[dict[str, PolicyDocument], list[Obstacle]]:
    known = {arn: one for arn, one in deployed.attached.items() if one is not None}
    unread = [
        Obstacle(f"the attached policy {arn} can't be read")
        for arn, one in deployed.attached.items()
        if one is None
    ]
    return {**deployed.inline, **known}, unread


def _beside(deployed: Deployed) -> Iterator[Obstacle]:
    """What gives access beside the identity's own policies."""
    if isinstance(deployed, DeployedRole):
        return
    for group in deployed.groups:
        yield Obstacle(
            f"it is in the group {group}, whose policies count for it too; the config has no "
            "groups: give it what it needs of them, and remove it from the group"
        )
    if deployed.has_console_password:
        yield Obstacle(
            "it has a console password (a login profile), which a CircleCI job does not need: "
            "delete it; a person's user is not one to adopt"
        )


@dataclass(frozen=True)
class _Ruled:
    """A statement and its rules."""

    place: str
    statement: object
    rules: frozenset[Rule] = frozenset()
    error: str | None = None


def _rules(policies: Mapping[str, PolicyDocument]) -> tuple[frozenset[Rule], list[_Ruled]]:
    """Return all rules that can be met, reduced, and which statement has which."""
    found = [
        _ruled(f"{name}, statement {number}", document, statement)
        for name, document in policies.items()
        for number, statement in enumerate(_statements(document), 1)
    ]
    return reduced(rule for one in found for rule in one.rules), found


def _statements(document: PolicyDocument) -> Iterable[object]:
    statements = document.get("Statement")
    return statements if isinstance(statements, list) else [statements]


def _ruled(place: str, document: PolicyDocument, statement: object) -> _Ruled:
    try:
        found = rules({place: {**document, "Statement": [statement]}})
    except PolicyError as error:
        text = str(error).removeprefix(f"{place}: ").replace("Statement[0]", "the statement")
        return _Ruled(place, statement, error=text)
    return _Ruled(place, statement, frozenset(filter(is_met, found)))


def _access(
    held: frozenset[Rule], statements: Iterable[_Ruled], partition: str
) -> tuple[dict[str, Any], list[Obstacle]]:
    """Return the grants, and what restricts them, as the config has them."""
    found, reasons = RulesAsGrants(partition), []
    for one in statements:
        texts = [one.error] if one.error else []
        for rule in sorted(one.rules & held, key=lambda some: some.order):
            try:
                found.take(rule)
            except UnsayableError as error:
                texts.append(str(error))
        reasons += [Obstacle(text, one.place, one.statement) for text in dict.fromkeys(texts)]
    try:
        return found.config(), reasons
    except UnsayableError as error:
        return {}, [*reasons, Obstacle(str(error))]


def _trust(deployed: Deployed) -> tuple[dict[str, Any], list[Obstacle]]:
    if isinstance(deployed, DeployedUser):
        return {}, []
    try:
        return {"trust": trust_config(jobs(deployed.trust))}, []
    except (PolicyError, UnsayableError) as error:
        return {}, [_of_trust(deployed, str(error))]


def _of_trust(role: DeployedRole, text: str) -> Obstacle:
    statements = [*_statements(role.trust)]
    return Obstacle(text, "trust policy", statements[0] if len(statements) == 1 else statements)


def _config(
    deployed: Deployed, access: Mapping[str, Any], trust: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the identity as the config has it; what has its default is left out."""
    seconds = deployed.max_session_seconds if isinstance(deployed, DeployedRole) else None
    given = {
        "kind": deployed.KIND,
        **trust,
        "maxSessionSeconds": None if seconds == limits.SESSION_SECONDS[0] else seconds,
        **access,
        "path": None if deployed.path == "/" else deployed.path,
        "permissionsBoundary": deployed.boundary,
        "tags": dict(sorted(deployed.tags.items())),
    }
    return {key: value for key, value in given.items() if value}


def _proof(
    deployed: Deployed,
    held: frozenset[Rule],
    settings: User | Role,
    documents: Mapping[str, PolicyDocument],
) -> Iterator[Obstacle]:
    """What the settings would allow more or less than the policies that are there."""
    for line in change_lines(difference(held, rules(documents))):
        yield Obstacle(f"as grants it {line.text}")
    trust = _trust_document(deployed, settings)
    if isinstance(deployed, DeployedRole) and trust is not None:
        before, after = jobs(deployed.trust), jobs(trust)
        for line in trust_lines(before, after, difference(before, after)):
            yield _of_trust(deployed, f"as the config's {line.text}")


def _trust_document(deployed: Deployed, settings: User | Role | None) -> PolicyDocument | None:
    if not isinstance(settings, Role):
        return None
    partition, account = partition_of_arn(deployed.arn), account_of_arn(deployed.arn)
    return trust_document(
        settings.trust, provider_arn(partition, account, settings.trust.organization)
    )


def _room(deployed: Deployed, documents: Mapping[str, PolicyDocument]) -> Iterator[Obstacle]:
    """Whether the new policies fit beside the old ones: `up` makes them before it removes those."""
    kind = deployed.KIND
    inline = sum(map(size, ({**deployed.inline, **_inline(documents)}).values()))
    if inline > (most := limits.INLINE[kind]):
        yield Obstacle(
            f"its inline policies and the new one have {inline:,} characters together, and IAM "
            f"allows a {kind} {most:,}; they are there together for a moment, so that access is "
            "never gone: first move the old ones to a managed policy and attach it"
        )
    attached = len(deployed.attached) + len(documents) - len(_inline(documents))
    if attached > limits.ATTACHED:
        yield Obstacle(
            f"its attached policies and the new ones are {attached}, and IAM allows "
            f"{limits.ATTACHED}; they are there together for a moment: first merge some"
        )


def _inline(documents: Mapping[str, PolicyDocument]) -> dict[str, PolicyDocument]:
    return {name: one for name, one in documents.items() if name == INLINE_NAME}
