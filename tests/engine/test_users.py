"""Users on the real engine, against the sandbox."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.engine.harness import Project, Stack


@pytest.fixture
def grant(bucket: str) -> dict[str, Any]:
    return {"bucket": bucket, "access": ["list", "read"], "prefixes": ["builds/"]}


def users(grant: dict[str, Any], **named: dict[str, Any]) -> dict[str, Any]:
    identities = {name: {"kind": "user", "grants": [grant], **more} for name, more in named.items()}
    return {"identities": identities}


def policy(stack: Stack, user: str) -> dict[str, Any]:
    found = stack.iam.get_user_policy(UserName=user, PolicyName="s3-access")
    return found["PolicyDocument"]  # type: ignore[return-value]


def test_up_makes_the_user_and_a_second_preview_finds_nothing_to_do(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={"path": "/ci/", "tags": {"team": "platform"}}))
    stack.up()
    user = stack.iam.get_user(UserName="ci")["User"]
    assert user["Path"] == "/ci/"
    assert user["Tags"] == [{"Key": "team", "Value": "platform"}]
    assert {one["Action"] for one in policy(stack, "ci")["Statement"]} == {
        "s3:GetBucketLocation",
        "s3:GetObject",
        "s3:ListBucket",
    }
    stack.preview("--expect-no-changes")
    stack.destroy()


def test_full_is_exactly_the_console_steps_statement(checkout: Project, bucket: str) -> None:
    full = {"bucket": bucket, "access": ["full"]}
    stack = checkout.stack(users(full, ci={}))
    stack.up()
    assert policy(stack, "ci") == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "VisualEditor1",
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": f"arn:aws:s3:::{bucket}/*",
            }
        ],
    }


def test_a_changed_grant_updates_its_policy_in_place_and_nothing_else(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={"accessKeys": ["a"]}, other={}))
    stack.up()
    stack.write(
        users(grant, ci={"accessKeys": ["a"], "grants": [{**grant, "access": ["read"]}]}, other={})
    )
    assert stack.up().changed == {"update": ["ci-inline"]}
    assert [one["Action"] for one in policy(stack, "ci")["Statement"]] == ["s3:GetObject"]


def test_a_renamed_identity_is_replaced(checkout: Project, grant: dict[str, Any]) -> None:
    stack = checkout.stack(users(grant, ci={}))
    stack.up()
    stack.write(users(grant, builder={}))
    changed = stack.up().changed
    assert set(changed) == {"create", "delete"}
    assert [one["UserName"] for one in stack.iam.list_users()["Users"]] == ["builder"]


def test_drift_is_seen_by_refresh_and_the_next_up_mends_it(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={}))
    stack.up()
    wished = policy(stack, "ci")
    wider = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    stack.iam.put_user_policy(
        UserName="ci", PolicyName="s3-access", PolicyDocument=json.dumps(wider)
    )
    assert stack.preview("--refresh", "--expect-no-changes", ok=False).code != 0
    stack.refresh()
    assert stack.up().changed == {"update": ["ci-inline"]}
    assert policy(stack, "ci") == wished


def test_keys_rotate_by_their_labels(checkout: Project, grant: dict[str, Any]) -> None:
    """A label more makes a key beside the old one, one less deletes it, nothing else changes."""
    stack = checkout.stack(users(grant, ci={"accessKeys": ["a"]}))
    stack.up()
    old = stack.outputs()["identities"]["ci"]["accessKeyId"]
    stack.write(users(grant, ci={"accessKeys": ["a", "b"]}))
    assert stack.up().changed == {"create": ["ci-key-b"]}
    new = stack.outputs()["identities"]["ci"]["accessKeyId"]
    keys = {
        one["AccessKeyId"] for one in stack.iam.list_access_keys(UserName="ci")["AccessKeyMetadata"]
    }
    assert keys == {old, new}
    assert old != new
    stack.write(users(grant, ci={"accessKeys": ["b"]}))
    assert stack.up().changed == {"delete": ["ci-key-a"]}
    assert stack.outputs()["identities"]["ci"]["accessKeyId"] == new


def test_a_keys_secret_is_in_no_output_state_or_log(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={"accessKeys": ["a"]}))
    run = stack.up()
    secret = stack.outputs(show_secrets=True)["identities"]["ci"]["secretAccessKey"]
    assert len(secret) == 40
    told = [run.stdout, run.stderr, json.dumps(stack.outputs()), json.dumps(stack.resources())]
    for text in (*told, stack.preview("--diff").stdout, stack.refresh().stdout):
        assert secret not in text
    for file in stack.project.sandbox.folder.root.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    assert stack.outputs()["identities"]["ci"]["secretAccessKey"] == "[secret]"


def test_destroy_leaves_nothing(checkout: Project, grant: dict[str, Any]) -> None:
    stack = checkout.stack(users(grant, ci={"accessKeys": ["a"]}))
    stack.up()
    stack.destroy()
    assert stack.iam.list_users()["Users"] == []
    assert stack.iam.list_policies(Scope="Local")["Policies"] == []


def test_bad_config_fails_in_one_message_and_changes_nothing(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={}))
    stack.up()
    before = stack.resources()
    bad = {"grants": [{**grant, "access": ["raed"]}, {**grant, "bucket": "s3://acme-artifacts"}]}
    stack.write(users(grant, ci=bad, other={}), buckets=False)
    run = stack.up(ok=False)
    name = f"Pulumi.{stack.name}.yaml"
    assert f"{name}: identities.ci.grants[0].access: 'raed' is not one of list" in run.messages
    assert "did you mean acme-artifacts?" in run.messages
    assert "Traceback" not in run.messages
    assert stack.resources() == before
    assert [one["UserName"] for one in stack.iam.list_users()["Users"]] == ["ci"]


def test_config_that_is_not_the_files_alone_is_refused_and_changes_nothing(
    checkout: Project, grant: dict[str, Any], tmp_path: Path
) -> None:
    stack = checkout.stack(users(grant, ci={}))
    stack.up()
    before = stack.resources()
    text = stack.file.read_text()
    other = tmp_path / "other.yaml"
    other.write_text(text.replace("    ci:\n", "    hidden:\n"))
    run = stack.up("--config-file", str(other), ok=False)
    name = f"Pulumi.{stack.name}.yaml"
    assert f"{name}: identities: Pulumi gives the program another value" in run.messages
    stack.file.write_text(f"{text}  identities: {{}}\n")
    run = stack.up(ok=False)
    assert f"{name}: config.identities: line " in run.messages
    assert "is the same key to Pulumi as 'circleci-s3-access:identities' in line " in run.messages
    assert "Traceback" not in run.messages
    assert stack.resources() == before


def test_a_missing_bucket_is_named_with_its_identity_and_no_identity_is_made(
    checkout: Project, grant: dict[str, Any]
) -> None:
    stack = checkout.stack(users(grant, ci={}), buckets=False)
    run = stack.up(ok=False)
    place = f"Pulumi.{stack.name}.yaml: identities.ci.grants[0].bucket: '{grant['bucket']}'"
    assert place in run.messages
    assert "Traceback" not in run.messages
    assert stack.iam.list_users()["Users"] == []


def test_a_document_reads_back_as_it_was_sent(checkout: Project, grant: dict[str, Any]) -> None:
    stack = checkout.stack(users(grant, ci={"requireTls": True, "sourceIps": ["192.0.2.0/24"]}))
    stack.up()
    sent = stack.resources()["ci-inline"]["inputs"]["policy"]
    assert policy(stack, "ci") == json.loads(sent)
