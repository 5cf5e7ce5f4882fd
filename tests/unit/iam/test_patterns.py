"""The wildcards and variables of policy values."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.iam.patterns import Pattern, pattern

SMALL = st.text("ab/", max_size=6)
GLOBS = st.text("ab/*?", max_size=7)


@given(GLOBS, SMALL)
def test_a_pattern_matches_as_a_shell_would_without_paths(glob: str, text: str) -> None:
    assert pattern(glob).matches(text) is fnmatchcase(text, glob)


@given(GLOBS, GLOBS, SMALL)
def test_what_a_covered_pattern_matches_the_covering_one_matches(
    wide: str, narrow: str, text: str
) -> None:
    if pattern(wide).covers(pattern(narrow)):
        assert pattern(wide).matches(text) or not pattern(narrow).matches(text)


@given(GLOBS, SMALL)
def test_covering_plain_text_is_matching_it(glob: str, text: str) -> None:
    assert pattern(glob).covers(pattern(text)) is pattern(glob).matches(text)


@given(GLOBS, GLOBS, SMALL)
def test_patterns_that_never_meet_match_no_text_both(one: str, other: str, text: str) -> None:
    meet = pattern(one).may_meet(pattern(other))
    assert meet is pattern(other).may_meet(pattern(one))
    assert meet or not (pattern(one).matches(text) and pattern(other).matches(text))


@given(GLOBS, SMALL, SMALL)
def test_what_follows_a_start_is_what_makes_the_whole_match(glob: str, one: str, two: str) -> None:
    wanted = pattern(glob)
    rests = wanted.after(one)
    assert any(rest.matches(two) for rest in rests) is wanted.matches(one + two)
    assert all(wanted.matches(one + rest.example("x")) for rest in rests)


@given(st.text("ab*", max_size=6))
def test_a_pattern_covers_itself_and_whatever_is_longer_by_a_star(glob: str) -> None:
    assert pattern(glob).covers(pattern(glob))
    assert pattern(glob + "*").covers(pattern(glob))


@pytest.mark.parametrize(
    ("one", "other", "covers", "meets"),
    [
        ("b/*", "b/builds/*", True, True),
        ("b/builds/*", "b/*", False, True),
        ("*?", "?*", True, True),
        ("a*c", "a?b*", False, True),
        ("refs/*/main", "refs/heads/*", False, True),
        ("refs/*/main", "refs/*/dev", False, False),
        ("????/x", "*/y", False, False),
        ("", "*", False, True),
        ("", "?", False, False),
        ("b/*", "b/${aws:username}/*", True, True),
        ("b/${aws:username}/*", "b/${aws:username}/x", True, True),
        ("b/${aws:username}/*", "b/bob/*", False, True),
        ("b/${aws:username}/x", "b/*/y", False, False),
        ("b/????", "b/${aws:username}", False, True),
        ("b/${*}", "b/*", False, True),
    ],
)
def test_covering_and_meeting_know_wildcards_and_variables(
    one: str, other: str, *, covers: bool, meets: bool
) -> None:
    assert pattern(one).covers(pattern(other)) is covers
    assert pattern(one).may_meet(pattern(other)) is meets


def test_line_breaks_are_characters_like_others() -> None:
    assert pattern("a*").matches("a\nb\n")
    assert not pattern("a").matches("a\n")


def test_many_stars_do_not_take_exponential_time() -> None:
    # Would run for years with a matcher that tries all ways.
    assert not pattern("*a" * 60 + "b").matches("a" * 3_000)
    assert not pattern("*a" * 60 + "b").covers(pattern("a" * 3_000))


def test_equal_patterns_are_equal_values() -> None:
    assert pattern("a*?**") == pattern("a?*") == Pattern(pattern("a?*").tokens)


def test_unresolved_variables_match_nothing_silently() -> None:
    with pytest.raises(ValueError, match="variables"):
        pattern("${aws:username}").matches("bob")
