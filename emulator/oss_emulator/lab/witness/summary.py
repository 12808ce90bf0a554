"""A summary of what a browser sent, with one line for all cells of the same outcome."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from oss_emulator.lab.browser import Sent

from .cells import Cell
from .verdict import Comparison


class SentReferer(StrEnum):
    """What a browser sent for an object."""

    NOTHING = "(no request)"
    NONE = "(no Referer)"
    ORIGIN = "the origin"
    WHOLE = "the whole URL"
    FILE = "the URL of a style sheet, worker or frame"


class CellOutcome(NamedTuple):
    """The outcome that several cells share."""

    page: str
    """The scheme of the page; likewise `target`."""
    target: str
    kind: SentReferer
    upgraded: bool
    """Whether an http object was asked for by https."""
    verdict: str
    """"allowed", "denied" or "" for no request."""


def classify(cell: Cell, sent: Sent | None) -> SentReferer:
    """Return the kind of Referer that was sent for a cell."""
    if sent is None:
        return SentReferer.NOTHING
    if sent.referer is None:
        return SentReferer.NONE
    if cell.file is not None and sent.referer == cell.file.text:
        return SentReferer.FILE
    return SentReferer.WHOLE if sent.referer == cell.sheet.page.text else SentReferer.ORIGIN


def summarize(comparisons: Iterable[Comparison]) -> list[tuple[CellOutcome, int]]:
    """Return each outcome with the number of its cells, in the order of the schemes."""
    counts: Counter[CellOutcome] = Counter()
    for comparison in comparisons:
        cell, seen = comparison.cell, comparison.seen
        sent = None if seen is None else seen.sent
        verdict = "" if seen is None else "allowed" if seen.decision.allowed else "denied"
        upgraded = sent is not None and sent.scheme != cell.target.scheme
        page, target = cell.sheet.page.scheme, cell.target.scheme
        counts[CellOutcome(page, target, classify(cell, sent), upgraded, verdict)] += 1
    order = list(SentReferer)
    return sorted(
        counts.items(), key=lambda item: (*item[0][:2], order.index(item[0].kind), item[0][3:])
    )
