"""Results: ratios of two measurements that took turns, tables, and their Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

ROUNDS = 20
"""Many short rounds, because the load of a machine varies."""


@dataclass(frozen=True)
class Spread:
    """The values of one measurement that was repeated."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({min(self.values):.2f} … {max(self.values):.2f})"


@dataclass(frozen=True)
class Duel:
    """Two measurements that took turns: A B A B …"""

    ours: Spread
    theirs: Spread

    @property
    def ratio(self) -> Spread:
        """Ours divided by theirs, for each round."""
        pairs = zip(self.ours.values, self.theirs.values, strict=True)
        return Spread(tuple(ours / theirs for ours, theirs in pairs))


def duel(ours: Callable[[], float], theirs: Callable[[], float], rounds: int = ROUNDS) -> Duel:
    """Measure in turns; the first round warms up and does not count."""
    pairs = [(ours(), theirs()) for _ in range(rounds + 1)][1:]
    mine, other = zip(*pairs, strict=True)
    return Duel(Spread(mine), Spread(other))


@dataclass(frozen=True)
class Row:
    """A ratio and its bound."""

    what: str
    against: str
    ratio: Spread
    at_least: float | None = None
    at_most: float | None = None
    figures: str = ""
    """The medians of both sides, with units."""

    @property
    def bound(self) -> str:
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"

    @property
    def holds(self) -> bool:
        reached = self.ratio.median
        if self.at_least is not None and reached < self.at_least:
            return False
        return self.at_most is None or reached <= self.at_most

    def cells(self) -> tuple[str, ...]:
        kept = "" if not self.bound else "yes" if self.holds else "**no**"
        return self.what, self.against, self.bound, str(self.ratio), kept, self.figures


@dataclass(frozen=True)
class Cost:
    """The cost of a command: wall time, and CPU time with its children, in seconds."""

    wall: float
    processor: float


def compare(
    what: str,
    ours: Sequence[Cost],
    against: str,
    theirs: Sequence[Cost],
    at_most: float | None = None,
) -> list[Row]:
    """Return a row of wall time and one of CPU time."""
    rows = []
    for kind in ("wall", "processor"):
        mine, its = (
            Spread(tuple(getattr(cost, kind) for cost in costs)) for costs in (ours, theirs)
        )
        figures = f"{mine.median:.2f} s and {its.median:.2f} s"
        ratio = Duel(mine, its).ratio
        rows.append(Row(f"{what}, {kind} time", against, ratio, at_most=at_most, figures=figures))
    return rows


HEAD = ("what", "against", "bound", "ratio (min … max)", "holds", "medians")


@dataclass(frozen=True)
class Table:
    """Numbers that are not ratios."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


@dataclass(frozen=True)
class Section:
    """One question, the method, and the results."""

    title: str
    method: str
    rows: Sequence[Row] = ()
    tables: Sequence[Table] = ()
    remarks: Sequence[str] = ()

    def format(self) -> str:
        """Format the section as Markdown."""
        parts = [f"## {self.title}", self.method]
        if self.rows:
            parts.append(format_table(HEAD, [row.cells() for row in self.rows]))
        parts += [format_table(table.head, table.rows) for table in self.tables]
        parts += self.remarks
        return "\n\n".join(parts)


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format a table as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
