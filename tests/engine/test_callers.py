"""Who gets past the sandbox's gate: keys, signatures, tokens, sessions."""

import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import botocore.auth
import botocore.credentials
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError
from joserfc.jwk import RSAKey
from moto.sts.models import sts_backends

from components.circleci.subject import Job
from components.iam.requests import Caller
from components.settings import Role, load
from components.settings.model import Trust
from rollout.asking.asked import Declared, JobAsked
from rollout.asking.can import answer_of
from sandbox.accounts import NOBODY, credentials_of
from sandbox.authorization.record import read
from sandbox.aws_server import AwsServer
from sandbox.clients import Credentials
from sandbox.folder import Folder
from sandbox.lifecycle import Look
from sandbox.ownership import LOOPBACK, Owner
from tests.engine.harness import Sandbox
from tests.engine.identities import JOB, REGION, Account, allow, deny, policy
from tests.unit.sandbox.test_tokens import ORGANIZATION, PROJECT, USER

BUCKET = "acme-callers"
READ = allow("s3:GetObject", on=f"arn:aws:s3:::{BUCKET}/*")
OTHER = "2f5ef4a1-7c1e-4a52-9e3f-0123456789ab"
TRUST = Trust(organization=ORGANIZATION, projects=(PROJECT,))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account of an AWS in this process, so that a test can change what moto holds."""
    folder = Folder(tmp_path_factory.mktemp("gate"))
    server = AwsServer(LOOPBACK, Owner("test", 1), folder)
    server.start()
    made = Account(Sandbox(folder, Look("running", 1, {"aws": server.port})))
    made.s3.create_bucket(Bucket=BUCKET)
    made.s3.put_object(Bucket=BUCKET, Key="k", Body=b"1")
    return made


@pytest.fixture(scope="module")
def user(account: Account) -> Credentials:
    return account.user(READ)


@pytest.fixture(scope="module")
def role(account: Account) -> str:
    return account.role(READ, trust=TRUST, MaxSessionDuration=7200)


def refused(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def reads(account: Account, credentials: Credentials) -> bool:
    s3 = account.client("s3", credentials)
    try:
        s3.get_object(Bucket=BUCKET, Key="k")
    except s3.exceptions.from_code("AccessDenied"):
        return False
    return True


@pytest.mark.parametrize(
    ("changes", "of_session", "in_s3", "in_sts"),
    [
        ({"access_key": "AKIANONE"}, False, "InvalidAccessKeyId", "InvalidClientTokenId"),
        ({"secret_key": "wrong"}, False, "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
        ({"token": "foreign"}, False, "InvalidToken", "InvalidClientTokenId"),
        ({"secret_key": "wrong"}, True, "SignatureDoesNotMatch", "SignatureDoesNotMatch"),
        ({"token": "foreign"}, True, "InvalidToken", "InvalidClientTokenId"),
        ({"token": None}, True, "InvalidAccessKeyId", "InvalidClientTokenId"),
    ],
)
def test_wrong_credentials_are_refused(
    account: Account,
    user: Credentials,
    role: str,
    changes: Any,
    of_session: bool,  # noqa: FBT001 - a column
    in_s3: str,
    in_sts: str,
) -> None:
    own = account.assume(role, account.token()) if of_session else user
    assert reads(account, own)
    wrong = replace(own, **changes)
    assert refused(account.client("s3", wrong).list_buckets)[0] == in_s3
    assert refused(account.client("sts", wrong).get_caller_identity)[0] == in_sts


def test_the_sandboxs_own_key_needs_its_secret_too(account: Account) -> None:
    wrong = replace(NOBODY, secret_key="wrong")
    assert refused(account.client("s3", wrong).list_buckets)[0] == "SignatureDoesNotMatch"


def test_a_call_without_a_signature_is_refused(account: Account) -> None:
    s3, sts = (account.client(service, None) for service in ("s3", "sts"))
    assert refused(s3.get_object, Bucket=BUCKET, Key="k") == ("AccessDenied", "Access Denied")
    assert refused(s3.list_buckets)[0] == "AccessDenied"
    own = {"RoleArn": account.arn("role/sandbox"), "RoleSessionName": "sandbox"}
    assert refused(sts.assume_role, **own)[0] == "MissingAuthenticationToken"
    saml = {
        "RoleArn": account.arn("role/sandbox"),
        "PrincipalArn": account.arn("saml-provider/x"),
        "SAMLAssertion": "eHh4eA==",
    }
    assert refused(sts.assume_role_with_saml, **saml)[0] == "NotImplemented"


def test_keys_and_sessions_end_with_what_they_are_of(account: Account) -> None:
    name = "short-lived"
    account.iam.create_user(UserName=name)
    account.iam.put_user_policy(UserName=name, PolicyName="ci", PolicyDocument=policy(READ))
    made = account.iam.create_access_key(UserName=name)["AccessKey"]
    key = Credentials(made["AccessKeyId"], made["SecretAccessKey"])
    s3 = account.client("s3", key)
    assert reads(account, key)
    for status, outcome in (("Inactive", "InvalidAccessKeyId"), ("Active", None)):
        account.iam.update_access_key(UserName=name, AccessKeyId=key.access_key, Status=status)
        if outcome:
            assert refused(s3.list_buckets)[0] == outcome
    assert reads(account, key)
    account.iam.delete_user_policy(UserName=name, PolicyName="ci")
    assert not reads(account, key)
    account.iam.delete_user(UserName=name)
    assert refused(s3.list_buckets)[0] == "InvalidAccessKeyId"
    account.iam.create_user(UserName=name)
    assert refused(s3.list_buckets)[0] == "InvalidAccessKeyId"

    arn = account.role(READ, trust=TRUST)
    session = account.assume(arn, account.token())
    assert reads(account, session)
    account.iam.delete_role_policy(RoleName=arn.rpartition("/")[2], PolicyName="ci")
    assert not reads(account, session)
    account.iam.delete_role(RoleName=arn.rpartition("/")[2])
    assert refused(account.client("s3", session).list_buckets)[0] == "InvalidAccessKeyId"


def test_an_expired_session_is_refused(account: Account, role: str) -> None:
    session = account.assume(role, account.token())
    (assumed,) = (
        one
        for one in sts_backends[account.id]["aws"].assumed_roles
        if one.access_key_id == session.access_key
    )
    assumed.expiration = datetime.now(UTC).replace(tzinfo=None) - timedelta(seconds=1)
    assert refused(account.client("s3", session).list_buckets)[0] == "ExpiredToken"
    assert refused(account.client("sts", session).get_caller_identity)[0] == "ExpiredToken"


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_clock_that_is_wrong_is_refused(
    account: Account, user: Credentials, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: now)
    s3 = account.client("s3", user)
    assert refused(s3.get_object, Bucket=BUCKET, Key="k")[0] == "RequestTimeTooSkewed"
    code, said = refused(account.client("sts", user).get_caller_identity)
    assert (code, "the request time" in said) == ("SignatureDoesNotMatch", True)


def fetched(url: str, body: str | None = None, **headers: str) -> tuple[int, bytes]:
    data = body if body is None else body.encode()
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - of the sandbox
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - same
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def test_a_presigned_url_is_as_good_as_its_signature_and_its_time(
    account: Account, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3 = account.client("s3", account.assume(role, account.token()), signature_version="s3v4")

    def presigned(key: str = "k") -> str:
        return str(s3.generate_presigned_url("get_object", {"Bucket": BUCKET, "Key": key}, 60))

    url = presigned()
    assert fetched(url) == (200, b"1")
    assert fetched(url.replace("/k?", "/j?"))[0] == 403
    assert b"SignatureDoesNotMatch" in fetched(url.replace("Expires=60", "Expires=600"))[1]
    assert b"not signed" in fetched(url, **{"x-amz-acl": "private"})[1]
    assert b"s3:ListBucket" in fetched(presigned("lost"))[1]
    old = datetime.now(UTC) - timedelta(minutes=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: old)
    assert b"Request has expired" in fetched(presigned())[1]


def test_a_bucket_in_the_hosts_name_is_the_one_that_is_decided(
    account: Account, user: Credentials
) -> None:
    """By a client to which the sandbox is a proxy, so that no name has to be looked up."""
    s3 = boto3.client(
        "s3",
        endpoint_url="http://s3.us-east-1.amazonaws.com",
        region_name=REGION,
        aws_access_key_id=user.access_key,
        aws_secret_access_key=user.secret_key,
        config=Config(
            proxies={"http": account.sandbox.running.aws_url}, s3={"addressing_style": "virtual"}
        ),
    )
    assert s3.get_object(Bucket=BUCKET, Key="k")["Body"].read() == b"1"
    code, said = refused(s3.put_object, Bucket=BUCKET, Key="a b/ä", Body=b"")
    assert (code, f'"arn:aws:s3:::{BUCKET}/a b/ä"' in said) == ("AccessDenied", True)


FORM = {"content-type": "application/x-www-form-urlencoded"}
GUISE = "Action=GetCallerIdentity&Version=2011-06-15"
ASSUME = "Action=AssumeRole&Version=2011-06-15&RoleSessionName=job&RoleArn=arn:aws:iam::1:role/x"
PARTS = {"content-type": "multipart/form-data; boundary=b"}
PART = '--b\r\nContent-Disposition: form-data; name="Action"\r\n\r\nAssumeRole\r\n--b--\r\n'


@pytest.mark.parametrize(
    ("service", "path", "body", "headers", "outcome"),
    [
        ("sts", "/", GUISE, FORM, b"GetCallerIdentityResponse"),
        ("sts", "/", f"{ASSUME}&{GUISE}", FORM, b"InvalidAction"),
        ("sts", "/", ASSUME, {**FORM, "x-amz-target": "x.GetCallerIdentity"}, b"InvalidAction"),
        ("sts", f"/?{GUISE}", ASSUME, FORM, b"InvalidAction"),
        (
            "sts",
            f"/?{GUISE}",
            PART,
            {"content-type": "multipart/form-data; boundary=b"},
            b"Invalid",
        ),
        ("sts", "/", ASSUME, {"x-amz-target": "x.GetCallerIdentity"}, b"InvalidAction"),
        ("sts", "/moto%2Dapi/reset", GUISE, FORM, b"moto's own paths"),
        ("s3", "/v20180820/accesspoint/x", "", {"x-amz-target": "x.GetObject"}, b"not authorized"),
    ],
)
def test_no_call_is_decided_as_another_than_moto_takes_it_for(
    account: Account, service: str, path: str, body: str, headers: dict[str, str], outcome: bytes
) -> None:
    who = account.user(allow("s3:GetObject", on="*"))
    url = account.sandbox.running.aws_url + path
    request = AWSRequest("POST", url, {**headers, "host": url.split("/")[2]}, body.encode())
    keys = botocore.credentials.Credentials(who.access_key, who.secret_key)
    botocore.auth.SigV4Auth(keys, service, REGION).add_auth(request)
    assert outcome in fetched(url, body, **dict(request.headers.items()))[1]
    assert reads(account, account.user(READ))


def test_nobody_gets_around_the_gate(account: Account, user: Credentials) -> None:
    """By moto's own paths, its header for accounts, old signatures, or other services."""
    url = account.sandbox.running.aws_url
    assert fetched(f"{url}/moto-api/data.json")[0] == 403
    lists = account.client("s3", Account(account.sandbox).user(allow("s3:*", on="*")))
    lists.meta.events.register(
        "before-sign.s3",
        lambda request, **_: request.headers.add_header("x-moto-account-id", account.id),
    )
    assert lists.list_buckets()["Buckets"] == []
    assert (
        b"AWS4-HMAC-SHA256"
        in fetched(f"{url}/{BUCKET}/k", Authorization=f"AWS {user.access_key}:x")[1]
    )
    assert (
        fetched(
            f"{url}/{BUCKET}/k?AWSAccessKeyId={user.access_key}&Signature=x&Expires=9999999999"
        )[0]
        == 400
    )
    iam = account.client("iam", user)
    code, said = refused(iam.list_users)
    assert (code, "iam:ListUsers" in said, "the sandbox decides S3 and STS" in said) == (
        "AccessDenied",
        True,
        True,
    )
    assert refused(account.client("lambda", user).list_functions)[0] == "AccessDenied"
    admin = account.user(allow("iam:List*", on="*"))
    assert account.client("iam", admin).list_users()["Users"]
    assert refused(account.client("iam", admin).create_user, UserName="x")[0] == "AccessDenied"


