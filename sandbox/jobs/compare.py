"""What a run needed beside what an identity's grants give."""

from collections.abc import Sequence
from dataclasses import dataclass

from components.iam.difference import difference
from components.iam.rules import Rule, rules
from components.policy.grants import apart, together
from components.settings.model import Grant
from sandbox.jobs.grants import document_of, giving, grants, lacking
from sandbox.jobs.needs import Need


@dataclass(frozen=True)
class Wider:
    """One right of a grant under one of its prefixes, and what the run used of it.

    If `used` is empty, that is only its KMS key.
    """

    has: Grant
    used: tuple[Grant, ...]


@dataclass(frozen=True)
class Comparison:
    """What an identity's grants lack, what the run did not use, and where it used less."""

    lacks: tuple[Grant, ...]
    unused: tuple[Grant, ...]
    wider: tuple[Wider, ...]


def compare(held: Sequence[Grant], seen: Sequence[Need]) -> Comparison:
    """Compare an identity's grants with what a run needed."""
    unused: list[Grant] = []
    wider: list[Wider] = []
    for unit in (unit for grant in held for unit in apart(grant)):
        needed = list(filter(giving([unit]), seen))
        used = grants(needed)
        if not needed:
            unused.append(unit)
        elif difference(_rules([unit]), _rules(used)).lost:
            wider.append(Wider(unit, used))
    lacks = grants(lacking(seen, giving(held)))
    return Comparison(lacks, tuple(together(unused)), tuple(wider))


def _rules(held: Sequence[Grant]) -> frozenset[Rule]:
    return rules({"": document_of(held)}) if held else frozenset()
