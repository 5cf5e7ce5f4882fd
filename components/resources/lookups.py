"""Look-ups whose failures are reported together, each with the stack and the path."""

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
    """One look-up, and the findings if it fails or its answer is wrong.

    ``output`` is the output of the look-up itself; no other output is derived from it.
    ``missing`` makes the finding from the provider's error message. ``findings`` checks the
    answer.
    """

    output: pulumi.Output[Any]
    missing: Callable[[str], Finding]
    findings: Callable[[Any], Iterable[Finding]]

    def __post_init__(self) -> None:
        """Prevent Pulumi from ending the program with a traceback if this output fails.

        ``Output.apply`` does the same for its output. Without this, only the message differs.
        """
        untrack = getattr(self.output, "_untrack", None)
        if untrack is not None:
            untrack()


def once_found(lookups: Mapping[_Key, Lookup]) -> pulumi.Output[dict[_Key, Any]]:
    """All answers by the keys of their look-ups, if every look-up succeeds.

    Otherwise the output fails with one message for all findings, and resources that depend
    on it are not created.
    """
    checked: pulumi.Output[bool] = pulumi.Output.from_input(_all_found(lookups))
    outputs = [lookup.output for lookup in lookups.values()]
    return checked.apply(
        lambda _: pulumi.Output.all(*outputs).apply(
            lambda answers: dict(zip(lookups, answers, strict=True))
        )
    )


async def _all_found(lookups: Mapping[_Key, Lookup]) -> bool:
    if findings := (await look_up(lookups))[1]:
        raise run_error(SettingsError(pulumi.get_stack(), findings))
    return True


async def look_up(lookups: Mapping[_Key, Lookup]) -> tuple[dict[_Key, Any], list[Finding]]:
    """The answers by the keys of their look-ups, and the findings about all of them."""
    waited = [lookup.output.future() for lookup in lookups.values()]
    answers = await asyncio.gather(*waited, return_exceptions=True)
    findings: list[Finding] = []
    for lookup, answer in zip(lookups.values(), answers, strict=True):
        if isinstance(answer, BaseException):
            findings.append(lookup.missing(_words(answer)))
        elif answer is not None:  # None: not known in a preview
            findings += lookup.findings(answer)
    return dict(zip(lookups, answers, strict=True)), findings


def run_error(error: SettingsError) -> pulumi.RunError:
    """The error in the form that Pulumi prints without a traceback."""
    return pulumi.RunError(str(error))


def _words(error: BaseException) -> str:
    """The provider's error message on one line, without the text that the engine adds."""
    words = " ".join(str(error).split())
    return _FRAME.sub("", words)


_FRAME: Final = re.compile(r".*(invoking [\w:/]+: |invoke of [\w:/]+ failed: )")