JOBS: list[tuple[str, dict[str, Any], str]] = [
    ("as it is", {}, ""),
    ("another project", {"sub": replace(JOB, project=OTHER).subject}, "AccessDenied"),
    ("another user", {"sub": replace(JOB, user=OTHER).subject}, "AccessDenied"),
    ("another ref", {"sub": replace(JOB, ref="refs/heads/other").subject}, "AccessDenied"),
    ("another origin", {"sub": replace(JOB, origin="github.com/fork/app").subject}, "AccessDenied"),
    ("no origin", {"sub": Job(ORGANIZATION, PROJECT, USER).subject}, "AccessDenied"),
    (
        "two refs",
        {"sub": replace(JOB, ref=f"x/vcs-origin/{JOB.origin}/vcs-ref/{JOB.ref}").subject},
        "AccessDenied",
    ),
    ("a tag", {"sub": replace(JOB, ref="refs/tags/v1").subject}, ""),
    ("no subject that is one", {"sub": "x"}, "AccessDenied"),
    ("another project in its own claim", {"oidc.circleci.com/project-id": OTHER}, "AccessDenied"),
    ("another audience", {"aud": "sts.amazonaws.com"}, "InvalidIdentityToken"),
    (
        "another organization",
        {"iss": f"https://oidc.circleci.com/org/{OTHER}", "aud": OTHER},
        "InvalidIdentityToken",
    ),
    (
        "an issuer without https",
        {"iss": f"http://oidc.circleci.com/org/{ORGANIZATION}"},
        "InvalidIdentityToken",
    ),
]


@pytest.mark.parametrize(("what", "claimed", "error"), JOBS, ids=[row[0] for row in JOBS])
def test_sts_and_can_say_the_same_of_a_job(
    account: Account, tmp_path: Path, what: str, claimed: dict[str, Any], error: str
) -> None:
    trust = {
        "organization": ORGANIZATION,
        "projects": [PROJECT],
        "users": [USER],
        "origins": [JOB.origin],
        "refs": [JOB.ref, "refs/tags/v*"],
        "projectIdClaim": True,
    }
    grants = [{"bucket": BUCKET, "access": ["read"]}]
    config = {"deploy": {"kind": "role", "trust": trust, "grants": grants}}
    settings = load("test", {"identities": config}).identities["deploy"]
    assert isinstance(settings, Role)
    token = account.token(**claimed)
    (tmp_path / "token").write_text(token)
    asked = JobAsked(token=tmp_path / "token")
    declared = Declared("test", "deploy", settings, "aws", account.id, {})
    answer = answer_of(declared, "s3:GetObject", f"s3://{BUCKET}/k", Caller(), asked)
    assert answer.job is not None
    assert answer.job.decision.allowed is not bool(error), what
    arn = account.role(trust=settings.trust)
    if error:
        sts = account.client("sts", None)
        assume = sts.assume_role_with_web_identity
        sent = {"RoleArn": arn, "RoleSessionName": "job", "WebIdentityToken": token}
        assert refused(assume, **sent)[0] == error
    else:
        account.assume(arn, token)


@pytest.mark.parametrize(
    ("claimed", "params", "error", "words"),
    [
        (
            {"issued": datetime.now(UTC) - timedelta(hours=2)},
            {},
            "ExpiredTokenException",
            "expired at",
        ),
        (
            {"issued": datetime.now(UTC) + timedelta(hours=2)},
            {},
            "InvalidIdentityToken",
            "in the future",
        ),
        ({"key": RSAKey.generate_key(2048)}, {}, "InvalidIdentityToken", "not signed by"),
        ({"exp": None}, {}, "InvalidIdentityToken", "Missing a required claim: exp"),
        ({"sub": None}, {}, "InvalidIdentityToken", "Missing a required claim: sub"),
        ({}, {"WebIdentityToken": "a.b.c"}, "InvalidIdentityToken", "not a valid JWT"),
        (
            {},
            {"RoleArn": "arn:aws:iam::111111111111:role/none"},
            "InvalidIdentityToken",
            "No OpenIDConnect",
        ),
        ({}, {"RoleArn": "deploy"}, "ValidationError", "deploy is invalid"),
        ({}, {"RoleSessionName": "a b"}, "ValidationError", "'roleSessionName'"),
        ({}, {"DurationSeconds": 7201}, "ValidationError", "exceeds the MaxSessionDuration"),
        ({}, {"DurationSeconds": 43201}, "ValidationError", "less than or equal to 43200"),
        ({}, {"DurationSeconds": 899}, "ValidationError", "greater than or equal to 900"),
    ],
)
def test_a_token_is_refused_as_sts_does(
    account: Account, role: str, claimed: Any, params: Any, error: str, words: str
) -> None:
    sent = {"RoleArn": role, "RoleSessionName": "job", "WebIdentityToken": account.token(**claimed)}
    assume = account.client("sts", None, parameter_validation=False)
    code, said = refused(assume.assume_role_with_web_identity, **sent | params)
    assert (code, words in said) == (error, True), said


def test_a_role_that_does_not_exist_is_refused_as_one_that_does_not_trust(
    account: Account, role: str
) -> None:
    assume = account.client("sts", None).assume_role_with_web_identity
    code, said = refused(
        assume, RoleArn=f"{role}x", RoleSessionName="job", WebIdentityToken=account.token()
    )
    assert (code, said) == (
        "AccessDenied",
        "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    )


def test_a_session_says_who_it_is_and_whose_token_it_had(account: Account, role: str) -> None:
    sts = account.client("sts", None)
    token = account.token()
    answer = sts.assume_role_with_web_identity(
        RoleArn=role, RoleSessionName="job", WebIdentityToken=token, DurationSeconds=7200
    )
    assert answer["SubjectFromWebIdentityToken"] == JOB.subject
    assert answer["Audience"] == ORGANIZATION
    assert answer["Provider"] == account.arn(f"oidc-provider/oidc.circleci.com/org/{ORGANIZATION}")
    whoami = account.client("sts", Credentials.of(answer["Credentials"])).get_caller_identity()
    assert whoami["Arn"] == answer["AssumedRoleUser"]["Arn"]
    assert whoami["UserId"] == answer["AssumedRoleUser"]["AssumedRoleId"]
    (call,) = [
        one
        for one in read(account.sandbox.folder.calls)
        if one.operation == "AssumeRoleWithWebIdentity"
    ][-1:]
    assert (call.checks[0].resource, call.allowed) == (role, True)
    assert token not in account.sandbox.folder.calls.read_text()


def test_a_session_policy_narrows_its_session_only(account: Account, role: str) -> None:
    denies = account.policy("denies", deny("s3:*", on="*"))
    sessions: dict[str, Any] = {
        "because no session policy allows the s3:GetObject action": {"Policy": policy()},
        "with an explicit deny in a session policy": {"PolicyArns": [{"arn": denies}]},
    }
    for words, narrowed in sessions.items():
        session = account.assume(role, account.token(), **narrowed)
        get = account.client("s3", session).get_object
        assert refused(get, Bucket=BUCKET, Key="k")[1].endswith(words)
    assert reads(account, account.assume(role, account.token(), Policy=policy(READ)))


def test_a_boundary_must_allow_too(account: Account) -> None:
    wide = account.policy("wide", allow("s3:*", on="*"))
    narrow = account.policy("narrow", allow("s3:Put*", on="*"))
    key = account.user(READ, PermissionsBoundary=narrow)
    name = account.arn_of(key).rpartition("/")[2]
    kept = account.iam.get_user(UserName=name)["User"]["PermissionsBoundary"]
    assert (kept["PermissionsBoundaryArn"], reads(account, key)) == (narrow, False)
    account.iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=wide)
    assert reads(account, key)
    account.iam.put_user_permissions_boundary(
        UserName=name, PermissionsBoundary=account.arn("policy/none")
    )
    assert not reads(account, key)
    account.iam.delete_user_permissions_boundary(UserName=name)
    assert reads(account, key)
    assert (
        refused(account.iam.delete_user_permissions_boundary, UserName="none")[0] == "NoSuchEntity"
    )
    role = account.role(READ, trust=TRUST, PermissionsBoundary=narrow)
    assert not reads(account, account.assume(role, account.token()))


@pytest.mark.parametrize(
    ("conditions", "allowed"),
    [
        ({"StringEquals": {"aws:username": "NAME"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "ci"}}, True),
        ({"StringEquals": {"aws:PrincipalTag/team": "other"}}, False),
        ({"StringEquals": {"aws:PrincipalType": "User", "aws:PrincipalAccount": "ACCOUNT"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::ACCOUNT:user/NAME"}}, True),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"NumericLessThan": {"aws:EpochTime": "1"}}, False),
        ({"StringEquals": {"s3:ExistingObjectTag/team": "ci"}}, True),
        ({"StringEquals": {"s3:ExistingObjectTag/team": "other"}}, False),
        ({"StringEquals": {"s3:authType": "REST-HEADER"}}, True),
        ({"StringEquals": {"s3:ResourceAccount": "ACCOUNT"}}, True),
        ({"Null": {"s3:prefix": "true", "s3:versionid": "true", "s3:x-amz-acl": "true"}}, True),
        ({"NumericGreaterThan": {"s3:TlsVersion": "1.1"}}, False),
    ],
)
def test_conditions_meet_the_keys_of_the_call(
    account: Account,
    conditions: Any,
    allowed: bool,  # noqa: FBT001 - a column
) -> None:
    account.s3.put_object(Bucket=BUCKET, Key="k", Body=b"1", Tagging="team=ci")
    key = account.user(Tags=[{"Key": "team", "Value": "ci"}])
    name = account.arn_of(key).rpartition("/")[2]
    text = (
        policy({**READ, "Condition": conditions})
        .replace("NAME", name)
        .replace("ACCOUNT", account.id)
    )
    account.iam.put_user_policy(UserName=name, PolicyName="ci", PolicyDocument=text)
    assert reads(account, key) is allowed


def test_managed_policies_and_those_of_groups_count_as_they_stand(account: Account) -> None:
    key = account.user()
    name = account.arn_of(key).rpartition("/")[2]
    arn = account.policy("read", READ)
    account.iam.attach_user_policy(UserName=name, PolicyArn=arn)
    assert reads(account, key)
    new = policy(deny("s3:GetObject", on="*"))
    account.iam.create_policy_version(PolicyArn=arn, PolicyDocument=new, SetAsDefault=True)
    assert not reads(account, key)
    account.iam.detach_user_policy(UserName=name, PolicyArn=arn)
    account.iam.create_group(GroupName="readers")
    account.iam.put_group_policy(GroupName="readers", PolicyName="g", PolicyDocument=policy(READ))
    account.iam.add_user_to_group(GroupName="readers", UserName=name)
    assert reads(account, key)
    odd = policy({**READ, "Condition": {"BinaryEquals": {"a": "b"}}})
    account.iam.put_group_policy(GroupName="readers", PolicyName="h", PolicyDocument=odd)
    get = account.client("s3", key).get_object
    assert "The sandbox can't judge the policies" in refused(get, Bucket=BUCKET, Key="k")[1]


@pytest.mark.parametrize(
    ("by_policy", "trusts", "error"),
    [
        ([], "USER", ""),
        ([], "ROOT", "because no identity-based policy allows the sts:AssumeRole action"),
        (["allow"], "ROOT", ""),
        (["allow"], "arn:aws:iam::999999999999:root", "because no resource-based policy allows"),
        (["allow", "deny"], "USER", "with an explicit deny in an identity-based policy"),
    ],
)
def test_a_user_assumes_a_role_where_both_sides_allow_it(
    account: Account, by_policy: list[str], trusts: str, error: str
) -> None:
    makes = {"allow": allow, "deny": deny}
    key = account.user(*(makes[one]("sts:AssumeRole", on="*") for one in by_policy))
    sts = account.client("sts", key)
    named = {"USER": sts.get_caller_identity()["Arn"], "ROOT": account.arn("root")}
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"AWS": named.get(trusts, trusts)},
    }
    arn = account.role(READ, trust=TRUST)
    account.iam.update_assume_role_policy(
        RoleName=arn.rpartition("/")[2], PolicyDocument=policy(statement)
    )
    sent = {"RoleArn": arn, "RoleSessionName": "x1"}
    if error:
        code, said = refused(sts.assume_role, **sent)
        assert (code, error in said) == ("AccessDenied", True), said
    else:
        session = Credentials.of(sts.assume_role(**sent)["Credentials"])
        assert reads(account, session)
    assert refused(sts.get_session_token)[0] == "NotImplemented"


def test_a_session_for_learning_may_do_everything_and_is_recorded(account: Account) -> None:
    def recorded(name: str) -> list[str]:
        own = credentials_of(account.sandbox.clients, account.id, REGION, name)
        account.client("s3", own).list_objects_v2(Bucket=BUCKET, Prefix="a/")
        calls = read(account.sandbox.folder.calls)
        return [
            check.action
            for one in calls
            if one.access_key_id == own.access_key
            for check in one.checks
        ]

    assert recorded("learn-1") == ["s3:ListBucket"]
    assert recorded("sandbox") == []


def test_no_role_is_the_sandboxs_own_only_by_its_name(account: Account) -> None:
    provider = account.arn(f"oidc-provider/oidc.circleci.com/org/{ORGANIZATION}")
    account.role(trust=TRUST)
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
    }
    account.iam.create_role(RoleName="sandbox", AssumeRolePolicyDocument=policy(statement))
    session = account.assume(account.arn("role/sandbox"), account.token())
    assert not reads(account, session)
    account.iam.delete_role(RoleName="sandbox")


