"""The comment on a pull request: of a size that GitHub takes, whatever names hold."""

import html
import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.reporting.comment_format import GITHUB_TAKES, marker
from rollout.reporting.markdown import LONGEST, code, markdown
from rollout.result import Report, Result, Status, failed, skipped
from tests.unit.rollout.reports import fleet, previewed
from tools.ci.comment import body
from tools.ci.github import GitHub, PullRequest

TEXT = st.text(st.characters(codec="utf-8"), max_size=400)
VERDICTS = st.sampled_from(["wider", "narrower", "none"])
LINES = st.lists(st.tuples(TEXT, VERDICTS, TEXT), max_size=8)
RESULTS = st.one_of(LINES.map(lambda lines: previewed(*lines)), TEXT.map(failed), TEXT.map(skipped))


def test_the_first_line_is_what_the_comments_writer_looks_for() -> None:
    assert markdown(Report(fleet())).splitlines()[0] == marker("preview")


def test_each_group_of_stacks_has_a_summary_with_its_details_folded() -> None:
    text = markdown(Report(fleet()))
    assert text.startswith(
        "<!-- circleci-s3-access: preview -->\n"
        "### Preview of 18 stacks, access breaks in 1 stack, wider in 14 stacks, "
        "narrower in 1 stack, unknown in 2 stacks, 1 failed, 1 not reached\n"
    )
    assert re.findall(
        "<(?:summary|p)>(.*?)</", text.replace("<code>", "").replace("</code>", "")
    ) == [
        "broken · <b>failed",
        "moved · <b>breaks: 1",
        "<b>12 stacks:",
        "prod · <b>wider: 1",
        "left · <b>not reached",
        "split · access stays · 1 update, 1 create",
        "same · access stays",
    ]
    assert (
        "\n\n- `circleci-artifacts gets access key 2026-12`\n"
        "- `circleci-deploy gains s3:DeleteObject on acme-site/releases/*` **(WIDER)**\n"
        "- `circleci-deploy trust: no longer refs/tags/v* of github.com/acme/app` **(NARROWER)**\n"
        "- `update aws:iam:RolePolicy circleci-deploy-inline`\n\n</details>"
    ) in text
    assert text.count("<details>") == text.count("</details>") == 6


def test_stacks_that_come_to_the_same_are_told_once_with_all_their_names() -> None:
    text = markdown(Report(fleet()))
    assert text.count("acme-007/releases/*") == 1
    assert (
        "<b>12 stacks:</b> <code>acct-00</code>, <code>acct-01</code>, <code>acct-02</code>, …"
        in text
    )
    assert "- in `acct-00`, `acct-01`" in text
    assert "`acct-11`" in text


def test_of_what_failed_or_was_left_out_nobody_knows_what_becomes_of_access() -> None:
    results = {"dev": previewed(steps=()), "bad": failed("no"), "left": skipped("interrupted")}
    text = markdown(Report(results))
    assert "### Preview of 3 stacks, access unknown in 2 stacks, 1 failed, 1 not reached\n" in text
    assert "<code>bad</code> · <b>failed</b> · access unknown" in text
    assert "<code>left</code> · <b>not reached</b> · access unknown" in text
    assert "access stays as it is" not in text


def test_a_deleted_stack_file_is_told_with_what_it_leaves() -> None:
    text = markdown(Report({}, removed_files=("Pulumi.old.yaml",)))
    assert text.splitlines()[1:] == [
        "### Preview of 0 stacks, 1 stack file deleted",
        "",
        (
            "**Deleted:** `Pulumi.old.yaml`: the resources of this file stay in AWS, "
            "unmanaged. To delete them: restore the file, run "
            "`python -m rollout destroy old`, then delete the file."
        ),
        "",
    ]
    names = tuple(f"Pulumi.{number:02}.yaml" for number in range(12))
    many = markdown(Report(fleet(), removed_files=names))
    assert "### Preview of 18 stacks, 12 stack files deleted, access breaks in 1 stack" in many
    assert "`Pulumi.09.yaml` and 2 more: the resources of these files stay in AWS" in many
    assert f"destroy {' '.join(f'{number:02}' for number in range(12))}`, then delete the" in many


def test_the_command_for_deleted_files_names_their_stacks_and_nothing_else() -> None:
    evil = markdown(Report({}, removed_files=("Pulumi.a`b; c.yaml",)))
    assert "run ``python -m rollout destroy 'a`b; c'``, then" in evil
    names = tuple(f"Pulumi.a-stack-with-a-name-{number:02}.yaml" for number in range(40))
    many = markdown(Report({}, removed_files=names))
    assert "run `python -m rollout destroy` with the names of their stacks, then" in many


