"""S3's calls in the sandbox as four identities make them, and the words of each refusal."""

import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from components.settings.model import Trust
from sandbox.authorization.record import read
from sandbox.clients import Credentials
from tests.engine.harness import Sandbox
from tests.engine.identities import REGION, Account, allow, deny
from tests.unit.sandbox.test_tokens import ORGANIZATION, PROJECT

BUCKET, TARGET, VERSIONED, SECRET, FOREIGN = (
    f"acme-{name}" for name in ("artifacts", "site", "versioned", "secret", "foreign")
)
ON = f"arn:aws:s3:::{BUCKET}"
KEY = "arn:aws:kms:us-east-1:{}:key/1f5ef4a1"
PART = 5 * 1024 * 1024
NO = "because no {} allows the {} action"


@dataclass
class World:
    """An account with buckets and four identities."""

    account: Account
    credentials: dict[str, Credentials]
    arns: dict[str, str]
    version: str = ""
    upload: str = ""

    def s3(self, who: str) -> Any:
        return self.account.client("s3", self.credentials[who])


@pytest.fixture(scope="module")
def world(sandbox: Sandbox) -> World:
    account = Account(sandbox)
    s3, key = account.s3, KEY.format(account.id)
    for name in (BUCKET, TARGET, VERSIONED, SECRET):
        s3.create_bucket(Bucket=name)
    Account(sandbox).s3.create_bucket(Bucket=FOREIGN)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}
    s3.put_bucket_encryption(Bucket=SECRET, ServerSideEncryptionConfiguration=rules)
    s3.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=VERSIONED, Key="builds/1", Body=b"1")["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="builds/tagged", Body=b"t", Tagging="team=ci")
    for bucket in (BUCKET, SECRET):
        for name in ("builds/1", "builds/2", "other/1"):
            s3.put_object(Bucket=bucket, Key=name, Body=b"1")
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="builds/parts")["UploadId"]
    boundary = account.policy(
        "boundary", allow("s3:*Object*", "s3:ListBucket", on="*"), deny("s3:DeleteBucket", on="*")
    )
    trust = Trust(organization=ORGANIZATION, projects=(PROJECT,))
    role = account.role(
        allow("s3:ListBucket", "s3:GetBucketLocation", on=f"arn:aws:s3:::{TARGET}"),
        allow("s3:GetObject", "s3:PutObject", "s3:DeleteObject", on=f"arn:aws:s3:::{TARGET}/*"),
        allow(
            "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", on=f"arn:aws:s3:::{TARGET}/*"
        ),
        allow("s3:GetObject", on=f"{ON}/*"),
        allow("s3:GetObjectVersion", on=f"arn:aws:s3:::{VERSIONED}/*"),
        allow("s3:DeleteObject", on=f"arn:aws:s3:::{VERSIONED}/*"),
        trust=trust,
    )
    credentials = {
        "reader": account.user(
            allow(
                "s3:GetObject",
                on=[f"{ON}/builds/*", f"arn:aws:s3:::{SECRET}/*", f"arn:aws:s3:::{FOREIGN}/*"],
            ),
            allow("s3:ListBucket", on=ON, StringLike={"s3:prefix": ["builds/*"]}),
        ),
        "writer": account.user(
            allow(
                "s3:PutObject",
                "s3:AbortMultipartUpload",
                on=[f"{ON}/builds/*", f"arn:aws:s3:::{SECRET}/*"],
            ),
            allow(
                *("kms:GenerateDataKey", "kms:Decrypt"),
                on=key,
                StringEquals={"kms:ViaService": "s3.us-east-1.amazonaws.com"},
                StringLike={"kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{SECRET}/builds/*"},
            ),
        ),
        "job": account.assume(role, account.token()),
        "full": account.user(
            allow("s3:*", on=["arn:aws:s3:::acme-*", "arn:aws:s3:::acme-*/*"]),
            deny("s3:*", on=f"{ON}/other/*"),
            PermissionsBoundary=boundary,
        ),
    }
    arns = {who: account.arn_of(one) for who, one in credentials.items()}
    return World(account, credentials, arns, version, upload)