def test_a_thousand_calls_at_once_are_all_answered_rightly(account: Account, role: str) -> None:
    """Each with credentials of its own kind, while policies of others change."""
    prefix = f"arn:aws:s3:::{BUCKET}"
    keys = {
        "reads": account.user(READ),
        "writes": account.user(allow("s3:PutObject", on=f"{prefix}/w/*")),
        "session": account.assume(role, account.token()),
    }
    keys["wrong"] = replace(keys["reads"], secret_key="wrong")
    clients = {who: account.client("s3", one, max_pool_connections=16) for who, one in keys.items()}
    get, put, listed = (
        {"Bucket": BUCKET, "Key": "k"},
        {"Bucket": BUCKET, "Key": "w/1"},
        {"Bucket": BUCKET},
    )
    calls: list[tuple[str, str, dict[str, str], str]] = [
        ("reads", "get_object", get, ""),
        ("reads", "put_object", put, "AccessDenied"),
        ("writes", "put_object", put, ""),
        ("writes", "get_object", get, "AccessDenied"),
        ("session", "get_object", get, ""),
        ("session", "list_objects_v2", listed, "AccessDenied"),
        ("wrong", "get_object", get, "SignatureDoesNotMatch"),
    ]

    def made(number: int) -> tuple[str, str]:
        who, method, params, expected = calls[number % len(calls)]
        if number % 50 == 0:
            account.user(READ)
        try:
            getattr(clients[who], method)(**params)
        except ClientError as error:
            return error.response["Error"]["Code"], expected
        return "", expected

    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(made, range(1000)))
    assert [one for one in answers if one[0] != one[1]] == []
    assert len(answers) == 1000
