"""Identities in the sandbox's AWS, made without an engine: users, and roles that jobs assume."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from joserfc.jwk import RSAKey

from components.circleci.subject import Job, issuer
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Trust
from sandbox.clients import Credentials
from sandbox.issuer import issuer_key, sign, token_claims
from tests.engine.harness import Sandbox, fresh_account
from tests.unit.sandbox.test_tokens import ORGANIZATION, PROJECT, USER

REGION: Final = "us-east-1"
JOB: Final = Job(ORGANIZATION, PROJECT, USER, "github.com/acme/app", "refs/heads/main")
_NUMBERS: Final = itertools.count(1)

Statement = dict[str, Any]


def allow(*actions: str, on: str | list[str], **conditions: Any) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": on, "Condition": conditions}


def deny(*actions: str, on: str | list[str], **conditions: Any) -> Statement:
    return {**allow(*actions, on=on, **conditions), "Effect": "Deny"}


def policy(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@dataclass
class Account:
    """An account of a sandbox, with the tools of whoever may do everything in it."""

    sandbox: Sandbox
    id: str = field(default_factory=fresh_account)

    def __post_init__(self) -> None:
        self.iam: Any = self.sandbox.client("iam", self.id, REGION)
        self.s3: Any = self.sandbox.client("s3", self.id, REGION)

    def arn(self, what: str) -> str:
        return f"arn:aws:iam::{self.id}:{what}"

    def client(self, service: str, credentials: Credentials | None, **config: Any) -> Any:
        return client(self.sandbox, service, credentials, **config)

    def arn_of(self, credentials: Credentials) -> str:
        """The ARN of the caller with these credentials."""
        return str(self.client("sts", credentials).get_caller_identity()["Arn"])

    def policy(self, name: str, *statements: Statement) -> str:
        """Make a managed policy; return its ARN."""
        made = self.iam.create_policy(PolicyName=name, PolicyDocument=policy(*statements))
        return str(made["Policy"]["Arn"])

    def user(self, *statements: Statement, **more: Any) -> Credentials:
        """Make a user with a key, its policy inline."""
        name = f"user-{next(_NUMBERS)}"
        self.iam.create_user(UserName=name, **more)
        if statements:
            document = policy(*statements)
            self.iam.put_user_policy(UserName=name, PolicyName="ci", PolicyDocument=document)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def role(self, *statements: Statement, trust: Trust, **more: Any) -> str:
        """Make a role and its provider; return the role's ARN."""
        provider = provider_arn("aws", self.id, trust.organization)
        if not self.iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            self.iam.create_open_id_connect_provider(
                Url=f"https://{issuer(trust.organization)}", ClientIDList=[trust.organization]
            )
        name = f"role-{next(_NUMBERS)}"
        document = json.dumps(trust_document(trust, provider))
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, **more)
        if statements:
            document = policy(*statements)
            self.iam.put_role_policy(RoleName=name, PolicyName="ci", PolicyDocument=document)
        return str(made["Role"]["Arn"])

    def assume(self, role: str, token: str, **more: Any) -> Credentials:
        """Exchange a token as a job does."""
        sts = self.client("sts", None)
        answer = sts.assume_role_with_web_identity(
            RoleArn=role, RoleSessionName="job", WebIdentityToken=token, **more
        )
        return Credentials.of(answer["Credentials"])

    def token(self, job: Job = JOB, key: RSAKey | None = None, **claimed: Any) -> str:
        claims = token_claims(job, "v2", issued=claimed.pop("issued", datetime.now(UTC)))
        given = {name: value for name, value in {**claims, **claimed}.items() if value is not None}
        return sign(given, key or issuer_key(self.sandbox.folder))


def client(sandbox: Sandbox, service: str, credentials: Credentials | None, **config: Any) -> Any:
    """A client that tries once; without credentials its calls are not signed."""
    if credentials is None:
        config["signature_version"] = UNSIGNED
    make: Callable[..., Any] = boto3.client
    return make(
        service,
        endpoint_url=sandbox.running.aws_url,
        region_name=REGION,
        aws_access_key_id=credentials and credentials.access_key,
        aws_secret_access_key=credentials and credentials.secret_key,
        aws_session_token=credentials and credentials.token,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )
