"""`init`: answers become a file that reads back to them; what is wrong is told, not written."""

import io
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from components.settings import load
from components.settings.stack_file import read
from rollout.errors import RolloutError
from rollout.starting.draft import draft
from rollout.starting.known import origin_of
from rollout.writing.checked import checked
from tests.unit.rollout.command_line import Ask, Ran, asking
from tests.unit.rollout.conftest import GUARDED, WriteStacks
from tests.unit.rollout.test_changed import git
from tests.unit.settings.configs import ORGANIZATION, PROJECT, user

ACCOUNT: Final = "123456789012"
NEW: Final = "config:\n  aws:region: eu-west-1\n"
"""What `pulumi new` writes."""
OLD: Final = """\
config:
  identities:
    Zz:
      kind: user
      grants: [{bucket: acme, access: [read]}] # by hand
"""
ISSUER: Final = f"https://oidc.circleci.com/org/{ORGANIZATION}"
ROLE: Final = {
    "region": "eu-west-1",
    "account": ACCOUNT,
    "kind": "role",
    "organization": ORGANIZATION,
    "project": PROJECT,
    "bucket": "acme-site",
    "access": "read",
    "name": "deploy",
}


def options(**changes: str | None) -> list[str]:
    """Options that are enough for a role, with changes."""
    answers = {**ROLE, **changes}
    return [part for k, v in answers.items() if v is not None for part in (f"--{k}", v)]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Ask:
    """Runs `init` where nobody can be asked, and without AWS."""
    monkeypatch.setattr("sys.stdin", io.StringIO())
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return asking(monkeypatch, capsys)


Answer = Callable[..., Ran]


class Terminal(io.StringIO):
    """Whoever types these lines, and then Ctrl-C."""

    def isatty(self) -> bool:
        return True

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override] # as io has it
        if line := super().readline(size):
            return line
        raise KeyboardInterrupt


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch, ask: Ask) -> Answer:
    def run(root: Path, *args: str, lines: list[str]) -> Ran:
        monkeypatch.setattr("sys.stdin", Terminal("".join(f"{line}\n" for line in lines)))
        ran = ask(root, "init", *args)
        return Ran(ran.code, ran.out, " ".join(ran.err.split()))

    return run


