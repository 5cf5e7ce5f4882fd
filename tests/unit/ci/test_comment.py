"""The one comment, by its command line, against a GitHub on the loopback."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rollout.reporting.comment_format import GITHUB_TAKES, marker
from rollout.reporting.markdown import LONGEST
from tests.unit.ci.fake_github import OURS, TOKEN, FakeGitHub, serve
from tests.unit.pages import ROOT
from tools.ci.comment import main

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve() as github:
        yield github


@pytest.fixture
def actions(github: FakeGitHub, tmp_path: Path) -> dict[str, str]:
    """What GitHub Actions tells a job of pull request 7."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": COMMIT}}}))
    return {
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(event),
        "GITHUB_REPOSITORY": "acme/access",
        "GITHUB_RUN_ID": "42",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_TOKEN": TOKEN,
    }


@pytest.fixture
def circleci(github: FakeGitHub) -> dict[str, str]:
    """What CircleCI tells a job of a branch."""
    return {
        "CIRCLE_BRANCH": "more-access",
        "CIRCLE_BUILD_URL": "https://circleci.com/gh/acme/access/42",
        "CIRCLE_PROJECT_REPONAME": "access",
        "CIRCLE_PROJECT_USERNAME": "acme",
        "CIRCLE_SHA1": COMMIT,
        "GITHUB_API_URL": github.url,
        "GITHUB_TOKEN": TOKEN,
    }


def write(folder: Path, text: str, environment: Mapping[str, str], *options: str) -> int:
    file = folder / "preview.md"
    file.write_text(text)
    return main([str(file), *options], environment)


