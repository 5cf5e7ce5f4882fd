"""A stack's file that gets an identity: what it has, and what is wrong with what is to come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.settings.config_keys import PROJECT, read_project
from components.settings.findings import Finding, SettingsError
from components.settings.load import decoded
from components.settings.stack_file import StackFile, account_findings, check_name, read
from rollout.choosing.check import examined
from rollout.choosing.inventory import Member, inventory
from rollout.errors import RolloutError
from rollout.starting.known import wrong_region
from rollout.starting.questions import (
    COMMENTS,
    HEAD,
    NAMED,
    PROVIDER,
    QUESTIONS,
    UNNAMED,
    Answers,
    Question,
    about,
    contradictions,
    identity,
    place,
    with_answers,
)
from rollout.writing.file import IDENTITIES, config_of, text_of, with_identities


@dataclass(frozen=True)
class Draft:
    """`before` is the file's text, None if there is none; `written` its config by full keys.

    `common` is the config that all stacks have.
    """

    root: Path
    stack: str
    path: Path
    before: str | None
    written: Mapping[str, Any]
    common: Mapping[str, Any]

    def config(self, answers: Answers) -> dict[str, Any]:
        """Return the stack's config with the answers."""
        return with_answers({**self.common, **self.written}, answers)

    def file(self, answers: Answers) -> StackFile:
        """Return the stack's file with the answers."""
        return StackFile(self.stack, self.path, self.config(answers))

    def is_settled(self, question: Question) -> bool:
        """Say whether the config has the answer already."""
        # What is optional has a default in all stacks.
        config = self.written if question.is_optional else {**self.common, **self.written}
        return question.path in config

    def wrong(self, question: Question, answers: Answers) -> list[str]:
        """Return what is wrong with the answer to a question, by the rules of the settings."""
        name = str(answers.get("name", UNNAMED))
        if question.name == "name" and name in (decoded(self.written.get(IDENTITIES)) or {}):
            return [f"'{name}' is in {self.path.name} already; choose another name"]
        if question.name == "region":
            return [one] if (one := wrong_region(str(answers["region"]))) else []
        # These two are compared with what other stacks have.
        others = inventory(self.root) if question.name in ("name", "oidc-provider") else ()
        return about(question, name, self._findings(answers, others))

    def _findings(self, answers: Answers, others: tuple[Member, ...]) -> tuple[Finding, ...]:
        file = self.file(answers)
        members = [one for one in others if one.name != self.stack]
        checked = examined([*members, Member(self.stack, file)])[-1]
        return (*account_findings(file.config), *checked.findings)

    def wrong_options(self, given: Answers) -> Iterator[str]:
        """Say what is wrong with the answers that were given as options, all at once."""
        against = dict(contradictions(self.written, given))
        told: dict[str, list[str]] = {}
        for question in map(NAMED.__getitem__, given):
            contradiction = against.get(question.option)
            for one in [contradiction] if contradiction else self.wrong(question, given):
                told.setdefault(one, []).append(question.option)
        for message, options in told.items():
            yield f"{', '.join(options)}: {message}"

    def missing_options(self, given: Answers) -> list[str]:
        """Return which options are missing where nobody can be asked."""
        return [
            f"{one.option} is missing: {one.text}"
            for one in QUESTIONS
            if not (one.is_optional or one.name in given or self.is_settled(one))
            and one.concerns(given)
        ]

    def text(self, answers: Answers) -> str:
        """Return the file's text with the identity.

        Raises:
            RolloutError: it can't be added to the file as it is written.
        """
        keys = place(answers)
        if keys.get(PROVIDER) == self.common.get(PROVIDER, "existing"):
            del keys[PROVIDER]
        added = {str(answers["name"]): identity(answers)}
        return with_identities(self.before or HEAD, keys, added, self.path, COMMENTS)


def draft(root: Path, stack: str) -> Draft:
    """Read what there is of a stack.

    Raises:
        RolloutError: nothing can be added to it.
    """
    path = root / f"Pulumi.{stack}.yaml"
    try:
        check_name(stack)
        common = read_project(root, stack).config
    except SettingsError as error:
        raise RolloutError(*str(error).splitlines()) from None
    before = text_of(path)
    made = Draft(root, stack, path, before, config_of(before or "", path), common)
    if IDENTITIES in common and IDENTITIES not in made.written:
        raise RolloutError(
            f"{PROJECT}: {IDENTITIES}: is for all stacks, and identities in {path.name} would "
            "replace them in this one; add the identity there"
        )
    try:
        if made.written and IDENTITIES in (file := read(root, stack)).config:
            file.settings()
    except SettingsError as error:
        raise RolloutError(*str(error).splitlines()) from None
    # Whether its form has a place for one: no identity has this name.
    with_identities(before or "", {}, {"/": {}}, path)
    return made
