"""The credentials of a stack's identity in the sandbox: a user's key, or a session of a role."""

from typing import Any, Final

from botocore.exceptions import ClientError

from components.aws.partitions import account_of_arn, partition_of_arn
from components.circleci.asked_job import Asked
from components.circleci.claims import Claims, token_request
from components.circleci.refusals import refusals
from components.iam.decide import decide_trust
from components.settings import Role
from sandbox.accounts import NOBODY, credentials_of
from sandbox.clients import Credentials, clients_of
from sandbox.engine import Engine
from sandbox.folder import Folder
from sandbox.issuer import LATEST, read_unchecked
from sandbox.jobs.token import token_of
from sandbox.lifecycle import Look, SandboxError, look
from sandbox.stacks import SandboxStack
from sandbox.status import deployed

_SESSION_NAME: Final = "sandbox-run"


def running_for(stack: SandboxStack, folder: Folder) -> Look:
    """Return the running sandbox.

    Raises:
        SandboxError: it is not running, or it is broken.
    """
    found = look(folder)
    if found.state != "running":
        fault = f"broken: {found.fault}" if found.fault else "not running"
        raise _not_deployed(stack, f"the sandbox is {fault}")
    return found


def credentials(engine: Engine, name: str, asked: Asked) -> Credentials:
    """Get the credentials that a job has as an identity of a deployed stack.

    Raises:
        SandboxError: it has none, or a role does not let the job in.
        SettingsError: the stack's config can't be used.
    """
    identity = engine.stack.identity(name)
    if isinstance(identity, Role):
        return _session(engine, name, identity, asked)
    if asked != Asked():
        raise SandboxError(f"--identity: {name} is a user, which no job assumes; leave out the job")
    return _key(engine, name)


def _key(engine: Engine, name: str) -> Credentials:
    """The user's current key, from the stack's outputs."""
    stack = engine.stack
    if all(one.stack != stack.name for one in deployed(engine.folder)):
        raise _not_deployed(stack, "it is not deployed")
    made = engine.outputs("--show-secrets").get("identities", {}).get(name)
    if made is None:
        raise _not_deployed(stack, f"{name} is not deployed")
    if "secretAccessKey" not in made:
        raise _not_deployed(
            stack, f'{name} has no access key: give it one, as accessKeys: ["2026-11"]'
        )
    return Credentials(made["accessKeyId"], made["secretAccessKey"])


def _session(engine: Engine, name: str, role: Role, asked: Asked) -> Credentials:
    """A session of the role, for a token of the test issuer."""
    stack, clients = engine.stack, clients_of(engine.running.aws_url)
    token = token_of(role, asked, LATEST, audience=None)
    claims = read_unchecked(token)
    own = credentials_of(clients, stack.account, stack.region)
    iam = clients.get("iam", own, stack.region)
    try:
        found: Any = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        raise _not_deployed(stack, f"{name} is not deployed") from None
    try:
        given = clients.get("sts", NOBODY, stack.region).assume_role_with_web_identity(
            RoleArn=found["Arn"],
            RoleSessionName=_SESSION_NAME,
            WebIdentityToken=token,
        )
    except ClientError as error:
        said = error.response["Error"]
        why = "".join(f"\n  {reason}" for reason in _reasons(found, claims))
        raise SandboxError(
            f"{name} of {stack.name} does not let this job in: {said['Code']}, {said['Message']}"
            f"\n  its token's subject is {claims['sub']}{why}"
        ) from None
    return Credentials.of(given["Credentials"])


def _reasons(found: Any, claims: Claims) -> list[str]:  # noqa: ANN401 - boto3's dictionary
    trust, arn = found["AssumeRolePolicyDocument"], found["Arn"]
    request = token_request(claims, partition_of_arn(arn), account_of_arn(arn))
    try:
        decision = decide_trust(trust, request)
        return [] if decision.allowed else refusals(trust, request, decision)
    except ValueError as error:
        return [f"its trust can't be judged here: {error}"]


def _not_deployed(stack: SandboxStack, why: str) -> SandboxError:
    up = f"`python -m sandbox up --stack {stack.name}`"
    return SandboxError(f"{stack.name}: {why}; {up} deploys the stack")
