"""Asks the questions of `init` in a terminal, and offers what is known."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rich.console import Console
from rich.prompt import InvalidResponse, Prompt
from rich.text import Text

from components.settings.findings import printable
from rollout.starting import known
from rollout.starting.draft import Draft
from rollout.starting.questions import NAMED, QUESTIONS, Answer, Answers, Question

_NOTHING = "-"
_MOST = 30
"""Buckets that are listed; others can be typed."""


@dataclass
class Asking:
    """Questions about one stack's file."""

    draft: Draft
    console: Console
    _looked: dict[str, known.Seen | None] = field(default_factory=dict)

    def ask(self, given: Answers) -> Answers:
        """Ask for what is not given yet, each again until its answer is right."""
        answers = dict(given)
        for question in QUESTIONS:
            is_open = question.name not in answers and not self.draft.is_settled(question)
            if is_open and question.concerns(answers):
                answer = self._provider(answers) if question.name == "oidc-provider" else None
                answers[question.name] = answer or self._asked(question, answers)
        return answers

    def _asked(self, question: Question, answers: Answers) -> Answer:
        offered = self._offered(question, answers)
        listed = self._listed(answers) if question.name == "bucket" else []
        form = "; commas between several" if question.is_list else ""
        form += f"; {_NOTHING} leaves it out" if question.number == "any" else ""
        prompt = _Prompt(Text(f"{question.text}{form}", "bold"), console=self.console)
        prompt.wrong = lambda text: self._wrong(question, answers, _parsed(question, text, listed))
        if question.number == "any" and not offered:
            offered = (_NOTHING,)
        answer = prompt(default=", ".join(offered)) if offered else prompt()
        return _parsed(question, answer, listed)

    def _wrong(self, question: Question, answers: Answers, answer: Answer) -> list[str]:
        if not answer and question.number == "any":
            return []
        return self.draft.wrong(question, {**answers, question.name: answer})

    def _offered(self, question: Question, answers: Answers) -> tuple[str, ...]:
        """Return what is known of an answer, if it is one."""
        known_one = _OFFERS[question.name](self, answers) if question.name in _OFFERS else None
        offered = (known_one,) if isinstance(known_one, str) else known_one or ()
        answer = offered if question.is_list else "".join(offered)
        return () if not offered or self._wrong(question, answers, answer) else offered

    def _listed(self, answers: Answers) -> list[str]:
        seen = self.seen(answers)
        buckets = seen.buckets() if seen else []
        for number, name in enumerate(buckets[:_MOST], 1):
            self._say(f"{number:4} {name}")
        if more := len(buckets[_MOST:]):
            self._say(f"     and {more} more")
        if buckets:
            self._say("     Type a number, or the name of any bucket.")
        return buckets[:_MOST]

    def _provider(self, answers: Answers) -> str | None:
        """Return whether the stack creates the OIDC provider, if that can be found out."""
        question, organization = NAMED["oidc-provider"], str(answers["organization"])
        if others := self.draft.wrong(question, {**answers, question.name: "create"}):
            self._say(f"oidcProvider: existing, since {others[0]}")
            return "existing"
        seen = self.seen(answers)
        has = seen.has_provider(organization) if seen else None
        if seen is None or has is None:
            return None
        does = "has the" if has else "has no"
        done = "this stack uses it" if has else "this stack creates it"
        self._say(
            f"Account {seen.account} {does} OIDC provider of organization {organization}: {done}."
        )
        return "existing" if has else "create"

    def seen(self, answers: Answers) -> known.Seen | None:
        """Return the account as the credentials see it; looked up once for each account."""
        file = self.draft.file(answers)
        key = f"{file.region} {file.account}"
        if key not in self._looked:
            self._looked[key] = known.look(file)
        return self._looked[key]

    def _say(self, text: str) -> None:
        self.console.print(printable(text), soft_wrap=True)


class _Prompt(Prompt):
    """A question that is asked again until nothing is wrong with the answer."""

    wrong: Callable[[str], Iterable[str]]

    def process_response(self, value: str) -> str:
        if found := list(self.wrong(value)):
            raise InvalidResponse(Text("\n".join(map(printable, found)), "prompt.invalid"))
        return value


def _parsed(question: Question, text: str, listed: list[str]) -> Answer:
    text = text.strip()
    if question.is_list:
        parts = () if text == _NOTHING and question.number == "any" else text.split(",")
        return tuple(part.strip() for part in parts if part.strip())
    if text.isdecimal() and text not in listed and 1 <= int(text) <= len(listed):
        return listed[int(text) - 1]
    return text


def _account(asking: Asking, answers: Answers) -> str | None:
    seen = asking.seen(answers)
    return seen.account if seen else None


def _name(asking: Asking, _: Answers) -> str:
    origin = known.git_origin(asking.draft.root)
    return f"circleci-{origin.rsplit('/', 1)[-1]}" if origin else "circleci"


def _ref(asking: Asking, answers: Answers) -> str | None:
    root = asking.draft.root
    is_here = answers.get("origin") == (known.git_origin(root),)
    return known.git_ref(root) if is_here else None


_Known = str | tuple[str, ...] | None
_OFFERS: dict[str, Callable[[Asking, Answers], _Known]] = {
    "region": lambda asking, _: known.default_region(asking.draft.config({})),
    "account": _account,
    "kind": lambda *_: "role",
    "origin": lambda asking, _: known.git_origin(asking.draft.root),
    "ref": _ref,
    "access": lambda *_: ("list", "read"),
    "access-key": lambda *_: f"{datetime.now(UTC):%Y-%m}",
    "oidc-provider": lambda *_: "existing",
    "name": _name,
}
