"""`scenarios --browser`: what a real browser sent, beside what was predicted."""

from collections.abc import Iterator
from dataclasses import dataclass

from oss_emulator.cli import browser
from oss_emulator.cli.browser import Setting
from oss_emulator.cli.output import Block, Text, TextTable, Tone, line, referer, verdict
from oss_emulator.lab.browser import Sent
from oss_emulator.lab.scenarios import page_of
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import Cell, Relation, plan
from oss_emulator.lab.witness.summary import CellOutcome, summarize
from oss_emulator.lab.witness.verdict import Comparison, compare
from oss_emulator.referer import Assumptions, Decision, RefererConfiguration, RefererPolicy
from oss_emulator.referer.sentence import Sentence

SHOWN = 10
"""The number of differences to show."""


@dataclass(frozen=True, slots=True)
class Witness:
    """The comparisons of all cells."""

    version: str
    comparisons: tuple[Comparison, ...]

    @property
    def agrees(self) -> bool:
        """Whether the browser did everything as predicted."""
        return all(comparison.agrees for comparison in self.comparisons)

    def report(self) -> Iterator[Block]:
        """Say what the browser sent, and what differs."""
        rows = [
            (
                _way(outcome),
                Sentence(outcome.kind.value),
                _VERDICTS[outcome.verdict],
                str(count),
            )
            for outcome, count in summarize(self.comparisons)
        ]
        yield line()
        yield TextTable(
            (Sentence("page -> object"), "Referer", Sentence("verdict"), Sentence("requests")),
            rows,
            Sentence("What {} sent", self.version),
        )
        yield line()
        different = [comparison for comparison in self.comparisons if not comparison.agrees]
        asked = len(self.comparisons)
        if not different:
            said = Sentence("All {} requests are as predicted.", str(asked))
            yield line(Text(said, Tone.GOOD))
        for comparison in different[:SHOWN]:
            yield from _difference(comparison)
        if different:
            wrong = str(len(different))
            said = Sentence("{} of {} requests are not as predicted.", wrong, str(asked))
            yield line(Text(said, Tone.BAD))

    def to_dict(self) -> dict[str, object]:
        """Return the comparisons as values for JSON."""
        cells = [_to_dict(comparison) for comparison in self.comparisons]
        return {"browser": {"version": self.version, "cells": cells}}


def ask(
    path: str,
    configuration: RefererConfiguration,
    assumptions: Assumptions,
    site: WebURL,
    target: WebURL,
) -> Witness:
    """Ask the browser at a path, "" for the first that is installed. Raises CommandError."""
    page = page_of(site)
    relation = Relation.SAME_HOST if page.host == target.host else Relation.CROSS_SITE
    cells = plan(page, {relation: target})
    setting = Setting(configuration, assumptions, browser.find(path))
    testimony = browser.ask(cells, setting)
    policy = RefererPolicy.compile(configuration, assumptions)
    return Witness(testimony.version, compare(cells, testimony.seen, policy))


def _difference(comparison: Comparison) -> Iterator[Block]:
    cell = comparison.cell
    yield line(Text(Sentence("! {}", _name(cell)), Tone.BAD))
    predicted = _sent(comparison.predicted, comparison.expected)
    yield line(Text(Sentence("predicted"), width=11), *predicted, indent=2)
    yield line(Text(Sentence("sent"), width=11), *_sent(*_seen(comparison)), indent=2)


def _seen(comparison: Comparison) -> tuple[Sent | None, Decision | None]:
    seen = comparison.seen
    return (None, None) if seen is None else (seen.sent, seen.decision)


def _name(cell: Cell) -> Sentence:
    return Sentence(
        "{} of a page by {}, object by {}, {} by {}",
        cell.element.value,
        cell.sheet.page.scheme,
        cell.target.scheme,
        cell.policy.value if cell.policy else Sentence("no policy"),
        cell.delivery.value,
    )


_VERDICTS = {
    "allowed": Text(Sentence("allowed"), Tone.GOOD),
    "denied": Text(Sentence("denied"), Tone.BAD),
    "": Text(""),
}


def _way(outcome: CellOutcome) -> str:
    if outcome.upgraded:
        return Sentence("{} -> {}, upgraded", outcome.page, outcome.target)
    return f"{outcome.page} -> {outcome.target}"


def _sent(sent: Sent | None, decision: Decision | None) -> Iterator[Text | str]:
    if sent is None or decision is None:
        yield Sentence("no request")
        return
    yield Sentence("by {}, ", sent.scheme)
    yield referer(sent.referer)
    yield ", "
    yield verdict(decision)
    yield f" ({decision.ec})" if decision.ec else ""


def _to_dict(comparison: Comparison) -> dict[str, object]:
    cell = comparison.cell
    return {
        "element": cell.element.value,
        "page": cell.sheet.page.text,
        "object": cell.target.text,
        "delivery": cell.delivery.value,
        "policy": cell.policy and cell.policy.value,
        "predicted": _sent_to_dict(comparison.predicted, comparison.expected),
        "seen": _sent_to_dict(*_seen(comparison)),
        "agrees": comparison.agrees,
    }


def _sent_to_dict(sent: Sent | None, decision: Decision | None) -> dict[str, object] | None:
    if sent is None or decision is None:
        return None
    return {
        "scheme": sent.scheme,
        "referer": sent.referer,
        "allowed": decision.allowed,
        "ec": decision.ec,
    }