B, T, V, S, F = ({"Bucket": name} for name in (BUCKET, TARGET, VERSIONED, SECRET, FOREIGN))
ONE, TWO, LOST = ({"Key": f"builds/{name}"} for name in ("1", "2", "lost"))
OTHER = {"Key": "other/1"}
DATA = {"Body": b"data"}
B1, B2 = f"{BUCKET}/builds/1", f"{BUCKET}/builds/2"
TAGS = {"Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}}
OBJECT, LIST, PUT = f"s3:GetObject {BUCKET}", f"s3:ListBucket {BUCKET}", f"s3:PutObject {BUCKET}"

CALLS: list[tuple[str, str, dict[str, Any], str]] = [
    # Who, which call, and the refusal: action, place, and what decides if not a policy of its own.
    ("reader", "get_object", B | ONE, ""),
    ("reader", "get_object", B | ONE | {"Range": "bytes=0-0"}, ""),
    ("reader", "get_object", B | OTHER, f"{OBJECT}/other/1"),
    ("reader", "get_object", B | LOST, LIST),
    ("reader", "get_object", B | ONE | {"VersionId": "7"}, f"s3:GetObjectVersion {B1}"),
    ("reader", "get_object", F | ONE, f"s3:GetObject {FOREIGN}/builds/1 resource-based policy"),
    ("reader", "get_object", {"Bucket": "acme-none"} | ONE, "NoSuchBucket"),
    ("reader", "get_object", S | ONE, "kms:Decrypt KEY"),
    (
        "reader",
        "get_object_attributes",
        B | ONE | {"ObjectAttributes": ["ETag"]},
        f"s3:GetObjectAttributes {B1}",
    ),
    ("reader", "get_object_tagging", B | ONE, f"s3:GetObjectTagging {B1}"),
    ("reader", "get_object_acl", B | ONE, f"s3:GetObjectAcl {B1}"),
    ("reader", "head_object", B | ONE, ""),
    ("reader", "head_object", B | LOST, "403"),
    ("reader", "head_object", B | OTHER, "403"),
    ("reader", "head_bucket", B, "403"),
    ("reader", "head_bucket", {"Bucket": "acme-none"}, "404"),
    ("reader", "list_objects_v2", B | {"Prefix": "builds/"}, ""),
    ("reader", "list_objects_v2", B | {"Prefix": "builds/", "Delimiter": "/", "MaxKeys": 1}, ""),
    ("reader", "list_objects", B | {"Prefix": "builds/x"}, ""),
    ("reader", "list_objects_v2", B | {"Prefix": "other/"}, LIST),
    ("reader", "list_objects_v2", B | {"Prefix": "build"}, LIST),
    ("reader", "list_objects_v2", B, LIST),
    (
        "reader",
        "list_object_versions",
        B | {"Prefix": "builds/"},
        f"s3:ListBucketVersions {BUCKET}",
    ),
    ("reader", "list_multipart_uploads", B, f"s3:ListBucketMultipartUploads {BUCKET}"),
    ("reader", "list_buckets", {}, "s3:ListAllMyBuckets *"),
    ("reader", "put_object", B | ONE | DATA, f"{PUT}/builds/1"),
    ("reader", "delete_object", B | ONE, f"s3:DeleteObject {B1}"),
    ("reader", "copy_object", B | TWO | {"CopySource": B1}, f"{PUT}/builds/2"),
    ("reader", "get_bucket_location", B, f"s3:GetBucketLocation {BUCKET}"),
    ("reader", "get_bucket_policy", B, f"s3:GetBucketPolicy {BUCKET}"),
    ("reader", "create_bucket", {"Bucket": "acme-new"}, "s3:CreateBucket acme-new"),
    ("writer", "put_object", B | TWO | DATA, ""),
    ("writer", "put_object", B | OTHER | DATA, f"{PUT}/other/1"),
    ("writer", "put_object", B | TWO | DATA | {"ACL": "private"}, f"s3:PutObjectAcl {B2}"),
    ("writer", "put_object", B | TWO | DATA | {"Tagging": "a=b"}, f"s3:PutObjectTagging {B2}"),
    ("writer", "put_object", S | TWO | DATA, ""),
    ("writer", "put_object", S | OTHER | DATA, "kms:GenerateDataKey KEY"),
    ("writer", "put_object", S | OTHER | DATA | {"ServerSideEncryption": "AES256"}, ""),
    ("writer", "get_object", B | ONE, f"{OBJECT}/builds/1"),
    ("writer", "copy_object", B | TWO | {"CopySource": B1}, f"{OBJECT}/builds/1"),
    (
        "writer",
        "upload_part",
        B | {"Key": "builds/parts", "UploadId": "UPLOAD", "PartNumber": 1} | DATA,
        "",
    ),
    (
        "writer",
        "upload_part_copy",
        B | {"Key": "builds/parts", "UploadId": "UPLOAD", "PartNumber": 2, "CopySource": B1},
        f"{OBJECT}/builds/1",
    ),
    (
        "writer",
        "list_parts",
        B | {"Key": "builds/parts", "UploadId": "UPLOAD"},
        f"s3:ListMultipartUploadParts {BUCKET}/builds/parts",
    ),
    ("writer", "abort_multipart_upload", B | {"Key": "builds/parts", "UploadId": "UPLOAD"}, ""),
    ("writer", "create_multipart_upload", B | TWO | {"ACL": "private"}, f"s3:PutObjectAcl {B2}"),
    ("writer", "put_object_tagging", B | ONE | TAGS, f"s3:PutObjectTagging {B1}"),
    ("writer", "put_object_acl", B | ONE | {"ACL": "private"}, f"s3:PutObjectAcl {B1}"),
    ("writer", "list_objects_v2", B, LIST),
    ("job", "list_objects_v2", T, ""),
    ("job", "head_bucket", T, ""),
    ("job", "get_bucket_location", T, ""),
    ("job", "put_object", T | ONE | DATA, ""),
    ("job", "get_object", T | ONE, ""),
    ("job", "get_object", T | LOST, "NoSuchKey"),
    ("job", "head_object", T | LOST, "404"),
    ("job", "copy_object", T | TWO | {"CopySource": B1}, ""),
    (
        "job",
        "copy_object",
        T | TWO | {"CopySource": f"{BUCKET}/builds/tagged"},
        f"s3:GetObjectTagging {BUCKET}/builds/tagged",
    ),
    ("job", "copy_object", T | TWO | {"CopySource": f"{BUCKET}/builds/lost"}, LIST),
    ("job", "copy_object", T | TWO | {"CopySource": f"{TARGET}/builds/lost"}, "NoSuchKey"),
    ("job", "copy_object", T | TWO | {"CopySource": f"{VERSIONED}/builds/1?versionId=VERSION"}, ""),
    (
        "job",
        "copy_object",
        T | TWO | {"CopySource": f"{VERSIONED}/builds/1"},
        f"s3:GetObject {VERSIONED}/builds/1",
    ),
    ("job", "get_object", V | ONE | {"VersionId": "VERSION"}, ""),
    ("job", "get_object", V | ONE, f"s3:GetObject {VERSIONED}/builds/1"),
    (
        "job",
        "delete_object",
        V | ONE | {"VersionId": "VERSION"},
        f"s3:DeleteObjectVersion {VERSIONED}/builds/1",
    ),
    ("job", "delete_object", T | TWO, ""),
    ("job", "delete_object", T | LOST, ""),
    ("job", "delete_bucket", T, f"s3:DeleteBucket {TARGET}"),
    ("job", "put_bucket_policy", T | {"Policy": "{}"}, f"s3:PutBucketPolicy {TARGET}"),
    ("full", "get_object", B | ONE, ""),
    ("full", "get_object", B | OTHER, f"{OBJECT}/other/1 deny an identity-based policy"),
    ("full", "put_object", B | OTHER | DATA, f"{PUT}/other/1 deny an identity-based policy"),
    ("full", "list_objects_v2", B | {"Prefix": "other/"}, ""),
    ("full", "get_object_tagging", B | ONE, ""),
    ("full", "get_bucket_location", B, f"s3:GetBucketLocation {BUCKET} permissions boundary"),
    ("full", "delete_bucket", B, f"s3:DeleteBucket {BUCKET} deny a permissions boundary"),
    ("full", "get_object_torrent", B | ONE, "NotImplemented"),
    ("full", "rename_object", B | ONE | {"RenameSource": "x"}, "NotImplemented"),
]


@pytest.mark.parametrize("row", CALLS, ids=lambda row: f"{row[0]} {row[1]} {row[3]}")
def test_a_call_is_decided_as_s3_decides_it(
    world: World, row: tuple[str, str, dict[str, Any], str]
) -> None:
    who, method, params, refusal = row
    filled = json.dumps(params, default=lambda raw: raw.decode())
    filled = filled.replace("UPLOAD", world.upload).replace("VERSION", world.version)
    call = getattr(world.s3(who), method)
    if not refusal:
        call(**json.loads(filled))
        return
    with pytest.raises(ClientError) as caught:
        call(**json.loads(filled))
    error = caught.value.response["Error"]
    if " " not in refusal:
        assert error["Code"] == refusal
        return
    action, place, *decides = refusal.split(" ", 2)
    kind = decides[0] if decides else "identity-based policy"
    why = (
        f"with an explicit {kind.replace(' ', ' in ', 1)}"
        if "deny" in kind
        else NO.format(kind, action)
    )
    arn = KEY.format(world.account.id) if place == "KEY" else f"arn:aws:s3:::{place}"
    on = "" if place == "*" else f' on resource: "{arn}"'
    assert (error["Code"], error["Message"]) == (
        "AccessDenied",
        f"User: {world.arns[who]} is not authorized to perform: {action}{on} {why}",
    )


def test_a_batch_deletes_what_may_be_deleted_and_says_of_each_other_why(world: World) -> None:
    s3 = world.account.s3
    for key in ("a b", "ä&<", "kept"):
        s3.put_object(Bucket=TARGET, Key=f"batch/{key}", Body=b"")
    version = s3.put_object(Bucket=VERSIONED, Key="batch", Body=b"")["VersionId"]
    objects = [{"Key": f"batch/{key}"} for key in ("a b", "ä&<")]
    answer = world.s3("job").delete_objects(Bucket=TARGET, Delete={"Objects": objects})
    assert ([one["Key"] for one in answer["Deleted"]], answer.get("Errors")) == (
        ["batch/a b", "batch/ä&<"],
        None,
    )
    mixed = [{"Key": "batch", "VersionId": version}, {"Key": "batch"}]
    answer = world.s3("job").delete_objects(Bucket=VERSIONED, Delete={"Objects": mixed})
    (error,) = answer["Errors"]
    assert (error["Key"], error["VersionId"], error["Code"]) == ("batch", version, "AccessDenied")
    assert (
        f'perform: s3:DeleteObjectVersion on resource: "arn:aws:s3:::{VERSIONED}/batch"'
        in error["Message"]
    )
    assert len(answer["Deleted"]) == 1
    answer = world.s3("writer").delete_objects(
        Bucket=TARGET, Delete={"Objects": [{"Key": "batch/kept"}]}
    )
    assert [one["Key"] for one in answer["Errors"]] == ["batch/kept"]
    left = s3.list_objects_v2(Bucket=TARGET, Prefix="batch/")["Contents"]
    assert [one["Key"] for one in left] == ["batch/kept"]


def test_a_large_object_goes_up_and_is_copied_in_parts(world: World) -> None:
    parts = TransferConfig(multipart_threshold=PART, multipart_chunksize=PART, max_concurrency=2)
    job, data = world.s3("job"), os.urandom(PART + 1)
    job.upload_fileobj(io.BytesIO(data), TARGET, "large", Config=parts)
    job.copy({"Bucket": TARGET, "Key": "large"}, TARGET, "copied", Config=parts)
    got = io.BytesIO()
    job.download_fileobj(TARGET, "copied", got)
    assert got.getvalue() == data
    with pytest.raises(ClientError, match="s3:PutObject"):
        world.s3("reader").upload_fileobj(io.BytesIO(data), BUCKET, "builds/large", Config=parts)


@pytest.mark.parametrize(
    ("who", "command", "code", "words"),
    [
        ("job", "cp up s3://acme-site/up --recursive", 0, "upload: up/1 to s3://acme-site/up/1"),
        ("job", "sync up s3://acme-site/up --delete", 0, ""),
        ("job", "ls s3://acme-site/up/", 0, "1"),
        ("job", "cp s3://acme-site/up/1 -", 0, "one"),
        ("job", "mv s3://acme-site/up/1 s3://acme-site/moved/1", 0, "move: s3://acme-site/up/1"),
        ("job", "rm s3://acme-site/moved/ --recursive", 0, "delete: s3://acme-site/moved/1"),
        ("job", "cp s3://acme-site/lost -", 1, "(404) when calling the HeadObject operation"),
        (
            "job",
            "ls",
            255,
            f"s3:ListAllMyBuckets {NO.format('identity-based policy', 's3:ListAllMyBuckets')}",
        ),
        (
            "reader",
            "sync s3://acme-artifacts/builds/ down",
            0,
            "download: s3://acme-artifacts/builds/1",
        ),
        ("reader", "ls s3://acme-artifacts", 255, f's3:ListBucket on resource: "{ON}" because no'),
        (
            "reader",
            "sync up s3://acme-artifacts/builds/up",
            1,
            f's3:PutObject on resource: "{ON}/builds/up/1"',
        ),
        (
            "reader",
            "rm s3://acme-artifacts/builds/1",
            1,
            f's3:DeleteObject on resource: "{ON}/builds/1"',
        ),
        ("writer", "cp up/1 s3://acme-artifacts/builds/cli", 0, "upload: up/1"),
        ("writer", "cp up/1 s3://acme-artifacts/builds/cli --acl private", 1, "s3:PutObjectAcl"),
        ("writer", "sync up s3://acme-artifacts/builds/", 1, f's3:ListBucket on resource: "{ON}"'),
        (
            "full",
            "cp s3://acme-artifacts/other/1 -",
            1,
            "(403) when calling the HeadObject operation",
        ),
    ],
)
def test_the_aws_cli_gets_the_same_answers(
    world: World, tmp_path: Path, who: str, command: str, code: int, words: str
) -> None:
    (tmp_path / "up").mkdir()
    (tmp_path / "up" / "1").write_text("one")
    credentials = world.credentials[who]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        **({"AWS_SESSION_TOKEN": credentials.token} if credentials.token else {}),
        "AWS_ENDPOINT_URL": world.account.sandbox.running.aws_url,
        "AWS_REGION": REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_MAX_ATTEMPTS": "1",
        "NO_PROXY": "127.0.0.1",
    }
    run = subprocess.run(
        [sys.executable, "-m", "awscli", "s3", *command.split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert run.returncode == code, run.stderr
    assert words in run.stdout + run.stderr


def test_every_call_of_an_identity_is_recorded_without_its_secrets(world: World) -> None:
    folder = world.account.sandbox.folder
    world.s3("job").list_objects_v2(Bucket=TARGET, Prefix="builds/")
    found = [
        one
        for one in read(folder.calls)
        if one.access_key_id == world.credentials["job"].access_key
    ]
    last = found[-1]
    assert (last.operation, last.principal, last.allowed, last.status) == (
        "ListObjectsV2",
        world.arns["job"],
        True,
        200,
    )
    (check,) = last.checks
    assert (check.action, check.resource, check.policy, check.statement) == (
        "s3:ListBucket",
        f"arn:aws:s3:::{TARGET}",
        "ci",
        0,
    )
    assert check.context == {"s3:prefix": "builds/"}
    text = folder.calls.read_text()
    for one in world.credentials.values():
        assert one.secret_key not in text
        assert one.token is None or one.token not in text
    assert "sandbox/sandbox" not in text
