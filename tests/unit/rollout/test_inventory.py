from pathlib import Path

import pytest

from rollout.choosing.inventory import inventory, project_root, select
from rollout.errors import RolloutError
from tests.unit.rollout.conftest import GUARDED, WriteStacks

ROLE = "arn:aws:iam::{}:role/deploy"
IDENTITIES = "circleci-s3-access:identities"


def test_every_stack_file_is_a_member(project: WriteStacks) -> None:
    root = project("prod", "dev")
    (root / "Pulumi.dev.yaml.bak").write_text("")
    assert [(m.name, m.account, m.region, m.error) for m in inventory(root)] == [
        ("dev", "111111111111", "eu-west-1", None),
        ("prod", "111111111111", "eu-west-1", None),
    ]


def test_a_stack_that_allows_no_account_has_an_error(project: WriteStacks) -> None:
    (member,) = inventory(project(dev={"aws:region": "eu-west-1", IDENTITIES: {}}))
    assert member.error == (
        "Pulumi.dev.yaml: aws:allowedAccountIds: is missing; a rollout needs it: "
        'the stack\'s account, ["111111111111"]'
    )


def test_what_else_is_wrong_is_told_beside_a_missing_account(project: WriteStacks) -> None:
    (member,) = inventory(project(dev={IDENTITIES: {"ci": {"kind": "usr"}}}))
    assert member.error is not None
    assert "aws:allowedAccountIds: is missing" in member.error
    assert "identities.ci.kind: 'usr' is not one of user, role" in member.error


def test_a_role_in_an_account_that_is_not_allowed_is_an_error(project: WriteStacks) -> None:
    roles = [{"roleArn": ROLE.format("111111111111")}, {"roleArn": ROLE.format("222222222222")}]
    (member,) = inventory(project(dev={**GUARDED, "aws:assumeRoles": roles, IDENTITIES: {}}))
    assert member.error == (
        "Pulumi.dev.yaml: aws:assumeRoles: end in account 222222222222, which "
        "aws:allowedAccountIds does not allow: 111111111111"
    )


def test_a_role_in_an_allowed_account_is_none(project: WriteStacks) -> None:
    roles = [{"roleArn": ROLE.format("111111111111")}]
    (member,) = inventory(project(dev={**GUARDED, "aws:assumeRoles": roles}))
    assert member.error is None


def test_what_is_no_account_id_is_an_error(project: WriteStacks) -> None:
    (member,) = inventory(project(dev={"aws:allowedAccountIds": ["12"]}))
    assert member.error is not None
    assert "'12' is not an account id" in member.error


@pytest.mark.parametrize("roles", ["role", {"roleArn": "x"}, ["x"], [None], 3, [{"roleArn": 1}]])
def test_roles_of_another_form_end_in_no_traceback(project: WriteStacks, roles: object) -> None:
    assert inventory(project(dev={**GUARDED, "aws:assumeRoles": roles}))


def test_a_file_that_cannot_be_read_is_a_member_with_an_error(project: WriteStacks) -> None:
    root = project("good")
    (root / "Pulumi.bad.yaml").write_text("config: [")
    bad, good = inventory(root)
    assert good.error is None
    assert bad.error is not None
    assert bad.error.startswith("Pulumi.bad.yaml: file: can't be read")
    assert (bad.account, bad.region) == (None, None)


def test_patterns_choose_names_and_globs(project: WriteStacks) -> None:
    members = inventory(project("acct-1", "acct-2", "dev", "prod"))
    assert [m.name for m in select(members, ["acct-*", "dev"])] == ["acct-1", "acct-2", "dev"]
    assert select(members, []) == members


def test_all_patterns_that_match_nothing_are_named(project: WriteStacks) -> None:
    members = inventory(project("dev", "prod"))
    message = "No stack for 'prdo', 'a-*'; the stacks here are: dev, prod."
    with pytest.raises(RolloutError) as caught:
        select(members, ["prdo", "dev", "a-*"])
    assert str(caught.value) == message


def test_a_project_without_stacks_says_so(project: WriteStacks) -> None:
    with pytest.raises(RolloutError, match=r"none, since there is no Pulumi\.<stack>\.yaml"):
        select(inventory(project()), [])


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RolloutError, match=r"There is no Pulumi\.yaml in "):
        project_root(tmp_path)
