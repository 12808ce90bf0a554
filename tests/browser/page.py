"""Asks Chromium about every cell and writes docs/browser.md, also in Chinese: `make browser`."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path

from oss_referer.browser.browser import BEHAVIOURS, Sent

from tests.browser.matrix import CELLS, Cell, ask, differences
from tests.docs import phrases
from tests.requirements import require

PAGE = Path(__file__).parents[2] / "docs" / "browser.md"

UNASKED = {
    "attribute or option on other elements": (
        "only img, picture, iframe, script, link and fetch let one request have its own policy"
    ),
    "a policy of the page for a worker and its fetch": (
        "a worker obeys only the header of its own script, so the tests set that header"
    ),
    "a worker script of another origin": "browsers refuse to start it; tested once for each policy",
    "area, SVG link": "they are links, and links are tested",
    "dynamic import, shared worker, worklet": "they load scripts, which buckets seldom contain",
    "beacon, WebSocket": "they do not read an object",
    "upgrade-insecure-requests with other policies": (
        "it changes only requests that are otherwise blocked, which are tested with the header's "
        "policies"
    ),
    "http and https on one port": "on a port, a site or an object serves only one scheme",
}
"""What the Web Platform Tests cover but no cell asks, with the reason."""

_ABOUT = """\
# What a browser sends

English | [简体中文](zh/browser.md)

`make browser` writes this page. A browser visits pages that request objects, and each request is
compared with the prediction of the [rule lab](rule-lab.md). `make test-system` repeats one in 16 of
the requests.
"""

_HOW = """\
## Method

- The page is `https://www.example.com/album/today.html`, and the same with `http`. The object is on
  the same host, on the same site (`img.example.com`) and on another site
  (`examplebucket.oss-cn-hangzhou.aliyuncs.com`), each with `https` and with `http`.
- The page sets no policy or one of the eight policies: with the header, with `<meta>`, with the
  attribute of the element (the page then has another policy), or with `rel=noreferrer`.
- An `https` page with `http` objects is tested again with the header
  `Content-Security-Policy: upgrade-insecure-requests`: each element once, and under each policy the
  elements that are blocked without the header.
- All hosts resolve to this machine, where a small server serves the pages and the objects. It
  serves an http page only over http, so that the browser does not upgrade it (B-07).
- A request agrees if its scheme and its Referer are as predicted.
"""

_NOT_ASKED = """\
## What is not tested

The Referrer Policy tests of the Web Platform Tests also cover these cases.

| What | Why not |
|---|---|\
"""


class SentReferer(StrEnum):
    """What a browser sent for an object."""

    NOTHING = "(no request)"
    NONE = "(no Referer)"
    ORIGIN = "the origin"
    WHOLE = "the whole URL"
    FILE = "the URL of a style sheet, worker or frame"


def classify(cell: Cell, sent: Sent | None) -> SentReferer:
    """Return the kind of Referer that was sent for a cell."""
    if sent is None:
        return SentReferer.NOTHING
    if sent.referer is None:
        return SentReferer.NONE
    if cell.file is not None and sent.referer == cell.file.text:
        return SentReferer.FILE
    return SentReferer.WHOLE if sent.referer == cell.sheet.page.text else SentReferer.ORIGIN


def render(version: str, seen: Mapping[int, Sent]) -> str:
    """Return the page."""
    different = differences(CELLS, seen)
    lines = [
        _ABOUT,
        f"{version}, {time.strftime('%Y-%m-%d')}: **{len(CELLS):,}** requests, of which "
        f"**{len(different)}** differ from the prediction.\n",
        *(f"- {text}" for text in different),
        _HOW,
        *_by_element(seen),
        *_by_schemes(seen),
        _NOT_ASKED,
        *(f"| {what} | {why} |" for what, why in UNASKED.items()),
    ]
    return "\n".join(lines) + "\n"


def _by_element(seen: Mapping[int, Sent]) -> Iterator[str]:
    kinds = list(SentReferer)
    headings = ("Element", "Requests", *(kind.value for kind in kinds), "Differ")
    yield "## By element\n"
    yield f"| {' | '.join(headings)} |"
    yield "|---|" + "---:|" * (len(kinds) + 2)
    for element in BEHAVIOURS:
        here = [cell for cell in CELLS if cell.element is element]
        found = Counter(classify(cell, seen.get(cell.number)) for cell in here)
        counts = " | ".join(str(found[kind]) for kind in kinds)
        yield f"| {element.value} | {len(here)} | {counts} | {len(differences(here, seen))} |"
    yield ""


def _by_schemes(seen: Mapping[int, Sent]) -> Iterator[str]:
    yield "## By scheme\n"
    yield "| Page | Object | Asked by | Referer | Requests |"
    yield "|---|---|---|---|---:|"
    counts: Counter[tuple[str, str, int, str]] = Counter()
    kinds = list(SentReferer)
    for cell in CELLS:
        sent = seen.get(cell.number)
        kind = kinds.index(classify(cell, sent))
        asked = "" if sent is None else sent.scheme
        counts[cell.sheet.page.scheme, cell.target.scheme, kind, asked] += 1
    for (page, target, kind, asked), count in sorted(counts.items()):
        yield f"| {page} | {target} | {asked} | {kinds[kind].value} | {count} |"
    yield ""


def main() -> int:
    """Ask about every cell and write the pages; returns 1 if any differs."""
    began = time.monotonic()
    version, seen = ask(CELLS, require("browser"))
    PAGE.write_text(render(version, seen), encoding="utf-8")
    phrases.write("browser")
    different = differences(CELLS, seen)
    print(*different, sep="\n", end="\n" if different else "")
    seconds = time.monotonic() - began
    print(f"{len(different)} of {len(CELLS)} requests differ, in {seconds:.0f} s")
    return int(bool(different))


if __name__ == "__main__":
    sys.exit(main())
