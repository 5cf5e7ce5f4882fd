"""`rollout who`: over all stacks, who may do what in a place."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from components.aws.actions import ACCESS, action
from components.iam.decide import decide
from components.iam.requests import Caller, Location, location, s3_request
from components.settings import load
from components.settings.stack_file import StackFile, read
from rollout.asking import who as module
from rollout.asking.asked import NOT_LOOKED_AT
from rollout.asking.who import _rights
from rollout.asking.who_report import show
from sandbox.folder import CHECKOUT
from tests.unit.rollout.command_line import Ask
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.rollout.planning import documents_of
from tests.unit.settings.configs import ORGANIZATION, PROJECT, grant, role, trust, user

WRITES = grant(bucket="acme-site", access=["list", "write"], prefixes=["public/", "docs/"])
PROD: dict[str, Any] = {
    "deploy": role(
        grants=[WRITES, grant(bucket="other")],
        trust=trust(origins=["github.com/acme/app"], refs=["refs/heads/main"]),
        permissionsBoundary="arn:aws:iam::111111111111:policy/limit",
    ),
    "elsewhere": user(grants=[grant(bucket="other")]),
}
DEV: dict[str, Any] = {
    "ci": user(
        grants=[grant(bucket="acme-site", access=["full"])],
        accessKeys=["2026-11"],
        sourceIps=["192.0.2.0/24"],
        requireTls=True,
    ),
}


@pytest.fixture
def root(project: WriteStacks) -> Path:
    return project(
        prod={**GUARDED, "identities": PROD},
        dev={**GUARDED, "identities": DEV},
        none={**GUARDED, "identities": {"x": user(grants=[grant(bucket="unrelated")])}},
    )


def holders(ask: Ask, root: Path, *args: str) -> list[tuple[str, str, list[str], list[str]]]:
    found = json.loads(ask(root, "who", *args, "--json").out)["holders"]
    return [(one["stack"], one["identity"], one["actions"], one["resources"]) for one in found]


WRITE = sorted(one.name for one in ACCESS["write"])


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (
            ("s3://acme-site/public/x",),
            [
                ("dev", "ci", ["s3:*"], ["acme-site/*"]),
                ("prod", "deploy", WRITE, ["acme-site/public/*"]),
                ("prod", "deploy", ["s3:GetBucketLocation"], ["acme-site"]),
                ("prod", "deploy", ["s3:ListBucket"], ["acme-site"]),
            ],
        ),
        (
            ("s3://acme-site/private/x", "--stacks", "prod"),
            [("prod", "deploy", ["s3:GetBucketLocation"], ["acme-site"])],
        ),
        (
            ("s3://acme-site", "--action", "s3:PutObject"),
            [
                ("dev", "ci", ["s3:*"], ["acme-site/*"]),
                ("prod", "deploy", ["s3:PutObject"], ["acme-site/docs/*", "acme-site/public/*"]),
            ],
        ),
        (
            ("s3://acme-site/public/images/", "prod", "--action", "s3:PutObject"),
            [("prod", "deploy", ["s3:PutObject"], ["acme-site/public/*"])],
        ),
        (
            ("s3://acme-site/publ", "--action", "s3:PutObject", "--stacks", "pr*"),
            [],
        ),
        (
            ("s3://acme-site/x", "-a", "s3:ListBucket", "-a", "s3:GetBucketLocation"),
            [("prod", "deploy", ["s3:GetBucketLocation"], ["acme-site"])],
        ),
    ],
)
def test_who_may_do_what_there(
    ask: Ask,
    root: Path,
    args: tuple[str, ...],
    expected: list[tuple[str, str, list[str], list[str]]],
) -> None:
    assert holders(ask, root, *args) == expected


def test_under_which_conditions_and_by_which_jobs_or_keys(ask: Ask, root: Path) -> None:
    found = json.loads(ask(root, "who", "s3://acme-site/public/x", "--json").out)["holders"]
    ci, listing = found[0], found[3]
    assert ci["conditions"] == ["aws:SourceIp is in 192.0.2.0/24", "over TLS"]
    assert (ci["via"], ci["permissionsBoundary"]) == ("access keys 2026-11", None)
    assert "boundary" not in ci
    assert listing["conditions"] == ["s3:prefix is public/*"]
    assert listing["via"] == (
        f"CircleCI jobs of organization {ORGANIZATION}, project {PROJECT}, "
        "from origin github.com/acme/app, at ref refs/heads/main"
    )
    assert listing["permissionsBoundary"] == "arn:aws:iam::111111111111:policy/limit"


def test_the_table_is_for_people(ask: Ask, root: Path) -> None:
    ran = ask(root, "who", "s3://acme-site/public/x", "--action", "s3:PutObject")
    lines = [line.rstrip() for line in ran.out.splitlines()]
    assert (ran.code, ran.err) == (0, "")
    assert lines[:3] == [
        "stack  identity  kind  may           on",
        (
            "dev    ci        user  s3:*          "
            "acme-site/* where aws:SourceIp is in 192.0.2.0/24 and over TLS"
        ),
        "prod   deploy    role  s3:PutObject  acme-site/public/*",
    ]
    words = " ".join(ran.out.split())
    assert "ci of dev: access keys 2026-11" in words
    assert f"deploy of prod: CircleCI jobs of organization {ORGANIZATION}" in words
    assert NOT_LOOKED_AT in words
    assert "Only identities of this project's stacks are listed." in words
    assert "deploy has the permissions boundary arn:aws:iam::111111111111:policy/limit." in words


def test_on_a_terminal_no_action_is_cut_in_two(root: Path) -> None:
    (root / "Pulumi.a-stack-with-quite-a-name.yaml").write_bytes(
        (root / "Pulumi.prod.yaml").read_bytes()
    )
    text = on_a_terminal(root, "s3://acme-site/public/x")
    assert "s3:ListMultipartUploadParts," in text


def on_a_terminal(root: Path, place: str, width: int = 80) -> str:
    """What a terminal shows; every word of the answer is in it, in one piece."""
    file, where = io.StringIO(), location(place)
    console = Console(file=file, force_terminal=True, color_system=None, width=width, _environ={})
    found = module.list_holders(root, where)
    show(console, where, found)
    text = file.getvalue()
    assert all(len(line) <= width for line in text.splitlines())
    words = {word.rstrip(",:") for word in text.split()}
    for one in found.holders:
        cells = (one.stack, one.identity, *one.actions, *one.resources, *one.conditions)
        assert {word for cell in cells for word in cell.split()} <= words
    return text


@pytest.mark.parametrize("name", ["prod", "acme-production", "a-stack-with-quite-a-long-name"])
def test_on_a_terminal_of_80_columns_every_word_is_shown(project: WriteStacks, name: str) -> None:
    held = [grant(bucket="acme-production-website", access=["list", "write"], prefixes=["public/"])]
    text = on_a_terminal(
        project(**{name: {**GUARDED, "identities": {"circleci-deploy": role(grants=held)}}}),
        "s3://acme-production-website/public/x",
    )
    assert "where s3:prefix is public/*" in " ".join(text.split())


def test_a_terminal_that_is_too_narrow_for_the_table_shows_a_few_lines_for_each(
    project: WriteStacks,
) -> None:
    root = project(
        dev={**GUARDED, "identities": {"ci": user(grants=[grant(access=["full"], bucket="acme")])}}
    )
    assert on_a_terminal(root, "s3://acme/x", width=30).splitlines()[:3] == [
        "dev: user ci",
        "  may s3:*",
        "  on acme/*",
    ]


def test_in_a_pipe_nothing_is_wrapped_or_padded(ask: Ask, root: Path) -> None:
    shown = ask(root, "who", "s3://acme-site/public/x").out.splitlines()
    assert not any(line.endswith(" ") for line in shown)
    assert max(map(len, shown)) > 80
    assert any(line.startswith("deploy of prod: CircleCI jobs of org") for line in shown)
    assert shown[-2] == f"Only identities of this project's stacks are listed. {NOT_LOOKED_AT}"


def test_identities_that_are_alike_in_many_stacks_are_explained_once(
    ask: Ask, project: WriteStacks
) -> None:
    stacks = {f"acct{number}": {**GUARDED, "identities": PROD} for number in range(9)}
    stacks["acct0"] = {**GUARDED, "identities": {"deploy": {**PROD["deploy"], **_other_boundary()}}}
    ran = ask(project(**stacks), "who", "s3://acme-site/public/x")
    assert ran.out.count("CircleCI jobs of organization") == 1
    assert "deploy of 9 stacks:" in ran.out
    assert "deploy has a permissions boundary in 9 stacks." in " ".join(ran.out.split())


def _other_boundary() -> dict[str, str]:
    return {"permissionsBoundary": "arn:aws:iam::222222222222:policy/limit"}


def test_nobody_is_said_too(ask: Ask, root: Path) -> None:
    ran = ask(root, "who", "s3://nobodys/x")
    assert ran.code == 0
    assert ran.out.startswith("No identity of these stacks may do anything on s3://nobodys/x.")


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (("acme-site",), "'acme-site' is neither s3://bucket nor s3://bucket/key"),
        (("s3://acme-site", "--action", "s3:GetObjects"), "'s3:GetObjects' is not an S3 action"),
        (("s3://acme-site", "--stacks", "nope"), "No stack for 'nope'"),
        ((), "Missing argument"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    ask: Ask, root: Path, args: tuple[str, ...], error: str
) -> None:
    ran = ask(root, "who", *args)
    assert (ran.code, ran.out) == (2, "")
    assert error in ran.err


def test_a_file_that_can_not_be_used_is_told_beside_the_others(
    ask: Ask, project: WriteStacks
) -> None:
    bad = {"ci": user(grants=[grant(bucket="acme-site", access=["raed"])])}
    root = project(bad={**GUARDED, "identities": bad}, dev={**GUARDED, "identities": DEV})
    ran = ask(root, "who", "s3://acme-site/x", "--json")
    told = json.loads(ran.out)
    assert ran.code == 2
    assert [one["stack"] for one in told["holders"]] == ["dev"]
    assert "'raed' is not one of" in told["errors"]["bad"]
    assert "error: Pulumi.bad.yaml: " in ran.err


def test_a_name_is_found_however_the_file_spells_it(project: WriteStacks) -> None:
    root = project(dev={**GUARDED, "identities": DEV})
    file = root / "Pulumi.dev.yaml"
    file.write_text(file.read_text().replace("acme-site", '"acme\\x2dsite"'))
    assert len(module.list_holders(root, Location("acme-site", "x")).holders) == 1


@pytest.mark.parametrize(
    "written",
    [
        b"bucket: !!binary YWNtZS1zaXRl",
        "bucket: acme-site".encode("utf-16"),
    ],
)
def test_no_file_hides_an_identity(ask: Ask, project: WriteStacks, written: bytes) -> None:
    """The engine reads the bucket's name in both."""
    root = project(dev={**GUARDED, "identities": DEV})
    file = root / "Pulumi.dev.yaml"
    encoding = "utf-16" if written.startswith(b"\xff") else "utf-8"
    text = file.read_text().replace("bucket: acme-site", written.decode(encoding))
    file.write_bytes(text.encode(encoding))
    ran = ask(root, "who", "s3://acme-site/public/x")
    assert ran.code == 2
    assert "Pulumi.dev.yaml: file: can't be read: line " in ran.err


