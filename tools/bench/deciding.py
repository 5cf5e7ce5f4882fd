"""What it costs that the sandbox decides a call before moto answers it."""

import json
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from mypy_boto3_s3 import S3Client
from werkzeug.serving import make_server

from sandbox.accounts import DEFAULT_REGION, NOBODY
from sandbox.aws_server import AwsServer, Handler
from sandbox.clients import Credentials, clients_of
from sandbox.folder import Folder
from sandbox.ownership import LOOPBACK, Owner

_BUCKET: Final = "acme-bench"
_STATEMENTS: Final = 20
_WARM: Final = 20


def seconds_a_call(calls: int) -> tuple[float, float]:
    """Read an object through the gate and from plain moto in turns; return both medians.

    Both servers are in this process and share what moto holds. The caller is a user with a policy
    of twenty statements.
    """
    with TemporaryDirectory(prefix="bench-") as directory:
        decided = AwsServer(LOOPBACK, Owner("bench", 0), Folder(Path(directory)))
        decided.start()
        plain = make_server(
            LOOPBACK,
            0,
            DomainDispatcherApplication(create_backend_app),
            threaded=True,
            request_handler=Handler,
        )
        Thread(target=plain.serve_forever, daemon=True).start()
        user = _user(f"http://{LOOPBACK}:{decided.port}")
        sides = [
            clients_of(f"http://{LOOPBACK}:{port}").get("s3", user, DEFAULT_REGION)
            for port in (decided.port, plain.port)
        ]
        turns = [[_seconds(side) for side in sides] for _ in range(calls + _WARM)]
        plain.shutdown()
        ours, other = (median(side) for side in zip(*turns[_WARM:], strict=True))
        return ours, other


def _user(url: str) -> Credentials:
    """Make a user who may read the bucket, and the bucket."""
    clients = clients_of(url)
    s3, iam = (
        clients.get("s3", NOBODY, DEFAULT_REGION),
        clients.get("iam", NOBODY, DEFAULT_REGION),
    )
    s3.create_bucket(Bucket=_BUCKET)
    s3.put_object(Bucket=_BUCKET, Key="builds/1", Body=b"1")
    places = [f"arn:aws:s3:::{_BUCKET}-{index}/*" for index in range(1, _STATEMENTS)]
    statements = [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": place}
        for place in (*places, f"arn:aws:s3:::{_BUCKET}/builds/*")
    ]
    iam.create_user(UserName="bench")
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="bench", PolicyName="bench", PolicyDocument=document)
    key = iam.create_access_key(UserName="bench")["AccessKey"]
    return Credentials(key["AccessKeyId"], key["SecretAccessKey"])


def _seconds(s3: S3Client) -> float:
    began = time.perf_counter()
    s3.get_object(Bucket=_BUCKET, Key="builds/1")["Body"].read()
    return time.perf_counter() - began