@pytest.fixture
def aws(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:  # noqa: ARG001 - it comes first
    """An account with two buckets."""
    with mock_aws():
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        for name in ("acme-artifacts", "acme-site"):
            boto3.client("s3").create_bucket(Bucket=name)
        yield


IDS: Final = st.uuids().map(str)
NAMES: Final = st.from_regex(r"[A-Za-z0-9_+=,.@-]{1,64}", fullmatch=True)
BUCKETS: Final = st.from_regex(r"[a-z0-9]{3,9}(-[a-z0-9]{1,9}){0,2}", fullmatch=True)
PREFIXES: Final = st.text(
    st.characters(min_codepoint=32, max_codepoint=0xFF, exclude_characters="*?$"), max_size=150
).map(lambda text: f"{text}/")
ORIGINS: Final = st.from_regex(
    r"[a-z0-9]{1,5}\.com/[A-Za-z0-9._~-]{1,9}/x[A-Z0-9_~-]{1,9}", fullmatch=True
)
REFS: Final = st.sampled_from(["refs/heads/main", "refs/tags/v*", "refs/heads/#'\"{}],&!|>%@`"])
LABELS: Final = st.from_regex(r"[A-Za-z0-9._-]{1,32}", fullmatch=True)
BEFORE: Final = st.sampled_from([None, NEW, "encryptionsalt: v1:abc\n", OLD])


def some(strategy: st.SearchStrategy[str], least: int = 0, most: int = 2) -> Any:
    return st.lists(strategy, min_size=least, max_size=most, unique=True).map(tuple)


@settings(max_examples=40)
@given(
    before=BEFORE,
    name=NAMES.filter(lambda one: one.lower() != "zz"),
    account=st.from_regex(r"[0-9]{12}", fullmatch=True),
    region=st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1"]),
    bucket=BUCKETS,
    access=st.sampled_from([("full",), ("list", "full"), ("write",), ("read", "delete")]),
    prefixes=some(PREFIXES),
    kind=st.sampled_from(["user", "role"]),
    trust=st.fixed_dictionaries({"organization": IDS, "project": some(IDS, 1, 1)}),
    code=st.one_of(
        st.just({}),
        st.fixed_dictionaries({"origin": some(ORIGINS, 1)}, optional={"ref": some(REFS, 1)}),
    ),
    keys=some(LABELS),
    provider=st.sampled_from([{}, {"oidc-provider": "create"}, {"oidc-provider": "existing"}]),
)
def test_whatever_is_answered_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    before: str | None,
    name: str,
    account: str,
    region: str,
    bucket: str,
    access: tuple[str, ...],
    prefixes: tuple[str, ...],
    kind: str,
    trust: dict[str, Any],
    code: dict[str, Any],
    keys: tuple[str, ...],
    provider: dict[str, str],
) -> None:
    root = tmp_path_factory.mktemp("project")
    (root / "Pulumi.yaml").write_text("name: circleci-s3-access\nruntime: python\n")
    path = root / "Pulumi.dev.yaml"
    if before is not None:
        path.write_text(before)
    own = {**trust, **code, **provider} if kind == "role" else {"access-key": keys}
    answers: dict[str, Any] = {
        "account": account,
        "kind": kind,
        "bucket": bucket,
        "access": access,
        "name": name,
    }
    answers |= {"prefix": prefixes, **own} | ({} if before == NEW else {"region": region})
    made = draft(root, "dev")
    assert list(made.wrong_options(answers)) == []
    text = made.text(answers)
    checked(root, "dev", text)
    path.write_text(text)
    file = read(root, "dev")
    grant = {"bucket": bucket, "access": access, **({"prefixes": prefixes} if prefixes else {})}
    wished: dict[str, Any] = {"kind": kind, "grants": [grant], "exclusive": True}
    if kind == "role":
        names = {"organization": "organization", "project": "projects"}
        names |= {"origin": "origins", "ref": "refs"}
        wished["trust"] = {names[key]: value for key, value in {**trust, **code}.items()}
    else:
        wished["accessKeys"] = keys
    expected = load("dev", {"identities": {name: wished}}).identities[name]
    settings = file.settings()
    assert settings.identities[name] == expected
    assert settings.oidc_provider == own.get("oidc-provider", "existing")
    assert (file.account, file.region) == (account, "eu-west-1" if before == NEW else region)
    left = iter(text.splitlines())
    assert all(line in left for line in (before or "").splitlines())


def test_options_are_enough(ask: Ask, project: WriteStacks) -> None:
    root = project()
    ran = ask(root, "init", "dev", *options(), "--project", ORGANIZATION, "--yes")
    assert (ran.code, ran.err) == (0, "")
    assert "dev    deploy    role  s3:GetObject  acme-site/*\n" in ran.out
    assert f"jobs of organization {ORGANIZATION}, project" in ran.out
    commands = ["pulumi stack init dev", "python -m rollout preview dev"]
    assert [line.strip() for line in ran.out.splitlines() if line.strip() in commands] == commands
    assert "    python -m sandbox up --stack dev\n" in ran.out
    text = (root / "Pulumi.dev.yaml").read_text()
    assert all(f"    {line}\n" in ran.out for line in text.splitlines())
    assert "# CircleCI: Organization Settings > Overview\n        organization:" in text
    assert ask(root, "check").code == 0
    again = ask(root, "init", "dev", *options(region=None, account=None), "--yes")
    assert again.code == 1
    assert again.err == (
        "error: --name: 'deploy' is in Pulumi.dev.yaml already; choose another name\n"
    )
    assert (root / "Pulumi.dev.yaml").read_text() == text


def test_without_a_terminal_all_that_is_missing_is_told(ask: Ask, project: WriteStacks) -> None:
    root = project()
    (root / "Pulumi.dev.yaml").write_text(NEW)
    ran = ask(root, "init", "dev", "--kind", "role", "--bucket", "acme")
    missing = ["account", "organization", "project", "access", "name", "yes"]
    told = ran.err.removeprefix("error: ").splitlines()
    assert [line.split()[0].removeprefix("--") for line in told] == missing
    assert (ran.code, ran.out) == (1, "")
    assert (root / "Pulumi.dev.yaml").read_text() == NEW