def test_first_run_makes_the_comment_and_later_ones_edit_it(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    github.add(7, "Looks good")
    assert write(tmp_path, "dev: 1 to create", actions) == 0
    assert write(tmp_path, "dev: 2 to create", actions) == 0
    theirs, ours = github.bodies(7)
    assert theirs == "Looks good"
    assert ours.splitlines() == [
        marker("preview"),
        "dev: 2 to create",
        "",
        "<sub>012345678 · [job](https://github.com/acme/access/actions/runs/42)</sub>",
    ]


def test_comment_is_found_behind_any_number_of_others(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    github.add(7, *["chatter"] * 250)
    github.add(7, f"{marker('preview')}\nold", author=OURS)
    github.add(7, *["chatter"] * 60)
    assert write(tmp_path, "new", actions) == 0
    assert len(github.bodies(7)) == 311
    assert github.bodies(7)[250].startswith(f"{marker('preview')}\nnew\n")


def test_full_last_page_is_no_reason_to_look_for_ever(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    github.add(7, *["chatter"] * 200)
    assert write(tmp_path, "new", actions) == 0
    assert github.bodies(7)[200].startswith(f"{marker('preview')}\nnew\n")


def test_comment_of_another_author_is_left_alone_whatever_it_begins_with(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    theirs = f"{marker('preview')}\nI can edit this later"
    github.add(7, theirs)
    for text in ("old", "new"):
        assert write(tmp_path, text, actions) == 0
    kept, ours = github.bodies(7)
    assert kept == theirs
    assert ours.startswith(f"{marker('preview')}\nnew\n")


def test_comment_that_quotes_the_marker_is_left_alone(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    quoted = f"> {marker('preview')}\n> dev: 1 to create\n\nReally?"
    github.add(7, quoted, author=OURS)
    assert write(tmp_path, "new", actions) == 0
    assert len(github.bodies(7)) == 2


def test_comments_of_other_names_and_pull_requests_are_left_alone(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    github.add(8, f"{marker('preview')}\nof another pull request", author=OURS)
    assert write(tmp_path, "a preview", actions) == 0
    assert write(tmp_path, "drift", actions, "--name", "drift") == 0
    assert github.bodies(8) == [f"{marker('preview')}\nof another pull request"]
    assert [body.splitlines()[1] for body in github.bodies(7)] == ["a preview", "drift"]


@pytest.mark.parametrize("line", ["plain", "mehr Zugriff für dev →", "🌈🌈🌈"])
def test_too_long_a_text_is_cut_at_a_line_and_says_so(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path, line: str
) -> None:
    lines = [f"{number} {line}" for number in range(20_000)]
    assert write(tmp_path, "\n".join(lines), actions) == 0
    (body,) = github.bodies(7)
    assert GITHUB_TAKES - 400 < len(body) <= GITHUB_TAKES
    kept, _, rest = body.removeprefix(f"{marker('preview')}\n").partition("\n\n*The rest is")
    assert kept.split("\n") == lines[: kept.count("\n") + 1]
    assert "[job](https://github.com/acme/access/actions/runs/42)" in rest


def test_preview_that_could_not_start_leaves_no_older_one_standing(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    assert write(tmp_path, "dev: 1 to create", actions) == 0
    assert write(tmp_path, "", actions) == 0
    (body,) = github.bodies(7)
    assert body.splitlines()[1] == "*There is no preview of this commit; the job says why.*"


def test_text_that_just_fits_is_whole(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    assert write(tmp_path, "x", actions) == 0
    room = GITHUB_TAKES - len(github.bodies(7)[0]) + 1
    assert write(tmp_path, "x" * room, actions) == 0
    assert "x" * room in github.bodies(7)[0]


def test_longest_preview_is_whole_and_marked_once(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path
) -> None:
    actions["GITHUB_SERVER_URL"] = f"https://{'x' * 100}.example"
    text = marker("preview") + "\n" + "x" * (LONGEST - len(marker("preview")) - 1)
    assert write(tmp_path, text, actions) == 0
    assert write(tmp_path, text, actions) == 0
    (body,) = github.bodies(7)
    assert body.startswith(f"{text}\n\n<sub>012345678")
    assert body.count(marker("preview")) == 1


def test_run_for_no_pull_request_writes_nothing(
    github: FakeGitHub, actions: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(actions["GITHUB_EVENT_PATH"]).write_text(json.dumps({"ref": "refs/heads/main"}))
    assert write(tmp_path, "new", actions) == 0
    assert github.asked == []
    assert "no open pull request" in capsys.readouterr().err


def test_circleci_names_the_pull_request(
    github: FakeGitHub, circleci: dict[str, str], tmp_path: Path
) -> None:
    circleci["CIRCLE_PULL_REQUEST"] = "https://github.com/acme/access/pull/7"
    assert write(tmp_path, "new", circleci) == 0
    assert "[job](https://circleci.com/gh/acme/access/42)" in github.bodies(7)[0]
    assert not any("pulls" in asked for asked in github.asked)


def test_circleci_without_the_number_takes_the_open_pull_request_of_the_branch(
    github: FakeGitHub, circleci: dict[str, str], tmp_path: Path
) -> None:
    github.branches = {"more-access": 9}
    assert write(tmp_path, "new", circleci) == 0
    assert len(github.bodies(9)) == 1
    circleci["CIRCLE_BRANCH"] = "not-yet"
    assert write(tmp_path, "new", circleci) == 0
    assert list(github.comments) == [9]


def test_repository_of_another_name_than_the_project_can_be_named(
    github: FakeGitHub, circleci: dict[str, str], tmp_path: Path
) -> None:
    github.branches = {"more-access": 9}
    circleci.update(CIRCLE_PROJECT_REPONAME="Access (prod)", GITHUB_REPOSITORY="acme/access")
    assert write(tmp_path, "new", circleci) == 0
    assert len(github.bodies(9)) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_TOKEN": "expired"}, "GitHub answered 401 (Bad credentials) to POST"),
        (
            {"GITHUB_REPOSITORY": "acme/hidden"},
            "Could not resolve to a Repository; the token needs to write pull",
        ),
        ({"GITHUB_API_URL": "http://127.0.0.1:9"}, "Connection refused"),
        ({"GITHUB_API_URL": "http://ghe.acme.example/api/v3"}, "the token is not sent there"),
    ],
)
def test_refusal_is_one_line_and_fails_without_the_token_in_it(
    actions: dict[str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    change: dict[str, str],
    said: str,
) -> None:
    assert write(tmp_path, "new", {**actions, **change}) == 1
    heard = capsys.readouterr().err
    assert heard.startswith("error: ")
    assert heard.count("\n") == 1
    assert said in heard
    assert TOKEN not in heard
    assert "expired" not in heard


def test_elsewhere_than_in_ci_it_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write(tmp_path, "new", {"GITHUB_TOKEN": TOKEN}) == 1
    assert "not a job of GitHub Actions, nor of CircleCI" in capsys.readouterr().err


def test_missing_file_is_told(
    actions: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path / "none.md")], actions) == 1
    assert "none.md" in capsys.readouterr().err


def test_nothing_has_to_be_installed_for_it() -> None:
    # -S: without site-packages.
    command = [sys.executable, "-S", "-m", "tools.ci.comment", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
