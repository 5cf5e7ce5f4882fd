import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.environment import SHIM, _path_without_shims, as_shell, for_process
from sandbox.lifecycle import SandboxError
from sandbox.ownership import Owner
from sandbox.stacks import SandboxStack, find_stack, find_stacks, usable_stacks

HOSTILE = {"PATH": "/usr/bin:/bin", "SPACE": "a b", "QUOTE": 'it\'s "$HOME" `x` \\', "EMPTY": ""}


def test_a_shell_reads_every_value_as_it_is() -> None:
    lines = as_shell(HOSTILE)
    echo = "; ".join(f'printf "%s\\0" "${name}"' for name in HOSTILE)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{lines}\n{echo}"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\0")[:-1] == list(HOSTILE.values())


def test_the_users_aws_settings_are_out_of_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("AWS_REGION", "us-east-2")
    made = {"AWS_REGION": "eu-west-1"}
    lines = as_shell(made).splitlines()
    assert "unset AWS_PROFILE" in lines
    assert "unset AWS_REGION" not in lines
    assert "AWS_PROFILE" not in for_process(made)
    assert for_process(made)["AWS_REGION"] == "eu-west-1"


def test_paths_with_a_shim_are_left_out_whoever_put_them_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "pulumi").write_text("#!/bin/sh\n")
    monkeypatch.setenv("PATH", f"{SHIM}:{tmp_path}:{SHIM}")
    assert _path_without_shims() == f"{Path(sys.executable).parent}:{tmp_path}"
    assert shlex.quote(str(SHIM)) == str(SHIM)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"instance": "x"}', '{"instance":1,"pid":"x"}'])
def test_another_servers_answer_names_no_owner(text: str) -> None:
    assert Owner.read(text) is None


def test_an_owner_goes_over_the_wire() -> None:
    owner = Owner("abc", 12)
    assert Owner.read(owner.text()) == owner


@pytest.fixture
def root(tmp_path: Path) -> Path:
    grants = "[{bucket: acme-a, access: [read]}, {bucket: acme-b, access: [read]}]"
    identities = f"{{ci: {{kind: user, grants: {grants}}}}}"
    for name, more in {
        "dev": f"circleci-s3-access:identities: {identities}",
        "acct-1": "aws:allowedAccountIds: ['111111111111']\n  aws:region: eu-west-1",
        "acct-2": "aws:assumeRoles: [{roleArn: 'arn:aws:iam::222222222222:role/x'}]",
    }.items():
        (tmp_path / f"Pulumi.{name}.yaml").write_text(f"config:\n  {more}\n")
    return tmp_path


def test_a_stack_lives_where_its_file_says(root: Path) -> None:
    def place(stack: SandboxStack) -> tuple[str, str, str]:
        return stack.name, stack.account, stack.region

    assert [place(stack) for stack in find_stacks(root, ["acct-*", "dev"])] == [
        ("acct-1", "111111111111", "eu-west-1"),
        ("acct-2", "222222222222", "us-east-1"),
        ("dev", "123456789012", "us-east-1"),
    ]


def test_buckets_are_those_of_a_config_without_errors(root: Path) -> None:
    (dev, broken) = find_stacks(root, ["dev", "acct-1"])[::-1]
    assert dev.buckets == ("acme-a", "acme-b")
    assert broken.buckets == ()


def test_one_stack_is_not_taken_from_several(root: Path) -> None:
    assert find_stack(root, "d*").name == "dev"
    with pytest.raises(SandboxError, match=r"'acct-\*' matches several stacks: acct-1, acct-2"):
        find_stack(root, "acct-*")


def test_a_pattern_that_matches_no_stack_is_an_error(root: Path) -> None:
    with pytest.raises(SandboxError, match=r"no Pulumi\.prod\.yaml .* acct-1, acct-2, dev"):
        find_stacks(root, ["dev", "prod"])


def test_a_file_with_errors_is_told_and_keeps_no_other_stack_out(root: Path) -> None:
    (root / "Pulumi.acct-2.yaml").write_text("config: [")
    usable, errors = usable_stacks(root, ["*"])
    assert [stack.name for stack in usable] == ["dev"]
    assert [str(error).partition("; ")[0] for error in errors] == [
        "Pulumi.acct-1.yaml: identities: is missing: a mapping of IAM names to identities",
        (
            "Pulumi.acct-2.yaml: file: can't be read: line 1: expected the node content, but found "
            "'<stream end>'"
        ),
    ]