WRONG: Final = {
    "region": ("eu-west1", "'eu-west1' is not an AWS region"),
    "account": ("12", "'12' is not an account id"),
    "kind": ("group", "'group' is not one of user, role"),
    "organization": ("\x1b[2J", r"'\x1b[2J' is not a UUID"),
    "project": ("*a", "'*a' is not a UUID"),
    "origin": ("https://github.com/acme/site", "is a clone URL"),
    "ref": ("main", "did you mean 'refs/heads/main'?"),
    "bucket": ("A", "'A' is not a bucket name"),
    "prefix": ("a", "did you mean 'a/'?"),
    "access": ("raed", "'raed' is not one of list"),
    "access-key": ("a b", "'a b' is not a label"),
    "oidc-provider": ("make", "'make' is not one of create, existing"),
    "name": ("x y", "'x y' is not an IAM name"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_option_is_told_as_the_settings_tell_it(
    ask: Ask, project: WriteStacks, name: str
) -> None:
    value, message = WRONG[name]
    given = options(kind="user", organization=None, project=None)
    given = given if name == "access-key" else options()
    ran = ask(project(), "init", "dev", *given, f"--{name}", value, "--yes")
    assert ran.code == 1
    assert f"--{name}: " in ran.err
    assert message in ran.err
    assert list(project().glob("Pulumi.*.yaml")) == []


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [
        (
            {},
            {"kind": "user"},
            "--organization, --project: is not a key of this kind; it belongs to kind: role",
        ),
        (GUARDED, {"region": "us-east-1"}, "--region: the file has aws:region 'eu-west-1' already"),
        (GUARDED, {"region": None}, '--account: the file has aws:allowedAccountIds ["111'),
        ({"aws:allowedAccountIds": "1"}, {}, "aws:allowedAccountIds: 1 is not a list"),
        ({"circleci-s3-access:identities": {"ci": {}}}, {}, "identities.ci.kind: is missing"),
        ({"circleci-s3-access:identities": []}, {}, "is not a mapping"),
        ({"circleci-s3-access:identities": "{}"}, {}, "can't be added to it as it is written"),
    ],
)
def test_a_file_that_says_otherwise_is_left_as_it_is(
    ask: Ask, project: WriteStacks, config: Any, given: Any, message: str
) -> None:
    root = project(dev=config)
    before = (root / "Pulumi.dev.yaml").read_text()
    ran = ask(root, "init", "dev", *options(**given), "--yes")
    assert ran.code == 1
    assert message in ran.err
    assert (root / "Pulumi.dev.yaml").read_text() == before


def test_identities_of_all_stacks_are_not_replaced(project: WriteStacks) -> None:
    root = project()
    common = "name: circleci-s3-access\nruntime: python\nconfig:\n  identities: {value: {}}\n"
    (root / "Pulumi.yaml").write_text(common)
    with pytest.raises(RolloutError, match="would replace them"):
        draft(root, "dev")
    with pytest.raises(RolloutError, match="'a/b' is not a stack name"):
        draft(root, "a/b")


def test_each_answer_is_checked_and_asked_for_again(answer: Answer, project: WriteStacks) -> None:
    root = project()
    (root / "Pulumi.dev.yaml").write_text(NEW)
    wrong = {name: told for name, told in WRONG.items() if name not in ("region", "access-key")}
    right = {**ROLE, "origin": "github.com/acme/site", "ref": "refs/heads/main, refs/tags/v*"}
    right |= {"prefix": "-", "oidc-provider": "create", "name": "deploy"}
    lines = [line for name, (value, _) in wrong.items() for line in (value, right[name])]
    ran = answer(root, "dev", lines=[*lines, "y"])
    assert ran.code == 0
    for value, message in wrong.values():
        assert message in ran.err, value
    assert "CircleCI organization id, from Organization Settings > Overview: " in ran.err
    config = read(root, "dev").own
    assert config["oidcProvider"] == "create"
    assert config["identities"]["deploy"]["trust"]["refs"] == ["refs/heads/main", "refs/tags/v*"]
    assert (root / "Pulumi.dev.yaml").read_text().endswith("exclusive: true\n")


def test_what_git_knows_is_offered(answer: Answer, project: WriteStacks) -> None:
    root = project()
    git(root, "init", "-b", "topic")
    git(root, "remote", "add", "origin", "https://me:secret@github.com/acme/site.git")
    asked = options(name=None, **{"oidc-provider": "existing"})
    ran = answer(root, "dev", *asked, lines=["", "", "", "", "y"])
    assert ran.code == 0
    assert "secret" not in ran.err + ran.out
    identities = read(root, "dev").own["identities"]
    trust = identities["circleci-site"]["trust"]
    assert (trust["origins"], trust["refs"]) == (["github.com/acme/site"], ["refs/heads/topic"])
    ran = answer(root, "two", *asked, lines=["-", "", "two", "y"])
    assert "origins" not in read(root, "two").own["identities"]["two"]["trust"]


@pytest.mark.usefixtures("aws")
def test_what_the_credentials_see_is_offered(answer: Answer, project: WriteStacks) -> None:
    root = project()
    lines = ["", "", "user", "2", "", "write", "-", "ci", "y"]
    ran = answer(root, "dev", lines=lines)
    assert ran.code == 0
    assert "1 acme-artifacts 2 acme-site Type a number" in ran.err
    file = read(root, "dev")
    assert (file.region, file.account) == ("us-east-1", ACCOUNT)
    assert file.own["identities"]["ci"]["grants"] == [{"bucket": "acme-site", "access": ["write"]}]
    # Those of another account are not offered.
    other = answer(root, "other", lines=["", "111111111111", "user", "2"])
    assert "acme-artifacts" not in other.err
    assert "'2' is not a bucket name" in other.err


@pytest.mark.usefixtures("aws")
def test_the_provider_is_looked_up(answer: Answer, project: WriteStacks) -> None:
    root = project()
    lines = ["-", "-", "y"]
    ran = answer(root, "one", *options(), lines=lines)
    assert "has no OIDC provider of organization" in ran.err
    assert read(root, "one").own["oidcProvider"] == "create"
    ran = answer(root, "two", *options(name="two"), lines=lines)
    assert "oidcProvider: existing, since 'create', and Pulumi.one.yaml creates" in ran.err
    (root / "Pulumi.one.yaml").unlink()
    boto3.client("iam").create_open_id_connect_provider(Url=ISSUER, ClientIDList=[ORGANIZATION])
    ran = answer(root, "three", *options(name="three"), lines=lines)
    assert ran.code == 0
    assert "has the OIDC provider" in ran.err
    for stack in ("two", "three"):
        assert "oidcProvider" not in read(root, stack).own


def test_a_name_of_another_stack_of_the_account_is_asked_for_again(
    answer: Answer, project: WriteStacks
) -> None:
    place = {"aws:region": "eu-west-1", "aws:allowedAccountIds": [ACCOUNT]}
    root = project(one={**place, "circleci-s3-access:identities": {"ci": user()}})
    asked = options(kind="user", name=None, organization=None, project=None, account=ACCOUNT)
    ran = answer(root, "two", *asked, "--access-key", "a", lines=["-", "ci", "ci2", "y"])
    assert "is also a user of Pulumi.one.yaml" in ran.err
    assert list(read(root, "two").own["identities"]) == ["ci2"]


@pytest.mark.parametrize("lines", [[], ["eu-west-1", ACCOUNT], [*ROLE.values()][:-1]])
def test_ctrl_c_writes_nothing(answer: Answer, project: WriteStacks, lines: list[str]) -> None:
    root = project()
    ran = answer(root, "dev", lines=lines)
    assert ran.code == 128 + signal.SIGINT
    assert ran.err.endswith("Nothing was done.")
    assert list(root.glob("Pulumi.*.yaml")) == []


def test_a_no_and_a_change_meanwhile_write_nothing(
    answer: Answer, project: WriteStacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = project()
    asked = options(
        origin="a.com/b/c", ref="refs/heads/x", prefix="a/", **{"oidc-provider": "create"}
    )
    assert answer(root, "dev", *asked, lines=["n"]).code == 1
    assert list(root.glob("Pulumi.*.yaml")) == []
    path = root / "Pulumi.dev.yaml"
    monkeypatch.setattr("typer.confirm", lambda *_, **__: path.write_text("else"))
    ran = answer(root, "dev", *asked, lines=[])
    assert "was changed meanwhile" in ran.err
    assert path.read_text() == "else"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("git@github.com:acme/site.git", "github.com/acme/site"),
        ("https://GitHub.com/acme/site/", "github.com/acme/site"),
        ("https://me:secret@bitbucket.org/acme/site.git", "bitbucket.org/acme/site"),
        ("ssh://git@gitlab.com:22/acme/group/site", "gitlab.com/acme/group/site"),
        ("../site.git", None),
        ("/srv/git/site.git", None),
        ("file:///srv/site.git", None),
        ("", None),
    ],
)
def test_a_clone_url_is_an_origin(url: str, origin: str | None) -> None:
    assert origin_of(url) == origin
