"""Look-ups whose failures are told in plain words: all at once, with the stack and the path."""

import asyncio
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pulumi

from components.settings.findings import Finding, SettingsError

_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Lookup:
    """One look-up, and what to say where it fails or its answer won't do.

    ``output`` is the look-up's own output, from which nothing else is derived.
    ``missing`` makes the finding from the provider's words, ``findings`` finds what
    is wrong with an answer.
    """

    output: pulumi.Output[Any]
    missing: Callable[[str], Finding]
    findings: Callable[[Any], Iterable[Finding]]


def once_found(lookups: Mapping[_Key, Lookup]) -> pulumi.Output[dict[_Key, Any]]:
    """All answers, each by its look-up's key, once every one is there and good.

    The output fails with one message for everything that is wrong; whatever takes
    it as an input is not made.
    """
    for lookup in lookups.values():
        _answer_for(lookup.output)
    checked: pulumi.Output[bool] = pulumi.Output.from_input(_all_found(lookups))
    outputs = [lookup.output for lookup in lookups.values()]
    return checked.apply(
        lambda _: pulumi.Output.all(*outputs).apply(
            lambda answers: dict(zip(lookups, answers, strict=True))
        )
    )


def _answer_for(output: pulumi.Output[Any]) -> None:
    """Keep Pulumi from ending the program with this output's failure, and a traceback.

    It is what ``Output.apply`` does for the output that it is called on. Without it
    only the words would differ.
    """
    untrack = getattr(output, "_untrack", None)
    if untrack is not None:
        untrack()


async def _all_found(lookups: Mapping[_Key, Lookup]) -> bool:
    waited = [lookup.output.future() for lookup in lookups.values()]
    answers = await asyncio.gather(*waited, return_exceptions=True)
    findings: list[Finding] = []
    for lookup, answer in zip(lookups.values(), answers, strict=True):
        if isinstance(answer, BaseException):
            findings.append(lookup.missing(_words(answer)))
        elif answer is not None:  # None is what a preview can't know
            findings += lookup.findings(answer)
    if findings:
        raise told(SettingsError(pulumi.get_stack(), findings))
    return True


def told(error: SettingsError) -> pulumi.RunError:
    """The error as Pulumi prints it: its words alone, without a traceback."""
    return pulumi.RunError(str(error))


def _words(error: BaseException) -> str:
    """The provider's own words, on one line and without the frames around them."""
    words = " ".join(str(error).split())
    return _FRAME.sub("", words)


_FRAME: Final = re.compile(r".*(invoking [\w:/]+: |invoke of [\w:/]+ failed: )")
