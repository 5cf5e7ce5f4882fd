"""Who calls: the user or the role's session of an access key, and its policies as moto has them."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

from components.iam.decide import parse_all
from components.iam.document import Statement
from sandbox.accounts import DEFAULT_ACCOUNT, NOBODY, RECORDED
from sandbox.authorization.refusal import Refusal

Keys = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class StsSession:
    """What moto does not keep of a session that STS gave."""

    own: bool
    """Whether the sandbox opened it for its own work; no policy limits it."""
    role_id: str | None = None
    """The id of the role, which another role of the same name does not have."""
    policy_arns: tuple[str, ...] = ()
    keys: Keys = field(default_factory=dict)
    """Condition keys that the session has, as `aws:FederatedProvider`."""


@dataclass(frozen=True)
class Policies:
    """The statements that limit a principal; each group that is there must allow a call."""

    identity: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None = None
    session: tuple[Statement, ...] | None = None


@dataclass(frozen=True)
class Principal:
    """A caller that moto knows."""

    access_key: str
    secret: str
    token: str | None
    arn: str
    account: str
    own: bool
    """Whether it is the sandbox itself."""
    expires: datetime | None = None
    entity: Any = None
    """moto's user or role."""
    assumed: Any = None
    """moto's session of the role."""
    session: StsSession = StsSession(own=False)
    partition: str = "aws"

    @property
    def recorded(self) -> bool:
        """Whether its calls are recorded: all but those of the sandbox's own work."""
        return not self.own or self.arn.rpartition("/")[2].startswith(RECORDED)

    @property
    def backend(self) -> Any:  # noqa: ANN401 - moto has no types
        """Moto's IAM of the principal's account."""
        return iam_backends[self.account][self.partition]

    @cached_property
    def keys(self) -> Keys:
        """The condition keys of the principal."""
        found: dict[str, str | tuple[str, ...]] = {"aws:PrincipalAccount": self.account}
        if self.entity is None:
            return found | {"aws:PrincipalArn": self.arn, **self.session.keys}
        user = self.assumed is None
        found["aws:PrincipalArn"] = self.entity.arn
        found["aws:PrincipalType"] = "User" if user else "AssumedRole"
        found["aws:userid"] = (
            self.entity.id if user else f"{self.entity.id}:{self.assumed.session_name}"
        )
        if user:
            found["aws:username"] = self.entity.name
        else:
            found["aws:MultiFactorAuthPresent"] = "false"
        tags = (self.entity.tags if user else list(self.entity.tags)) or ()
        found |= {f"aws:PrincipalTag/{tag['Key']}": tag["Value"] for tag in tags}
        return found | dict(self.session.keys)

    def policies(self) -> Policies:
        """The policies as they stand now.

        Raises:
            Refusal: one of them holds what the sandbox can't judge.
        """
        session = None
        if self.assumed is not None and (self.assumed.policy or self.session.policy_arns):
            inline = [("session policy", self.assumed.policy)] if self.assumed.policy else []
            session = _parsed((*inline, *map(self._managed, self.session.policy_arns)))
        arn = getattr(self.entity, "permissions_boundary_arn", None)
        boundary = _parsed((self._managed(arn),)) if arn else None
        return Policies(_parsed(tuple(self._documents())), boundary, session)

    def _documents(self) -> Iterable[tuple[str, str]]:
        groups = self.backend.get_groups_for_user(self.entity.name) if self.assumed is None else []
        for holder in (self.entity, *groups):
            yield from list(holder.policies.items())
            for policy in list(holder.managed_policies.values()):
                yield policy.name, _document(policy)

    def _managed(self, arn: str) -> tuple[str, str]:
        found = self.backend.managed_policies.get(arn)
        if found is None:
            return arn.rpartition("/")[2], '{"Version": "2012-10-17", "Statement": []}'
        return found.name, _document(found)


class Principals:
    """Finds callers by their access keys."""

    def __init__(self) -> None:
        """Start without sessions."""
        self._lock = threading.Lock()
        self._sessions: dict[str, StsSession] = {}
        self._assumed: dict[str, Any] = {}

    def opened(self, access_key: str, session: StsSession) -> None:
        """Remember what moto does not keep of a session."""
        with self._lock:
            self._sessions[access_key] = session

    def find(self, access_key: str) -> Principal | None:
        """Return the caller with this access key; None if there is none."""
        if access_key == NOBODY.access_key:
            arn = f"arn:aws:iam::{DEFAULT_ACCOUNT}:root"
            return Principal(access_key, NOBODY.secret_key, None, arn, DEFAULT_ACCOUNT, own=True)
        for account, backends in list(iam_backends.items()):
            for partition, backend in list(backends.items()):
                key = backend.access_keys.get(access_key)
                if key is not None:
                    of = self._of_user if key.user_name else self._of_session
                    return of(key, account, partition, backend)
        return None

    def _of_user(self, key: Any, account: str, partition: str, backend: Any) -> Principal | None:  # noqa: ANN401 - moto has no types
        user = backend.users.get(key.user_name)
        if user is None or key not in user.access_keys or key.status != "Active":
            return None
        return Principal(
            key.access_key_id,
            key.secret_access_key,
            None,
            user.arn,
            account,
            own=False,
            entity=user,
            partition=partition,
        )

    def _of_session(self, key: Any, account: str, partition: str, backend: Any) -> Principal | None:  # noqa: ANN401 - moto has no types
        assumed, session = self._session(key.access_key_id, account)
        if assumed is None or session is None:
            return None
        role = None
        if not session.own:
            role = next(
                (one for one in list(backend.roles.values()) if one.id == session.role_id), None
            )
            if role is None:
                return None
        return Principal(
            key.access_key_id,
            key.secret_access_key,
            assumed.session_token,
            assumed.arn,
            account,
            own=session.own,
            expires=None if session.own else assumed.expiration.replace(tzinfo=UTC),
            entity=role,
            assumed=assumed,
            session=session,
            partition=partition,
        )

    def _session(self, access_key: str, account: str) -> tuple[Any, StsSession | None]:
        with self._lock:
            if access_key not in self._assumed:
                for backend in list(sts_backends[account].values()):
                    self._assumed |= {one.access_key_id: one for one in list(backend.assumed_roles)}
            return self._assumed.get(access_key), self._sessions.get(access_key)


def _document(policy: Any) -> str:  # noqa: ANN401 - moto has no types
    default = policy.default_version_id
    return next(str(one.document) for one in policy.versions if one.version_id == default)


def _parsed(documents: tuple[tuple[str, str], ...]) -> tuple[Statement, ...]:
    try:
        return _statements(documents)
    except ValueError as error:
        raise unjudged(error) from None


def unjudged(error: ValueError) -> Refusal:
    """The refusal of a call whose policies can't be judged."""
    return Refusal("AccessDenied", 403, f"The sandbox can't judge the policies: {error}")


@lru_cache(maxsize=1024)
def _statements(documents: tuple[tuple[str, str], ...]) -> tuple[Statement, ...]:
    return parse_all({name: json.loads(text) for name, text in documents})