def test_what_the_projects_file_grants_is_listed_for_every_stack(
    ask: Ask, project: WriteStacks
) -> None:
    root = project(dev=GUARDED, prod={**GUARDED, "identities": PROD})
    text = json.dumps({"identities": {"value": DEV}})
    with (root / "Pulumi.yaml").open("a") as file:
        file.write(f"config: {text}\n")
    found = holders(ask, root, "s3://acme-site/public/x")
    assert {(stack, identity) for stack, identity, *_ in found} == {
        ("dev", "ci"),
        ("prod", "deploy"),
    }


def test_a_file_without_the_name_is_not_read(
    project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project(dev={**GUARDED, "identities": DEV}, other={**GUARDED, "identities": PROD})
    opened: list[str] = []

    def opening(path: Path, stack: str) -> StackFile:
        opened.append(stack)
        return read(path, stack)

    monkeypatch.setattr(module, "read", opening)
    module.list_holders(root, Location("other", "x"))
    assert opened == ["other"]


def test_the_command_line_needs_neither_pulumi_nor_an_engine() -> None:
    code = "import sys, rollout.cli; sys.exit('pulumi' in sys.modules or 'boto3' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, check=True)


GRANTS = st.lists(
    st.fixed_dictionaries(
        {
            "bucket": st.sampled_from(["acme-a", "acme-b"]),
            "access": st.lists(
                st.sampled_from(["list", "read", "write", "delete"]), min_size=1, unique=True
            ),
            "prefixes": st.lists(
                st.sampled_from(["a/", "a/b/", "ab/", "c/"]), min_size=1, max_size=3, unique=True
            )
            | st.none(),
        }
    ).map(lambda held: {key: value for key, value in held.items() if value is not None}),
    min_size=1,
    max_size=4,
)
ACTIONS = [one.name for word in ("list", "read", "write", "delete") for one in ACCESS[word]]


@given(
    GRANTS,
    st.sampled_from([{}, {"requireTls": True}]),
    st.sampled_from([{}, {"sourceIps": ["192.0.2.0/24"]}]),
    st.sampled_from(["acme-a", "acme-b", "acme-c"]),
    st.sampled_from(["a/x", "a/b/x", "ab/x", "abc", "x", "a/b/c/d"]),
)
def test_it_lists_exactly_those_whom_their_documents_allow(
    grants: list[dict[str, Any]],
    tls: dict[str, Any],
    ips: dict[str, Any],
    bucket: str,
    key: str,
) -> None:
    """Against the evaluator: for each action, a call over TLS from an address that is allowed."""
    identity = load("t", {"identities": {"u": user(grants=grants, **tls, **ips)}}).identities["u"]
    documents = documents_of(identity)
    place, caller = Location(bucket, key), Caller(source_ip="192.0.2.7")
    for name in ACTIONS:
        request = s3_request(action(name), place, caller=caller)
        listed = bool(list(_rights(identity, place, [action(name)])))
        assert listed is decide(documents, request).allowed, name
