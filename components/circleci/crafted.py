"""Jobs that a subject's pattern lets in although it does not mean them.

``*`` also matches ``/``, and anyone who can push chooses the end of a subject. So what follows a
``*`` in a pattern may stand in the name of a branch:
``user/*/vcs-origin/*/vcs-ref/refs/heads/main`` lets in the branch ``x/vcs-ref/refs/heads/main``.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from itertools import product
from typing import Final

from components.circleci.asked_job import MADE_UP_ID, MADE_UP_ORIGIN, MADE_UP_REF
from components.circleci.subject import ANY_UUID, TWO_REFS, Job
from components.iam.patterns import Pattern, pattern
from components.settings.trust_rules import NO_REF

_MARKS: Final = ("/org/", "/project/", "/user/", "/vcs-origin/", "/vcs-ref/")
_ORIGIN: Final = _MARKS.index("/vcs-origin/")
_ID_AT_START: Final = re.compile(r"[^/*]*\*?")
_REF_AT_END: Final = re.compile(r"\*/?(?P<ref>refs/[^*?]*)$")
_BRANCH: Final = "refs/heads/branch-"
_FILLER: Final = "x"

_ID: Final = rf"(?:[^/*?]+|{re.escape(ANY_UUID)})"
_SURE: Final = re.compile(
    rf"org/[^/*?]+/project/{_ID}(?:/\*|/user/(?:\*|{_ID}(?:/\*|/vcs-origin/(?:"
    r"\*/vcs-ref/\*|[^*?]*\*|[^*?]+/vcs-ref/[^*]*\*?))?))"
)


@dataclass(frozen=True)
class Wanted:
    """A value of a condition on the subject.

    ``wild`` says whether ``*`` and ``?`` are wildcards in it.
    """

    text: str
    wild: bool

    @cached_property
    def pattern(self) -> Pattern:
        """The value as IAM compares it."""
        return pattern(self.text, wildcards=self.wild, variables=False)

    @cached_property
    def parts(self) -> Job:
        """What it says of each part of the subject, as patterns; ``*`` where it says nothing."""
        parts = ["*"] * len(_MARKS)
        rest, last = f"/{self.text}", None
        for place, mark in enumerate(_MARKS):
            before, found, after = rest.partition(mark)
            if found:
                self._say(parts, last, before)
                rest, last = after, place
        self._say(parts, last, rest)
        if tail := _REF_AT_END.search(self.text):
            parts[-1] = tail["ref"]
        return Job(*parts)

    @staticmethod
    def _say(parts: list[str], place: int | None, said: str) -> None:
        if place is not None:
            # In org/ORGANIZATION/* and user/*refs/heads/main other parts follow an id.
            parts[place] = said if place >= _ORIGIN else _ID_AT_START.match(said)[0]  # type: ignore[index] # it matches any text

    def means(self, job: Job) -> bool:
        """Whether each part of the job is as the value says."""
        return all(
            said == "*" or (real is not None and self._part(said).matches(real))
            for said, real in zip(astuple(self.parts), astuple(job), strict=True)
        )

    def is_open_to(self, organization: str) -> bool:
        """Whether the subject of any job of the organization can match."""
        # No subject contains a wildcard character.
        can_match = self.wild or not re.search(r"[*?]", self.text)
        return can_match and bool(self.pattern.after(f"org/{organization}/project/"))

    def is_sure(self, *, refuses_two_refs: bool) -> bool:
        """Whether it is of a form that lets in the jobs alone that it means."""
        if _SURE.fullmatch(self.text) is None:
            return False
        source = self.text.partition("/vcs-origin/")[2]
        if source in {"", "*/vcs-ref/*"} or "/vcs-ref" not in source:
            return True
        return source.count("/vcs-ref") == 1 and (refuses_two_refs or not source.endswith("*"))

    def jobs(self, organization: str, parts: Job) -> Iterator[Job]:
        """Jobs to try: such as it means, such with a made-up id, and crafted ones.

        `parts` is what it says of them, together with the other conditions.

        If the name of any branch can make a job of these projects, users and origins match, then
        one of the crafted ones does.
        """
        origins = dict.fromkeys([self._like(parts.origin or "*", MADE_UP_ORIGIN), MADE_UP_ORIGIN])
        who = product(self._ids(parts.project), self._ids(parts.user))
        for (project, user), origin in product(who, origins):
            job = Job(organization, project, user)
            yield job
            ref = self._like(parts.ref or "*", MADE_UP_REF)
            start = replace(job, origin=origin, ref=_BRANCH)
            ends = {one.example(_FILLER) for one in self.pattern.after(start.subject)}
            crafted = [f"{_BRANCH}{end}" for end in sorted(ends, key=len)]
            folder, _, name = ref.rpartition("/")
            refs = [ref, f"{folder}/{name.swapcase()}", *crafted]
            for one in refs:
                if _is_ref(one):
                    yield replace(job, origin=origin, ref=one)
            # A repository in a folder that is named like the pattern's ref.
            yield replace(job, origin=f"{origin}/vcs-ref/{ref}", ref=MADE_UP_REF)

    def _ids(self, said: str) -> list[str]:
        return list(dict.fromkeys([self._like(said, MADE_UP_ID), MADE_UP_ID]))

    def _like(self, said: str, made_up: str) -> str:
        """A value of a part: the made-up one if it matches, else with what is said at its start."""
        wanted = self._part(said)
        if said == "*" or wanted.matches(made_up):
            return made_up
        padded = wanted.head + made_up[len(wanted.head) :]
        return padded if wanted.matches(padded) else wanted.example(_FILLER)

    def _part(self, said: str) -> Pattern:
        return pattern(said, wildcards=self.wild, variables=False)


def said_together(parts: Iterable[Job]) -> Job:
    """What values of several conditions say of each part: what is said with the most characters."""
    every = zip(*map(astuple, parts), strict=True)
    return Job(*(max(said, key=lambda one: len(re.sub(r"[*?]", "", one))) for said in every))


def refuses_two_refs(text: str) -> bool:
    """Whether a value that must not match excludes the subjects that can be read in two ways."""
    return pattern(text, variables=False).covers(pattern(TWO_REFS))


def _is_ref(text: str) -> bool:
    return text.startswith("refs/") and not NO_REF.search(text) and "*" not in text
