"""The jobs of one CircleCI organization that a role's trust policy lets in, tried one by one.

The evaluator of `can` decides. Conditions on what no token says are assumed to hold where they
allow, and not to hold where they deny; what gets in only by that is not sure.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Final

from components.circleci.claims import claims_of, token_request
from components.circleci.crafted import Wanted, refuses_two_refs, said_together
from components.circleci.subject import PROJECT_CLAIM, Job, issuer
from components.iam.conditions import NULL, Condition
from components.iam.decide import decide_trust, web_identity
from components.iam.document import ANYONE, Effect, PolicyDocument, Statement, document
from components.policy.trust import provider_arn
from rollout.deployed.model import DeployedAccount, DeployedProvider

_CIRCLECI: Final = issuer("")
_PROVIDER: Final = ":oidc-provider/"
_WILD: Final = "StringLike"
_MOST: Final = 1_000
"""Combinations of values, one of each condition on the subject, that are tried."""
_EXACT: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase"})


def organizations(account: DeployedAccount, statements: Iterable[Statement]) -> list[str]:
    """The CircleCI organizations whose tokens may meet a statement that allows."""
    urls: set[str] = set()
    for one in statements:
        if one.effect is Effect.ALLOW:
            urls |= {value.partition(_PROVIDER)[2] for _, value in one.principals}
            if ANYONE in one.principals:
                urls |= {provider.url for provider in account.providers}
                urls |= {test.key.partition(":")[0] for test in one.conditions}
    return sorted(url.removeprefix(_CIRCLECI) for url in urls if url.startswith(_CIRCLECI))


@dataclass(frozen=True)
class Token:
    """A token to try; `sure` if no unknown condition decides on it."""

    job: Job
    audience: str
    sure: bool


@dataclass(frozen=True)
class Admitted:
    """A role's trust policy as the jobs of one organization meet it."""

    account: DeployedAccount
    organization: str
    trust: PolicyDocument
    statements: tuple[Statement, ...]

    @cached_property
    def provider(self) -> DeployedProvider | None:
        """The account's provider of the organization."""
        url = issuer(self.organization)
        return next((one for one in self.account.providers if one.url == url), None)

    @cached_property
    def admitting(self) -> list[Statement]:
        """The statements that allow a token of the organization if it meets their conditions."""
        account = self.account
        arn = provider_arn(account.partition, account.id, self.organization)

        def alone(one: Statement) -> PolicyDocument:
            others = tuple(filter(self._is_of_another, one.conditions))
            return document([replace(one, conditions=others)])

        return [
            one
            for one in self.statements
            if one.effect is Effect.ALLOW
            and decide_trust(alone(one), web_identity(arn, {})).allowed
        ]

    @cached_property
    def unknown(self) -> list[Condition]:
        """Conditions on what no token says."""
        tests = (test for one in self.statements for test in one.conditions)
        return list(dict.fromkeys(test for test in tests if not self._is_known(test)))

    def _is_known(self, test: Condition) -> bool:
        own = f"{issuer(self.organization)}:".lower()
        if test.folded_key.startswith(own):
            return test.folded_key.removeprefix(own) in {"aud", "sub", PROJECT_CLAIM}
        return self._is_of_another(test)

    def _is_of_another(self, test: Condition) -> bool:
        """Whether the key is of another provider; no token of this one has it."""
        url = test.folded_key.partition(":")[0]
        return "." in url and url != issuer(self.organization).lower()

    def _is_of(self, test: Condition, claim: str) -> bool:
        """Whether a condition says what a claim must be."""
        return (
            test.folded_key == f"{issuer(self.organization)}:{claim}".lower()
            and not test.operator.negated
            and test.operator.test != NULL
        )

    def values(self, claim: str) -> list[str]:
        """The values that the statements allow a claim to have."""
        return [
            value
            for one in self.admitting
            for test in one.conditions
            if self._is_of(test, claim)
            for value in test.values
        ]

    def subjects(self, statement: Statement) -> list[list[Wanted]]:
        """The values of each condition that a subject must match."""
        own = [_wanted(test) for test in statement.conditions if self._is_of(test, "sub")]
        return [*filter(None, own), *self._demanded]

    @cached_property
    def _demanded(self) -> list[list[Wanted]]:
        """What a subject must match, or it is denied."""
        sub = f"{issuer(self.organization)}:sub".lower()
        alone = [
            one.conditions[0]
            for one in self.statements
            if one.effect is Effect.DENY and len(one.conditions) == 1
        ]
        return [
            found
            for test in alone
            if test.folded_key == sub and test.operator.negated and (found := _wanted(test))
        ]

    @cached_property
    def wanted(self) -> list[Wanted]:
        """All values of the conditions on the subject."""
        found = (one for each in self.admitting for tests in self.subjects(each) for one in tests)
        return list(dict.fromkeys(found))

    @cached_property
    def audiences(self) -> list[str]:
        """The organization, which CircleCI's own tokens name, then what the provider also takes."""
        also = self.provider.audiences if self.provider else ()
        return list(dict.fromkeys([self.organization, *also]))

    def takes(self, audience: str) -> bool:
        """Whether the account's provider takes an audience; yes if there is no provider yet."""
        return self.provider is None or audience in self.provider.audiences

    def means(self, job: Job) -> bool:
        """Whether a statement says each part of the job's subject."""
        return any(
            all(any(one.means(job) for one in tests) for tests in self.subjects(each))
            for each in self.admitting
        )

    def first(
        self, meets: Callable[[Job], bool], audiences: Iterable[str] | None = None
    ) -> Token | None:
        """The first job that is let in; a sure one and an accepted audience come first."""
        tried = self.audiences if audiences is None else audiences
        found = [
            token
            for audience in sorted(tried, key=lambda one: not self.takes(one))
            for token in self._admitted(audience)
            if meets(token.job)
        ]
        return min(found, key=lambda token: not token.sure, default=None)

    def _admitted(self, audience: str) -> list[Token]:
        if audience not in self._tried:
            self._tried[audience] = [
                Token(job, audience, self._lets_in(job, audience, self.trust))
                for job in self._jobs
                if self._lets_in(job, audience, self._relaxed)
            ]
        return self._tried[audience]

    @cached_property
    def _tried(self) -> dict[str, list[Token]]:
        return {}

    @cached_property
    def _jobs(self) -> list[Job]:
        """Jobs to try, the shortest subject first.

        Raises:
            ValueError: there are too many.
        """
        anything = Wanted("*", wild=True)
        jobs = {*anything.jobs(self.organization, anything.parts)}
        for each in self.admitting:
            subjects = self.subjects(each)
            if prod(map(len, subjects)) > _MOST:
                raise ValueError(f"its subjects can be combined in more than {_MOST:,} ways")
            for together in filter(None, product(*subjects)):
                parts = said_together(one.parts for one in together)
                jobs |= {job for one in together for job in one.jobs(self.organization, parts)}
        return sorted(jobs, key=lambda job: (len(job.subject), job.subject))

    def _lets_in(self, job: Job, audience: str, policy: PolicyDocument) -> bool:
        claims = claims_of(self.organization, job.subject, audience)
        request = token_request(claims, self.account.partition, self.account.id)
        return decide_trust(policy, request).allowed

    @cached_property
    def _relaxed(self) -> PolicyDocument:
        kept: list[Statement] = []
        for one in self.statements:
            known = tuple(test for test in one.conditions if self._is_known(test))
            if one.effect is Effect.ALLOW or known == one.conditions:
                kept.append(replace(one, conditions=known))
        return document(kept)

    def doubts(self) -> Iterator[str]:
        """For each statement that may let in other jobs: the values that may do so."""
        sub = f"{issuer(self.organization)}:sub".lower()
        tested = any(
            len(self.subjects(one)) > 1 if one in self.admitting else one.effect is Effect.DENY
            for one in self.statements
            if any(test.folded_key == sub for test in one.conditions)
        )
        if tested and self.admitting and self.first(lambda _: True) is None:
            yield "what all conditions on the subject leave open"
        for one in self.admitting:
            excluded = (
                value
                for test in one.conditions
                if test.folded_key == sub and test.operator.negated and test.operator.test == _WILD
                for value in test.values
            )
            no_two_refs = any(map(refuses_two_refs, excluded))
            doubtful = [
                [
                    value.text
                    for value in tests
                    if value.is_open_to(self.organization)
                    and not value.is_sure(refuses_two_refs=no_two_refs)
                ]
                for tests in self.subjects(one)
            ]
            if any(self._is_of(test, PROJECT_CLAIM) for test in one.conditions):
                doubtful.append([])
            if found := min(doubtful, key=len, default=["a subject that no condition names"]):
                yield " or ".join(found)


def _wanted(test: Condition) -> list[Wanted]:
    """The values that a condition compares, if it compares texts."""
    compares = test.operator.test in {_WILD, *_EXACT}
    wild = test.operator.test == _WILD
    return [Wanted(value, wild=wild) for value in test.values] if compares else []
