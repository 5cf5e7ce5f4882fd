"""Failed look-ups in plain words: all at once, naming the stack and the config's path."""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

import pulumi

from components.settings.findings import Finding, SettingsError

_Found = TypeVar("_Found")


def once_found(
    lookups: Mapping[str, pulumi.Output[_Found]], explain: Callable[[str, str], Finding]
) -> pulumi.Output[dict[str, _Found]]:
    """All answers, once every one is there.

    Args:
        lookups: what was asked for, by name: the look-ups' own outputs, from which
            nothing else is derived.
        explain: the finding for a name whose look-up failed, and the provider's words.

    Returns:
        An output that fails with one message for all look-ups that failed;
        whatever takes it as an input is not made.
    """
    for lookup in lookups.values():
        # Pulumi ends a program with the first output that failed, in the provider's words and
        # with a traceback; the output made here answers for these.
        lookup._untrack()  # noqa: SLF001 - what Output.apply calls for the same reason
    checked: pulumi.Output[bool] = pulumi.Output.from_input(_all_found(lookups, explain))
    return checked.apply(lambda _: pulumi.Output.all(**lookups))


async def _all_found(
    lookups: Mapping[str, pulumi.Output[_Found]], explain: Callable[[str, str], Finding]
) -> bool:
    waited = [lookup.future() for lookup in lookups.values()]
    answers = await asyncio.gather(*waited, return_exceptions=True)
    findings = [
        explain(name, _words(answer))
        for name, answer in zip(lookups, answers, strict=True)
        if isinstance(answer, BaseException)
    ]
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
