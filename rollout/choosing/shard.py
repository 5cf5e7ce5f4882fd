"""The part of a rollout for one machine: `--shard I/N`, or CircleCI's parallelism."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from rollout.errors import RolloutError

INDEX: Final = "CIRCLE_NODE_INDEX"
TOTAL: Final = "CIRCLE_NODE_TOTAL"
_SHARD: Final = re.compile(r"(\d+)/(\d+)")

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Shard:
    """Part `index` of `total`; the first is 0, as CircleCI counts its nodes."""

    index: int
    total: int

    def __str__(self) -> str:
        return f"{self.index}/{self.total}"

    def of(self, items: Sequence[_Item]) -> tuple[_Item, ...]:
        """Return every `total`-th item, which are this shard's.

        Each item is in one shard. Of any run of consecutive items, such as a wave, two shards get
        the same number or differ by one.
        """
        return tuple(items[self.index :: self.total])


WHOLE: Final = Shard(0, 1)
"""The only shard, if there is one machine."""


def parse_shard(text: str | None, environment: Mapping[str, str]) -> Shard:
    """Read `--shard`, or else the environment of a CircleCI job; without either it is 0/1.

    Raises:
        RolloutError: it is not a shard.
    """
    source = "--shard"
    if text is None:
        if INDEX not in environment or TOTAL not in environment:
            return WHOLE
        source = f"{INDEX}/{TOTAL}"
        text = f"{environment[INDEX]}/{environment[TOTAL]}"
    found = _SHARD.fullmatch(text)
    index, total = (int(found[1]), int(found[2])) if found else (0, 0)
    if index >= total:
        raise RolloutError(
            f"{source}: '{text}' is not a shard; use I/N, with I from 0 to N-1: 0/4 to 3/4"
        )
    return Shard(index, total)
