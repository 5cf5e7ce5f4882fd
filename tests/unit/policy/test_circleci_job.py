"""The job of a role's output: its command does what the role may, and means what it says."""

import re
import shlex
from typing import Any

import boto3
import pytest
import yaml
from botocore import xform_name
from hypothesis import given
from hypothesis import strategies as st

from components.aws.actions import Target, action
from components.iam.decide import Request, decide
from components.iam.requests import location, s3_request
from components.policy.circleci_job import OBJECT, READS, example_command, job_config
from components.policy.layout import lay_out
from components.policy.permissions import permissions
from components.settings import Role, User
from tests.unit.policy.identities import ORGANIZATION, configs, identity

ACTIONS_OF = {call: name for name, call in READS.items()}


def role(*grants: dict[str, Any]) -> User | Role:
    trust = {"organization": ORGANIZATION, "projects": ["*"]}
    wanted = [{"bucket": "acme", **grant} for grant in grants]
    return identity({"kind": "role", "trust": trust, "grants": wanted})


def command_of(of: User | Role) -> str:
    """The command of the role's job, as CircleCI hands it to a shell."""
    arn = "arn:aws:iam::111111111111:role/ci"
    config = job_config("ci", arn, "eu-west-1", permissions(of.grants))
    command: str = yaml.safe_load(config)["jobs"]["use-s3"]["steps"][1]["run"]
    assert command == example_command(permissions(of.grants))
    return command


def requests(command: str) -> list[Request]:
    """What a command asks of S3, as the AWS CLI makes it out of its words."""
    words = shlex.split(command, comments=True)
    if words[0] == "date":
        assert words[1] == "|"
        words = words[2:]
    match words:
        case ["aws", "s3", "ls", url]:
            return [s3_request(action("s3:ListBucket"), location(url))]
        case ["aws", "s3", "cp", "-", url]:
            return [s3_request(action("s3:PutObject"), location(url))]
        case ["aws", "s3", "cp", url, "."]:
            return [s3_request(action("s3:GetObject"), location(url))]
        case ["aws", "s3", "rm", url]:
            return [s3_request(action("s3:DeleteObject"), location(url))]
        case ["aws", "s3api", call, *options]:
            given_ = dict(option.removeprefix("--").split("=", 1) for option in options)
            key = given_.get("key", given_.get("prefix", ""))
            place = location(f"s3://{given_['bucket']}/{key}")
            return [s3_request(action(ACTIONS_OF[call]), place)]
        case ["aws", "sts", "get-caller-identity"]:
            return []  # STS answers it to whoever asks.
    raise AssertionError(command)


def allows(of: User | Role, request: Request) -> bool:
    layout = lay_out(of, "aws")
    arns = {grant.bucket: f"arn:aws:s3:::{grant.bucket}" for grant in of.grants}
    documents = {key: layout.document(key, arns) for key in layout.documents}
    return decide(documents, request).allowed


