"""docs/ci.md names all that the files need, and its trust lets in whom its tables say."""

import json
import re
from typing import Any, Final

import pytest

from components.circleci.subject import Job
from components.iam.decide import decide_trust, web_identity
from components.iam.document import PolicyDocument
from components.policy.trust import provider_arn, trust_document
from components.settings.model import Trust
from tests.unit.ci.files import ALL, CIRCLECI, DOCS, load, values
from tests.unit.pages import ROOT, links, page
from tests.unit.policy.trusts import claims

TEXT: Final = DOCS.read_text(encoding="utf-8")
POLICIES: Final[dict[str, PolicyDocument]] = {
    name: json.loads(text)
    for name, text in re.findall(r"<!-- policy: ([\w-]+) -->\n```json\n(.*?)```", TEXT, re.DOTALL)
}


def test_page_links_to_every_file() -> None:
    linked = {(DOCS.parent / link).resolve() for link in links(TEXT) if link.startswith("../")}
    shared = ROOT / ".github" / "actions" / "setup" / "action.yml"  # what the workflows share
    assert {path for path in ALL if path not in linked} == {shared}


def contexts() -> set[str]:
    """The contexts of CircleCI's jobs, which have one or a list of them."""
    found = values(load(CIRCLECI)["workflows"], "context")
    return {name for one in found for name in ([one] if isinstance(one, str) else one)}


def test_page_names_every_variable_context_and_environment() -> None:
    files = "".join(path.read_text(encoding="utf-8") for path in ALL)
    wanted = set(re.findall(r"\bvars\.(\w+)", files)) | {"AWS_ROLE_ARN"}
    wanted |= contexts()
    wanted |= {"`dev`", "`prod`", "nightly-drift", "nightly-keys"}
    assert {word for word in wanted if word not in TEXT} == set()


def test_every_context_is_guarded_against_ssh_and_unversioned_config() -> None:
    rows = [row for row in re.findall(r"^\| .*", TEXT, re.MULTILINE) if "job.ssh.enabled" in row]
    named = {name for row in rows for name in re.findall(r"`(rollout-\w+)`", row)}
    assert named == contexts()
    guard = 'not job.ssh.enabled and not (pipeline.config_source starts-with "api")`'
    assert all(guard in row for row in rows)
    assert ['pipeline.git.branch == "main"' in row for row in rows] == [False, True, False, True]


def row(who: str) -> list[str]:
    """Return the cells of a row of the table of who reaches what: on GitHub, on CircleCI."""
    (line,) = re.findall(rf"^\| {who} \|(.*)\|$", TEXT, re.MULTILINE)
    cells = [cell.strip() for cell in line.split(" | ")]
    assert len(cells) == 2
    return cells


def test_the_row_of_who_pushes_a_branch_names_what_every_branch_can_read() -> None:
    contexts = re.findall(r"^\| `(rollout-\w+)`.*? \| (.*?) \| (.*) \|$", TEXT, re.MULTILINE)
    open_to_all = {
        name: said for name, said, guard in contexts if "pipeline.git.branch" not in guard
    }
    assert open_to_all.keys() == {"rollout-preview", "rollout-comment"}
    _, on_circleci = row("pushes a branch")
    for name, said in open_to_all.items():
        for variable in re.findall(r"`(\w*(?:TOKEN|SECRET|KEY)\w*)`", said):
            assert f"`{variable}`" in on_circleci, name
    for cell in row("pushes a branch"):
        assert "the keys of every stack's users, prod's too" in cell


def test_what_every_branch_can_use_on_github_can_not_approve() -> None:
    (said,) = re.findall(r"^\| `rollout-comment` \| (.*?) \|", TEXT, re.MULTILINE)
    assert "machine user" in said
    assert "only *Read*" in said
    setting = "Allow GitHub Actions to create and approve pull requests* off"
    assert setting in " ".join(TEXT.split())


