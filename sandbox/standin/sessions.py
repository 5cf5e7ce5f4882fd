"""Separates the runs of the many engines that one stand-in serves.

For every provider of its run, an engine opens a connection to the running stand-in and configures
the provider on it (`NewProvider` in the engine's sdk/go/common/resource/plugin attaches, dials, and
closes it with the run). Later calls do not name their run, so the connection identifies it. A call
is refused on a connection that was not configured, or that was configured for another stack: no run
is served with the credentials of another.
"""

import threading
from collections import OrderedDict
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

import botocore.session
from botocore.exceptions import ProfileNotFound

from components.aws.partitions import account_of_arn, partition_of_region
from sandbox.accounts import DEFAULT_ACCOUNT, NOBODY, role_arn
from sandbox.clients import Clients, Credentials
from sandbox.standin.aws import Aws
from sandbox.standin.errors import StandInError
from sandbox.standin.settings import ProviderSettings

CONNECTION: ContextVar[str] = ContextVar("connection")
"""The connection of the current call; the server sets it."""
KEPT: Final = 4096
"""Connections to remember; the one configured first is forgotten first."""


@dataclass(frozen=True)
class Session:
    """What a connection was configured for."""

    aws: Aws
    stack: str
    """Stack and project, as in the run's URNs."""


class Sessions:
    """The runs, by connection."""

    def __init__(self, clients: Clients) -> None:
        """Serve runs with `clients`."""
        self._clients = clients
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._assumed: dict[tuple[Credentials, str, str], Credentials] = {}

    def open(self) -> None:
        """Forget what an earlier connection from the same port was configured for."""
        with self._lock:
            self._sessions.pop(CONNECTION.get(), None)

    def configure(self, settings: ProviderSettings, urn: str) -> None:
        """Bind the current connection to an AWS.

        Raises:
            StandInError: there are no credentials, or their account is not allowed.
        """
        session = Session(aws=self._aws(settings), stack=_stack_of(urn))
        with self._lock:
            self._sessions[CONNECTION.get()] = session
            self._sessions.move_to_end(CONNECTION.get())
            while len(self._sessions) > KEPT:
                self._sessions.popitem(last=False)

    def aws(self, urn: str | None = None) -> Aws:
        """Return the AWS of the current call's run.

        Raises:
            StandInError: the connection was not configured, or for another stack than `urn`'s.
        """
        with self._lock:
            session = self._sessions.get(CONNECTION.get())
        if session is None:
            raise StandInError("the stand-in was called by a run that did not configure it")
        if urn is not None and session.stack != _stack_of(urn):
            raise StandInError(f"the stand-in was called for {urn} by a run of {session.stack}")
        return session.aws

    def _aws(self, settings: ProviderSettings) -> Aws:
        credentials, expected = self._first_credentials(settings)
        for role in settings.roles:
            name = str(role.get("sessionName") or "pulumi")
            credentials = self._assume(credentials, role["roleArn"], settings.region, name)
            expected = account_of_arn(role["roleArn"])
        sts = self._clients.get("sts", credentials, settings.region)
        account = sts.get_caller_identity()["Account"]
        if expected not in {None, account}:
            raise StandInError(f"moto no longer knows the credentials of account {expected}")
        refused = settings.allowed_accounts and account not in settings.allowed_accounts
        if refused or account in settings.forbidden_accounts:
            # aws-sdk-go-base, VerifyAccountIDAllowed
            raise StandInError(f"AWS account ID not allowed: {account}")
        return Aws(
            clients=self._clients,
            credentials=credentials,
            region=settings.region,
            account=account,
            partition=partition_of_region(settings.region),
            default_tags=dict(settings.default_tags or {}),
        )

    def _first_credentials(self, settings: ProviderSettings) -> tuple[Credentials, str | None]:
        """Return the first credentials, and the account that they must belong to, if known."""
        if settings.keys is not None:
            return settings.keys, None
        if settings.profile is not None:
            return _profile_credentials(settings.profile), None
        named = settings.allowed_accounts
        account = named[0] if len(named) == 1 and not settings.roles else DEFAULT_ACCOUNT
        arn = role_arn(account, settings.region)
        return self._assume(NOBODY, arn, settings.region, "sandbox"), account

    def _assume(self, base: Credentials, arn: str, region: str, name: str) -> Credentials:
        """Assume a role, once: in moto its credentials never expire."""
        key = (base, arn, region)
        with self._lock:
            known = self._assumed.get(key)
        if known is None:
            sts = self._clients.get("sts", base, region)
            answer = sts.assume_role(RoleArn=arn, RoleSessionName=name)
            known = Credentials.of(answer["Credentials"])
            with self._lock:
                self._assumed[key] = known
        return known


def _profile_credentials(profile: str) -> Credentials:
    """Read a profile of the sandbox's own AWS files; `sandbox.preparing` writes them."""
    try:
        found = botocore.session.Session(profile=profile).get_credentials()
    except ProfileNotFound:
        found = None
    if found is None:
        raise StandInError(f"failed to get shared config profile, {profile}")
    return Credentials(found.access_key, found.secret_key, found.token)


def _stack_of(urn: str) -> str:
    """Return stack and project of `urn:pulumi:STACK::PROJECT::TYPE::NAME`."""
    return "::".join(urn.split("::")[:2])
