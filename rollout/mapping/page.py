"""The map as one HTML page, which needs nothing but itself: no script or style of elsewhere."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from components.settings.findings import printable
from rollout.mapping.model import LEGEND, LETTERS, Cell, Remark, Review, Row
from rollout.mapping.tables import by_commit, deployed_words
from rollout.reporting.groups import groups

_HERE: Final = Path(__file__).parent


def as_html(review: Review) -> str:
    """Return the page; all that comes from files is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shown"] = printable
    style, script = ((_HERE / f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    anchors, buckets = _anchors(review), review.buckets

    def anchor(stack: str, identity: str, bucket: str = "") -> str:
        return anchors[stack, identity, bucket]

    def line(row: Row) -> Iterator[tuple[str, Cell] | None]:
        cells = {cell.bucket: cell for cell in row.cells}
        for bucket in buckets:
            yield (anchor(row.stack, row.name, bucket), cells[bucket]) if bucket in cells else None

    def alike(row: Row) -> Iterator[tuple[list[tuple[str, Cell]], Cell]]:
        for some, cell in _alike(row):
            yield [(anchor(row.stack, row.name, one.bucket), one) for one in some], cell

    since = review.since
    return environment.get_template("page.html").render(
        review=review,
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        legend=LEGEND,
        letters=[(letter, word) for word, letter in LETTERS.items()],
        buckets=buckets,
        remarked=_remarked,
        anchor=anchor,
        line=line,
        alike=alike,
        groups=groups,
        changes=groups(since.report) if since else (),
        commits=by_commit(since) if since else {},
        words=deployed_words,
    )


def _hash(text: str) -> str:
    """Name an inline element in a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _anchors(review: Review) -> dict[tuple[str, str, str], str]:
    """Return a place in the page for each identity, and for each of its buckets."""
    numbers = count()
    return {
        (row.stack, row.name, bucket): f"p{next(numbers)}"
        for row in review.rows
        for bucket in ("", *(cell.bucket for cell in row.cells))
    }


def _remarked(found: Iterable[Remark]) -> dict[tuple[str, str, str], list[Remark]]:
    """Remarks with the same text about one identity together."""
    together: dict[tuple[str, str, str], list[Remark]] = {}
    for one in found:
        together.setdefault((one.stack, one.identity, one.text), []).append(one)
    return together


def _alike(row: Row) -> Iterator[tuple[list[Cell], Cell]]:
    """Cells that say the same of their buckets, and one that says it for them all."""
    found: dict[Cell, list[Cell]] = {}
    for cell in row.cells:
        said = tuple(one.replace(cell.bucket, "<bucket>") for one in cell.statements)
        key = replace(cell, bucket="", statements=said, sources=())
        found.setdefault(key, []).append(cell)
    for key, some in found.items():
        yield some, key if len(some) > 1 else some[0]