def test_nothing_to_tell_is_told_in_two_lines() -> None:
    assert markdown(Report({"dev": previewed(steps=())})).splitlines()[1:4] == [
        "### Preview of 1 stack, access stays as it is",
        "",
        "<p><code>dev</code> · access stays</p>",
    ]


@given(st.dictionaries(TEXT, RESULTS, max_size=12), st.integers(1_024, 6_000))
def test_the_comment_is_never_longer_than_asked_and_says_what_it_cut(
    results: Mapping[str, Result], longest: int
) -> None:
    text = markdown(Report(results), longest)
    assert len(text.encode()) <= longest
    assert text.count("<details>") == text.count("</details>")
    whole = markdown(Report(results), 10_000_000)
    assert (text == whole) or ("Cut to GitHub's limit: " in text)
    assert "Cut to GitHub's limit" not in whole


@pytest.mark.parametrize("count", [1, 40, 500])
def test_any_number_of_stacks_fits_with_the_words_that_the_writer_adds(count: int) -> None:
    """Stacks of which no two are alike, and of which two have no room in one comment."""
    long = ", ".join(f"bucket-{number}/*" for number in range(200))
    results = {
        f"stack-{number:04}": previewed(
            *(("ci", "wider", f"gains s3:Get{number}-{line} on {long}") for line in range(40))
        )
        for number in range(count)
    }
    text = markdown(Report(results))
    assert len(text.encode()) <= LONGEST < GITHUB_TAKES - 1_000
    if count == 1:
        assert "Cut" not in text
        return
    assert len(text.encode()) > LONGEST - 2_000  # what has room is shown
    job = PullRequest(GitHub("acme/site", "token"), 1, "0" * 40, f"https://{'x' * 500}")
    assert text in (comment := body(job, "preview", text))
    assert len(comment) <= GITHUB_TAKES
    cut = text.rstrip().splitlines()[-1]
    assert cut.startswith("Cut to GitHub's limit: ")
    assert cut.endswith("left out; `--json` has everything.")


def test_what_is_cut_says_if_access_gets_wider_there() -> None:
    results = {f"{number:0100}": previewed(("ci", "wider", str(number))) for number in range(20)}
    text = markdown(Report(results), 1_200)
    assert "all of 17 more stacks (access: **wider** in some of them)" in text


def test_of_a_long_line_the_begin_is_shown_and_how_long_it_is() -> None:
    text = markdown(Report({"dev": previewed(("ci", "wider", "x" * 5_000))}))
    assert f"`ci {'x' * 997}… (5,003 characters)` **(WIDER)**" in text


EVIL = [
    "</summary></details><script>alert(1)</script>",
    "a\n\n# heading\n<!-- circleci-s3-access: preview -->",
    "`code` ``more`` **bold** [link](https://example.com) @everybody #1",
    "![x](https://example.com/x.png)",
    "| a | b |",
    "&lt;b&gt; &amp;",
    " ` ",
    "```\n\u202egnp",
]


@pytest.mark.parametrize("evil", EVIL)
def test_names_are_shown_as_they_are_and_mean_nothing_to_github(evil: str) -> None:
    stacks = [evil, *(f"{evil}{number}" for number in range(4))]
    results = {stack: previewed((evil, "wider", evil)) for stack in stacks}
    text = markdown(Report({**results, "failed": failed(evil), "one " + evil: skipped(evil)}))
    outside = re.sub(r"(`+) ?.*? ?(?<!`)\1(?!`)", "", text)  # as CommonMark finds code spans
    outside = re.sub("<code>[^<>]*</code>", "", outside)
    allowed = "<!-- -->|</?(?:details|summary|b|p)>"
    marks = re.sub(allowed, "", outside.replace("circleci-s3-access: preview ", ""))
    assert not re.search(r"[<>\[\]@|!]|^#[^#]|script|alert|heading", marks, re.MULTILINE)
    assert text.splitlines().count("<!-- circleci-s3-access: preview -->") == 1


@given(TEXT.filter(str.strip))
def test_a_code_span_shows_its_text(text: str) -> None:
    """Read back by CommonMark's rules for code spans."""
    span = code(text)
    ticks = re.match("`+", span)
    assert ticks is not None
    inside = span[len(ticks[0]) : -len(ticks[0])]
    assert ticks[0] not in re.findall("`+", inside)
    if inside[:1] == inside[-1:] == " " and inside.strip():
        inside = inside[1:-1]
    assert inside == "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def test_html_in_a_summary_is_escaped() -> None:
    assert f"<code>{html.escape('<b>&')}</code>" in markdown(Report({"<b>&": previewed()}))
    assert Status.SUCCEEDED.value not in markdown(Report({"dev": previewed()}))