@pytest.mark.parametrize(
    ("grant", "command"),
    [
        ({"access": ["list", "read"]}, "aws s3 ls s3://acme/"),
        ({"access": ["list"], "prefixes": ["b/", "a/"]}, "aws s3 ls s3://acme/a/"),
        ({"access": ["full"]}, "date | aws s3 cp - s3://acme/circleci-s3-access.txt"),
        ({"access": ["write"]}, "date | aws s3 cp - s3://acme/circleci-s3-access.txt"),
        ({"access": ["read", "delete"]}, "aws s3 cp s3://acme/YOUR-OBJECT ."),
        ({"access": ["delete"], "prefixes": ["a/"]}, "aws s3 rm s3://acme/a/YOUR-OBJECT"),
        (
            {"actions": ["s3:GetObjectTagging"], "prefixes": ["a b/"]},
            "aws s3api get-object-tagging --bucket=acme --key='a b/YOUR-OBJECT'",
        ),
        (
            {"actions": ["s3:ListBucketVersions"], "prefixes": ["-/"]},
            "aws s3api list-object-versions --bucket=acme --prefix=-/ --max-items=10",
        ),
        (
            {"actions": ["s3:GetBucketPolicy", "s3:PutBucketPolicy"]},
            "aws s3api get-bucket-policy --bucket=acme",
        ),
        (
            {"actions": ["s3:DeleteBucket", "s3:GetObjectTorrent"]},
            "aws sts get-caller-identity  # no plain command shows what this role may do",
        ),
        # What a prefix may hold, and a shell, YAML or CircleCI would read.
        ({"access": ["list"], "prefixes": ["it's/"]}, """aws s3 ls 's3://acme/it'"'"'s/'"""),
        ({"access": ["list"], "prefixes": ['"; #`/']}, """aws s3 ls 's3://acme/"; #`/'"""),
        ({"access": ["list"], "prefixes": ["\\/"]}, "aws s3 ls 's3://acme/\\/'"),
        ({"access": ["list"], "prefixes": ["a\x7f\xff/"]}, "aws s3 ls 's3://acme/a\x7f\xff/'"),
        ({"access": ["list"], "prefixes": ["<<x>>/"]}, "aws s3 ls 's3://acme/<''<x>>/'"),
        ({"access": ["list"], "prefixes": ["\\<<</"]}, "aws s3 ls 's3://acme/\\<''<''</'"),
    ],
)
def test_a_role_gets_the_command_that_says_most(grant: dict[str, Any], command: str) -> None:
    of = role(grant)
    assert command_of(of) == command
    assert all(allows(of, request) for request in requests(command))


def test_listing_comes_before_all_else_and_whatever_the_order_of_grants() -> None:
    grants: list[dict[str, Any]] = [{"access": ["write"]}, {"bucket": "zebra", "access": ["list"]}]
    assert command_of(role(*grants)) == "aws s3 ls s3://zebra/"
    assert command_of(role(*reversed(grants))) == "aws s3 ls s3://zebra/"


# What a prefix may hold: Latin-1 without control characters, wildcards and variables.
PREFIXES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="*?$"))


@given(PREFIXES.map(lambda text: f"{text}/"))
def test_whatever_a_prefix_holds_the_shell_gets_it_and_circleci_sees_no_parameter(
    prefix: str,
) -> None:
    for grant in ({"access": ["read"]}, {"actions": ["s3:GetObjectTagging"]}):
        command = command_of(role({**grant, "prefixes": [prefix]}))
        assert "<<" not in command
        (request,) = requests(command)
        assert request.resource == f"arn:aws:s3:::acme/{prefix}{OBJECT}"


@given(configs("role").map(lambda config: identity({**config, "sourceIps": ["192.0.2.0/24"]})))
def test_the_command_of_any_role_is_allowed_by_its_own_documents(of: User | Role) -> None:
    for request in requests(command_of(of)):
        context = {**request.context, "aws:SourceIp": "192.0.2.1"}
        assert allows(of, Request(request.action, request.resource, context))


def test_the_role_and_its_session_reach_the_job() -> None:
    config = job_config("x", "arn:aws-cn:iam::1:role/x", "cn-north-1", (), 7_200)
    setup = yaml.safe_load(config)["jobs"]["use-s3"]["steps"][0]["aws-cli/setup"]
    assert setup == {
        "role_arn": "arn:aws-cn:iam::1:role/x",
        "role_session_name": "circleci-x",
        "region": "cn-north-1",
        "session_duration": "7200",
    }


def test_the_calls_that_only_read_are_calls_of_s3_with_the_options_that_they_get() -> None:
    model = boto3.client("s3", region_name="eu-west-1").meta.service_model
    by_command = {xform_name(name, "-"): name for name in model.operation_names}
    for name, call in READS.items():
        shape = model.operation_model(by_command[call]).input_shape
        assert re.match(r"s3:(Get|List)", name)
        of_object = action(name).target is Target.OBJECT
        assert shape
        assert shape.required_members == (["Bucket", "Key"] if of_object else ["Bucket"])
