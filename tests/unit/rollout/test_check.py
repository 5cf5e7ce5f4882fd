"""What `rollout check` finds in a folder of files."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from rollout.choosing import check as module
from rollout.choosing.check import Checked, check, examined
from rollout.choosing.inventory import inventory
from rollout.choosing.workflows import _CIRCLECI as CIRCLECI
from rollout.choosing.workflows import _GITHUB as GITHUB
from rollout.choosing.workflows import read_workflows
from sandbox.folder import CHECKOUT
from tests.unit.pages import page
from tests.unit.rollout.command_line import Ask
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.settings.configs import ORGANIZATION, PROJECT, grant, role, trust, user

CREATE = "circleci-s3-access:oidcProvider"
KEY = "circleci-s3-access:identities"
OTHER, THIRD, FOURTH = (f"{digit}f5ef4a1-7c1e-4a52-9e3f-0123456789ab" for digit in "234")
CHINA = {**GUARDED, "aws:region": "cn-north-1"}
OTHER_ACCOUNT = {**GUARDED, "aws:allowedAccountIds": ["222222222222"]}


def config(account: Mapping[str, Any] = GUARDED, *, create: bool = False, **identities: Any) -> Any:
    return {**account, KEY: identities} | ({CREATE: "create"} if create else {})


def told(found: Checked) -> list[str]:
    return [f"{file}: {one}" for file, findings in found.wrong.items() for one in findings]


def test_the_page_names_the_folders_in_which_workflows_are_looked_for() -> None:
    lines = page("docs/rollout.md").splitlines()
    (row,) = [line for line in lines if line.startswith("| no workflow deploys")]
    assert re.findall(r"`(\.\S+)/`", row) == [GITHUB, CIRCLECI]


def test_every_error_of_every_file_is_told(ask: Ask, project: WriteStacks) -> None:
    root = project(
        "good",
        waves="wave: []",
        typo=config(ci=user(grants=[grant(access=["raed"]), grant(bucket="X")])),
        guard={KEY: {"ci": user(path="x")}},
        big=config(ci=user(grants=[grant(prefixes=[f"{n:03}-{'x' * 200}/" for n in range(400)])])),
        china=config(
            {**GUARDED, "aws:region": "cn-north-1"}, r=role(trust=trust(projectIdClaim=True))
        ),
    )
    (root / "Pulumi.tagged.yaml").write_text("config:\n  aws:region: !!str x\n")
    ran = ask(root, "check")
    assert ran.code == 1
    lines = ran.out.splitlines()
    starts = [
        "Pulumi.big.yaml: identities.ci.grants: make policies of 92,894 characters, which would ",
        "Pulumi.china.yaml: identities.r.trust.projectIdClaim: true: AWS supports this ",
        "Pulumi.guard.yaml: aws:allowedAccountIds: is missing; ",
        "Pulumi.guard.yaml: identities.ci.path: 'x' is not an IAM path: ",
        "Pulumi.tagged.yaml: file: can't be read: line 2: the tag !!str ",
        "Pulumi.typo.yaml: identities.ci.grants[0].access: 'raed' is not one of list, ",
        "Pulumi.typo.yaml: identities.ci.grants[1].bucket: 'X' ",
        "rollout.yaml: waves: is missing",
        "rollout.yaml: wave: is not a known key; ",
        "Pulumi.guard.yaml, Pulumi.tagged.yaml, Pulumi.typo.yaml have errors, so they were not ",
        "6 stacks checked: 9 errors",
    ]
    cut = [line[: len(start)] for line, start in zip(lines, starts, strict=True)]
    assert cut == starts


def test_nothing_wrong_ends_with_0(ask: Ask, project: WriteStacks) -> None:
    root = project(dev=config(ci=user()), prod=config(OTHER_ACCOUNT, ci=user()))
    ran = ask(root, "check")
    assert (ran.code, ran.out) == (0, "2 stacks checked: no errors\n")
    assert json.loads(ask(root, "check", "--json").out) == {"wrong": [], "unknown": []}


def test_json_has_a_line_for_each_thing(ask: Ask, project: WriteStacks) -> None:
    ran = ask(project(dev=config(ci=user(kind="usr"))), "check", "--json")
    assert ran.code == 1
    message = "'usr' is not one of user, role"
    wrong = {"file": "Pulumi.dev.yaml", "path": "identities.ci.kind", "message": message}
    assert json.loads(ran.out) == {"wrong": [wrong], "unknown": []}


def test_the_project_is_sound() -> None:
    assert check(CHECKOUT, []).wrong == {}


def test_two_stacks_that_create_one_accounts_provider(project: WriteStacks) -> None:
    listed = {"circleci-s3-access:organizations": [FOURTH]}
    root = project(
        a=config(create=True, a=role()),
        b=config(create=True, b=role(), c=role(trust=trust(organization=OTHER))),
        organization=config(create=True, d=role(trust=trust(organization=THIRD))),
        another_account=config(OTHER_ACCOUNT, create=True, a=role()),
        existing=config(e=role()),
        no_role=config(create=True, f=user()),
        listed=config(create=True) | listed,
        with_a_role=config(create=True, g=role(trust=trust(organization=FOURTH))),
    )
    said = (
        f"creates the provider of organization {ORGANIZATION} in account 111111111111 too; "
        "an account has one, so set existing in all stacks but one"
    )
    fourth = said.replace(ORGANIZATION, FOURTH)
    assert told(check(root, [])) == [
        f"Pulumi.a.yaml: oidcProvider: 'create', and Pulumi.b.yaml {said}",
        f"Pulumi.b.yaml: oidcProvider: 'create', and Pulumi.a.yaml {said}",
        f"Pulumi.listed.yaml: oidcProvider: 'create', and Pulumi.with_a_role.yaml {fourth}",
        f"Pulumi.with_a_role.yaml: oidcProvider: 'create', and Pulumi.listed.yaml {fourth}",
    ]


def test_one_name_for_two_identities_of_a_kind_in_one_account(project: WriteStacks) -> None:
    root = project(
        a=config(ci=user(), deploy=role()),
        b=config(CI=user(path="/else/"), x=role()),
        c=config(ci=role(), deploy=user()),
        other=config(OTHER_ACCOUNT, ci=user(), deploy=role()),
    )
    end = (
        "in the same account 111111111111; a user's name is unique there, whatever its case and "
        "path"
    )
    assert told(check(root, [])) == [
        f"Pulumi.a.yaml: identities.ci: is also a user of Pulumi.b.yaml, {end}",
        f"Pulumi.b.yaml: identities.CI: is also a user of Pulumi.a.yaml, {end}",
    ]


def test_globs_choose_what_is_told_and_all_files_are_looked_at(project: WriteStacks) -> None:
    waves = "waves: [{name: w, stacks: [a, gone]}, {stacks: [a, b]}]"
    root = project(a=config(ci=user()), b=config(ci=user()), c=config(x=user(kind=1)), waves=waves)
    assert [line.partition(", in the")[0] for line in told(check(root, ["a"]))] == [
        "Pulumi.a.yaml: identities.ci: is also a user of Pulumi.b.yaml",
        "rollout.yaml: waves: the stack a is in 2 waves: w, wave 2",
    ]
    assert told(check(root, ["b"])) == [
        told(check(root, ["a"]))[0]
        .replace(".a.", ".x.")
        .replace(".b.", ".a.")
        .replace(".x.", ".b.")
    ]
    assert told(check(root, []))[-3:] == [
        "rollout.yaml: waves[0].stacks[1]: 'gone' matches no stack",
        "rollout.yaml: waves: the stack a is in 2 waves: w, wave 2",
        "rollout.yaml: waves: the stack c is in no wave",
    ]


def test_a_stack_whose_account_is_unknown_is_said_to_be_compared_with_none(
    ask: Ask, project: WriteStacks
) -> None:
    two = {"aws:allowedAccountIds": ["111111111111", "222222222222"]}
    ran = ask(project(a=config(ci=user()), b=config(two, ci=user())), "check")
    assert ran.code == 0
    assert ran.out.splitlines()[0] == (
        "Pulumi.b.yaml allows the accounts 111111111111, 222222222222: which one the stack lives "
        "in is unknown, so it was not compared with other stacks of that account."
    )


def test_a_file_that_was_not_compared_because_of_its_errors_is_named(
    project: WriteStacks,
) -> None:
    bad = config(ci=user(grants=[grant(access=["raed"])]))
    unknown = "Pulumi.b.yaml has errors, so it was not compared with other stacks."
    assert check(project(a=config(ci=user()), b=bad), []).unknown == (unknown,)
    china = config(CHINA, r=role(trust=trust(projectIdClaim=True)))
    assert check(project(a=config(ci=user()), b=china), ["b"]).unknown == ()  # it was compared


def test_a_stack_that_is_alone_is_compared_with_none(project: WriteStacks) -> None:
    assert check(project(a=config(ci=user(kind=1))), []).unknown == ()


def test_the_account_is_the_one_that_the_roles_end_in(project: WriteStacks) -> None:
    assumed = {
        **OTHER_ACCOUNT,
        "aws:allowedAccountIds": ["111111111111", "222222222222"],
        "aws:assumeRoles": [{"roleArn": "arn:aws:iam::111111111111:role/x"}],
    }
    found = check(project(a=config(ci=user()), b=config(assumed, ci=user())), [])
    assert list(found.wrong) == ["Pulumi.a.yaml", "Pulumi.b.yaml"]


def test_settings_of_another_program_are_its_own_business(project: WriteStacks) -> None:
    root = project(dev=GUARDED)
    assert told(check(root, []))[0].startswith("Pulumi.dev.yaml: identities: is missing")
    (root / "Pulumi.yaml").write_text("name: another\nruntime: python\n")
    assert told(check(root, [])) == []
    assert inventory(root) == examined(inventory(root))


def test_a_projects_file_that_can_not_be_used_is_told_alone(ask: Ask, project: WriteStacks) -> None:
    root = project("dev", "prod")
    (root / "Pulumi.yaml").write_text("name: circleci-s3-access\nstackConfigDir: stacks\n")
    ran = ask(root, "check")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error: Pulumi.yaml: stackConfigDir: moves the stack files; they must be beside "
        "Pulumi.yaml\n"
    )


def workflows(root: Path) -> Path:
    for name in (".github", ".circleci"):
        copytree(CHECKOUT / name, root / name)
    return root


def test_the_projects_own_workflows_are_understood(project: WriteStacks) -> None:
    found = read_workflows(workflows(project()))
    assert found.unknown == ()
    assert found.globs == {
        ".github/workflows/up.yml": ("dev*", "prod*"),
        ".circleci/rollout.yml": ("dev*", "prod*"),
    }


APPLIED = ".github/workflows/up.yml has dev*, prod*; .circleci/rollout.yml has dev*, prod*"


def test_a_stack_that_no_workflow_applies_is_told(project: WriteStacks) -> None:
    root = workflows(project("dev", "prod-2", "stray", "x-1", "x-2"))
    assert told(check(root, ["stray"])) == [
        f"workflows: stacks: no workflow deploys stray: {APPLIED}. Add it to `stacks` there"
    ]
    them = "stray, x-1, x-2"
    assert told(check(root, [])) == [
        f"workflows: stacks: no workflow deploys {them}: {APPLIED}. Add them to `stacks` there"
    ]
    assert told(check(root, ["dev"])) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (".github/workflows/up.yml", "stacks: dev*", "stacks: ${{ vars.STACKS }}"),
        (".github/workflows/up.yml", "      stacks: dev*\n", ""),
        (".github/workflows/drift.yml", "rollout drift --redact --exit-code", "rollout up --yes"),
        (".circleci/rollout.yml", "stacks: dev*", "stacks: << pipeline.parameters.stacks >>"),
        (".circleci/rollout.yml", "workflows:", "workflows: ["),
    ],
)
def test_what_a_file_does_not_tell_of_what_it_applies_is_unknown(
    ask: Ask, project: WriteStacks, file: str, old: str, new: str
) -> None:
    root = workflows(project("dev", "stray"))
    path = root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    ran = ask(root, "check")
    assert ran.code == 0
    assert f"Which stacks {file} deploys is not clear from the file: not checked." in ran.out


def test_without_workflows_that_apply_nothing_is_said_of_them(project: WriteStacks) -> None:
    root = project("stray")
    (root / ".circleci").mkdir()
    (root / ".circleci/rollout.yml").write_text("jobs: {test: {steps: [run: make test]}}\n")
    found = check(root, [])
    assert (found.wrong, found.unknown) == ({}, ())


def test_check_asks_nobody(
    project: WriteStacks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    root = project(dev=config(ci=user(), r=role(trust=trust(projects=[PROJECT]))))
    monkeypatch.setattr("subprocess.Popen", None)
    monkeypatch.setattr("socket.socket", None)
    before = sorted(tmp_path.rglob("*"))
    assert module.check(root, []).wrong == {}
    assert sorted(tmp_path.rglob("*")) == before
