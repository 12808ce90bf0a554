"""Asks Chromium about every cell and writes docs/browser.md, also in Chinese: `make browser`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from oss_emulator.cli import browser
from oss_emulator.cli.browser import Setting
from oss_emulator.lab.browser import BEHAVIOURS
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import UNASKED, Relation, plan
from oss_emulator.lab.witness.summary import SentReferer, classify, summarize
from oss_emulator.lab.witness.verdict import Comparison, compare
from oss_emulator.referer import RefererConfiguration, RefererPolicy
from oss_emulator.referer.assumptions import DEFAULT

from tests.docs import phrases

PAGE = Path(__file__).parents[2] / "docs" / "browser.md"

RULES = RefererConfiguration(
    False, whitelist=("https://www.example.com/", "http://www.example.com/album/")
)
SITE = WebURL.parse("https://www.example.com/album/today.html")
OBJECTS = {
    Relation.CROSS_SITE: "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg",
    Relation.SAME_SITE: "https://img.example.com/photo.jpg",
    Relation.SAME_HOST: "https://www.example.com/photo.jpg",
}
CELLS = plan(SITE, {relation: WebURL.parse(url) for relation, url in OBJECTS.items()})

_ABOUT = """\
# What a browser sends

English | [简体中文](zh/browser.md)

`make browser` writes this page. It has a browser visit pages that ask an emulator for objects, and
compares each request with the prediction of the [rule lab](rule-lab.md). `make test-system` asks
one in 16 of the cells again, and `oss-emulator scenarios RULES --site URL --browser` asks about
your own site and rules.
"""

_HOW = """\
## How it is asked

- The page is `https://www.example.com/album/today.html`, and the same by `http`. The object is on
  the same host, on the same site (`img.example.com`) and on another site
  (`examplebucket.oss-cn-hangzhou.aliyuncs.com`), each by `https` and by `http`.
- The page sets none or one of the eight policies: with the header, with `<meta>`, with the
  attribute of the element (the page then has another policy), or with `rel=noreferrer`.
- An `https` page that asks for `http` objects is asked again with the header
  `Content-Security-Policy: upgrade-insecure-requests`: each element, and what is blocked otherwise
  under each policy.
- All hosts are mapped to this machine, where the emulator answers for the objects with the
  whitelist `https://www.example.com/` and `http://www.example.com/album/`, without empty Referers.
  The certificates are those of a local CA. The http page answers only http, so that the browser
  does not upgrade it (B-07).
- A request agrees if its scheme, its Referer and the decision of the emulator are as predicted.
"""

_NOT_ASKED = """\
## What is not asked

The tests of Referrer Policy in the Web Platform Tests have these axes as well.

| What | Why not |
|---|---|\
"""


def render(version: str, comparisons: Sequence[Comparison]) -> str:
    """Return the page."""
    different = [comparison for comparison in comparisons if not comparison.agrees]
    lines = [
        _ABOUT,
        f"{version}, {time.strftime('%Y-%m-%d')}: **{len(comparisons):,}** requests, of which "
        f"**{len(different)}** differ from the prediction.\n",
        *(f"- {check(comparison)}" for comparison in different),
        _HOW,
        *_by_element(comparisons),
        *_by_schemes(comparisons),
        _NOT_ASKED,
        *(f"| {what} | {why} |" for what, why in UNASKED.items()),
    ]
    return "\n".join(lines) + "\n"


def check(comparison: Comparison) -> str:
    """Describe a comparison in one line."""
    cell, seen = comparison.cell, comparison.seen
    return (
        f"{cell.element.value}, {cell.delivery.value} {cell.policy}, {cell.sheet.page.text} asks "
        f"for {cell.target.text}: predicted {comparison.predicted}, sent {seen and seen.sent}"
    )


def _by_element(comparisons: Sequence[Comparison]) -> Iterator[str]:
    kinds = list(SentReferer)
    headings = ("Element", "Requests", *(kind.value for kind in kinds), "Differ")
    yield "## By element\n"
    yield f"| {' | '.join(headings)} |"
    yield "|---|" + "---:|" * (len(kinds) + 2)
    for element in BEHAVIOURS:
        here = [item for item in comparisons if item.cell.element is element]
        found = Counter(classify(item.cell, item.seen.sent if item.seen else None) for item in here)
        differ = sum(not item.agrees for item in here)
        counts = " | ".join(str(found[kind]) for kind in kinds)
        yield f"| {element.value} | {len(here)} | {counts} | {differ} |"
    yield ""


def _by_schemes(comparisons: Sequence[Comparison]) -> Iterator[str]:
    yield "## By scheme\n"
    yield "| Page | Object | Asked by | Referer | Verdict | Requests |"
    yield "|---|---|---|---|---|---:|"
    for outcome, count in summarize(comparisons):
        asked = "https" if outcome.upgraded else outcome.target if outcome.verdict else ""
        yield (
            f"| {outcome.page} | {outcome.target} | {asked} | {outcome.kind.value} | "
            f"{outcome.verdict} | {count} |"
        )
    yield ""


def main() -> int:
    """Ask about every cell and write the pages; returns 1 if any differs."""
    began = time.monotonic()
    testimony = browser.ask(CELLS, Setting(RULES, DEFAULT, browser.find(None)))
    comparisons = compare(CELLS, testimony.seen, RefererPolicy.compile(RULES))
    PAGE.write_text(render(testimony.version, comparisons), encoding="utf-8")
    phrases.write("browser")
    different = [check(comparison) for comparison in comparisons if not comparison.agrees]
    print(*different, sep="\n", end="\n" if different else "")
    seconds = time.monotonic() - began
    print(f"{len(different)} of {len(CELLS)} requests differ, in {seconds:.0f} s")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
