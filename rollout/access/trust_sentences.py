"""Changes of a role's trust policy in words: projects, users, origins and refs.

Rules hold each combination of a project, a user and a source by itself. Words name the parts, so a
change is told part by part where both policies are all combinations of theirs.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, Final

from components.circleci.subject import ANY_UUID
from components.iam.conditions import Condition
from components.iam.difference import Difference
from components.iam.document import Effect
from components.iam.patterns import pattern
from components.iam.rules import Rule
from components.iam.words import conditions_said
from rollout.access.sentences import Line, Verb, Verbs, Verdict, change_lines, ordered
from rollout.access.trust_forms import Admission, Source, admission

_VERBS: Final[Verbs] = {
    (Effect.ALLOW, True): Verb("trust: also", "before only", Verdict.WIDER),
    (Effect.DENY, False): Verb("trust: no longer refuses", "now only", Verdict.WIDER),
    (Effect.ALLOW, False): Verb("trust: no longer", "only", Verdict.NARROWER),
    (Effect.DENY, True): Verb("trust: now refuses", "before only", Verdict.NARROWER),
}


def trust_lines(before: frozenset[Rule], after: frozenset[Rule], change: Difference) -> list[Line]:
    """The change between two sets of ``rollout.access.trust_forms.normal_admissions``, in words."""
    if not change:
        return []
    old, new = _read(before), _read(after)
    if _alike(old) and _alike(new) and _issuer(old[0]) == _issuer(new[0]):
        lines = [*_part_lines(old, new), *_test_lines(old[0], new[0])]
    else:
        lines = [
            *_whole_lines(_read(change.gained), "also" if before else ""),
            *_whole_lines(_read(change.lost), "no longer"),
        ]
    others = Difference(
        *(
            frozenset(one for one in part if admission(one) is None)
            for part in (change.gained, change.lost, change.absorbed, change.kept)
        )
    )
    return lines + change_lines(others, _VERBS, link="by")


def _read(permissions: Iterable[Rule]) -> list[Admission]:
    some = sorted(permissions, key=lambda one: one.order)
    return [found for one in some if (found := admission(one)) is not None]


def _alike(some: Collection[Admission]) -> bool:
    """Whether they are all combinations of their parts, and the rest is the same."""
    rests = {(_issuer(one), one.claims_project, one.rest) for one in some}
    combinations = 1
    for part, _, _ in _PARTS:
        combinations *= len({part(one) for one in some})
    return len(rests) == 1 and combinations == len(set(some))


def _issuer(one: Admission) -> tuple[str, str]:
    return one.provider, one.organization


def _part_lines(old: Collection[Admission], new: Collection[Admission]) -> Iterator[Line]:
    """What each part lets in more or less."""
    for part, covers, say in _PARTS:
        was, now = {part(one) for one in old}, {part(one) for one in new}
        known = {value for value in now - was if any(covers(wide, value) for wide in was)}
        still = {value for value in was - now if any(covers(wide, value) for wide in now)}
        if more := now - was - known:
            tail = f", before only {say(still)}" if still else ""
            yield Line(Verdict.WIDER, f"trust: also {say(more)}{tail}")
        if less := was - now - still:
            tail = f", only {say(known)}" if known else ""
            yield Line(Verdict.NARROWER, f"trust: no longer {say(less)}{tail}")


def _test_lines(old: Admission, new: Admission) -> Iterator[Line]:
    for verdict, says, more, less in (
        (Verdict.NARROWER, "now", new, old),
        (Verdict.WIDER, "no longer", old, new),
    ):
        if more.claims_project and not less.claims_project:
            yield Line(verdict, f"trust: {says} checks the token's project claim")
        if tests := more.rest - less.rest:
            yield Line(verdict, f"trust: {says} asks that {conditions_said(ordered(tests))}")


def _whole_lines(some: Iterable[Admission], says: str) -> Iterator[Line]:
    """Admissions in words, with all their parts."""
    verdict = Verdict.NARROWER if says == "no longer" else Verdict.WIDER
    together: defaultdict[tuple[object, ...], list[Admission]] = defaultdict(list)
    for one in some:
        together[_issuer(one), one.claims_project, one.rest].append(one)
    for group in together.values():
        for jobs in [group] if _alike(group) else [[one] for one in group]:
            projects, users, sources = (say({part(one) for one in jobs}) for part, _, say in _PARTS)
            tests: frozenset[Condition] = jobs[0].rest
            where = f", where {conditions_said(ordered(tests))}" if tests else ""
            job = f"jobs of {projects} in organization {jobs[0].organization}"
            text = f"{job}, run by {users}, {sources}{where}"
            yield Line(verdict, " ".join(word for word in ("trust:", says, text) if word))


def _ids(noun: str) -> Callable[[Collection[str]], str]:
    def say(values: Collection[str]) -> str:
        return f"any {noun}" if ANY_UUID in values else f"{noun} {' or '.join(sorted(values))}"

    return say


def _say_sources(sources: Collection[Source]) -> str:
    refs: defaultdict[str, list[str]] = defaultdict(list)
    for source in sources:
        if source is not None:
            refs[source[0]].append(source[1])
    if {None, ("*", "*")} <= set(sources):
        del refs["*"]
        said = ["any origin and ref"]
    else:
        said = ["tokens that name no origin"] if None in sources else []
    for origin, of_origin in sorted(refs.items()):
        named = "any ref" if "*" in of_origin else ", ".join(sorted(of_origin))
        said.append(f"{named} of {'any origin that a token names' if origin == '*' else origin}")
    return " and ".join(said)


def _source_covers(wide: Source, narrow: Source) -> bool:
    if wide is None or narrow is None:
        return wide is narrow
    return all(
        pattern(ours).covers(pattern(theirs)) for ours, theirs in zip(wide, narrow, strict=True)
    )


def _id_covers(wide: str, narrow: str) -> bool:
    return wide in {ANY_UUID, narrow}


_Part = tuple[Callable[[Admission], Any], Callable[[Any, Any], bool], Callable[[Any], str]]
_PARTS: Final[tuple[_Part, ...]] = (
    (lambda one: one.project, _id_covers, _ids("project")),
    (lambda one: one.user, _id_covers, _ids("user")),
    (lambda one: one.source, _source_covers, _say_sources),
)