def test_prod_without_reviewers_is_not_called_approved() -> None:
    on_github, _ = row("gets code into `main`")
    assert "without reviewers" in on_github
    assert "is the approval" not in TEXT


TRUST: Final[dict[str, Any]] = {
    "organization": "1f5ef4a1-7c1e-4a52-9e3f-0123456789ab",
    "projects": ["6f9b2f3c-7c1e-4a52-9e3f-0123456789ab"],
    "origins": ["github.com/acme/access"],
}
USER: Final = "0d1c9a3e-7c1e-4a52-9e3f-0123456789ab"
PROVIDER: Final = provider_arn("aws", "111111111111", TRUST["organization"])


@pytest.mark.parametrize(
    ("name", "more"),
    [("circleci-up", {"users": [USER], "refs": ["refs/heads/main"]}), ("circleci-preview", {})],
)
def test_the_trust_on_circleci_is_the_one_that_the_program_writes(
    name: str, more: dict[str, Any]
) -> None:
    trust = Trust.model_validate(TRUST | more)
    assert POLICIES[name] == trust_document(trust, PROVIDER)


SOMEBODY: Final = "0d1c9a3e-7c1e-4a52-9e3f-0123456789ac"
OTHER_PROJECT: Final = "6f9b2f3c-7c1e-4a52-9e3f-0123456789ac"
CRAFTED: Final = "x/vcs-origin/github.com/acme/access/vcs-ref/refs/heads/main"


@pytest.mark.parametrize(
    ("who", "job", "preview", "up"),
    [
        ("one of users, any job on main", {}, True, True),
        ("somebody else on main, by unversioned config too", {"user": SOMEBODY}, True, False),
        ("a branch", {"ref": "refs/heads/x"}, True, False),
        ("a branch of a crafted name", {"ref": f"refs/heads/{CRAFTED}"}, False, False),
        ("a fork", {"origin": "github.com/fork/access"}, False, False),
        ("a fork's crafted branch", {"origin": "github.com/f/a", "ref": CRAFTED}, False, False),
        ("the project with the tests", {"project": OTHER_PROJECT}, False, False),
        ("a custom webhook", {"origin": None, "ref": None}, False, False),
    ],
)
def test_aws_lets_in_on_circleci_whom_the_table_says(
    who: str, job: dict[str, Any], *, preview: bool, up: bool
) -> None:
    own: dict[str, Any] = {
        "organization": TRUST["organization"],
        "project": TRUST["projects"][0],
        "user": USER,
        "origin": TRUST["origins"][0],
        "ref": "refs/heads/main",
    }
    request = web_identity(PROVIDER, claims(Job(**{**own, **job})))
    for name, expected in (("circleci-preview", preview), ("circleci-up", up)):
        assert decide_trust(POLICIES[name], request).allowed is expected, (who, name)


@pytest.mark.parametrize(
    ("sub", "allowed"),
    [
        ("repo:acme/access:environment:prod", True),
        ("repo:acme/access:environment:dev", False),
        ("repo:acme/access:pull_request", False),
        ("repo:acme/access:ref:refs/heads/main", False),
    ],
)
def test_aws_lets_in_on_github_whom_the_table_says(sub: str, *, allowed: bool) -> None:
    (statement,) = POLICIES["github-up"]["Statement"]
    request = web_identity(
        statement["Principal"]["Federated"], {"aud": "sts.amazonaws.com", "sub": sub}
    )
    assert decide_trust(POLICIES["github-up"], request).allowed is allowed


@pytest.mark.parametrize("name", ["README.md", "docs/roles.md", "docs/ci.md"])
def test_what_aws_can_not_see_is_told_with_what_keeps_it_out(name: str) -> None:
    text = page(name).lower()
    for word in (
        "ssh",
        "fork",
        "webhook",
        "unversioned config",
        "pipeline.config_source",
        "not job.ssh.enabled",
    ):
        assert word in text, word
