"""docs/benchmarks.md, written from the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.result import HEAD, Section, format_table

_INTRODUCTION = """# Measurements

English | [简体中文](zh/benchmarks.md)

`make bench` writes this page, which compares the emulator with other programs. The numbers are
those of one run. The compared programs took turns (A B A B …), so the ratios can be compared with
those of another machine, but the numbers cannot. A ratio is the median of the ratios of the rounds,
followed by the minimum and the maximum.
"""


_SHORT = re.compile(r"^## In short\n.*?(?=^## )", re.DOTALL | re.MULTILINE)


def format(about: str, sections: Sequence[Section]) -> str:
    """Format the page."""
    parts = [
        _INTRODUCTION.strip(),
        f"The machine, {datetime.now(UTC):%Y-%m-%d}: {about}",
        "## In short",
        *(section.format() for section in sections),
        "",
    ]
    return _summarize("\n\n".join(parts))


def insert(page: str, about: str, section: Section) -> str:
    """Return a page with one more section, or with a new version of one that it has."""
    measured = f"Measured apart from the other sections, {datetime.now(UTC):%Y-%m-%d}: {about}"
    heading, _, rest = section.format().partition("\n\n")
    text = f"{heading}\n\n{measured}\n\n{rest}\n"
    found = re.compile(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if found.search(page):
        page = found.sub(lambda _: f"{text}\n", page).rstrip() + "\n"
    else:
        page = f"{page.rstrip()}\n\n{text}"
    return _summarize(page)


def _summarize(page: str) -> str:
    """Return the page with a summary of the bounds that hold and those that do not."""
    tables = re.findall(r"^\|.*$", _SHORT.sub("", page), re.MULTILINE)
    rows = [line[2:-2].split(" | ") for line in tables]
    held = [row for row in rows if len(row) == len(HEAD) and row[4] == "yes"]
    missed = [row for row in rows if len(row) == len(HEAD) and row[4] == "**no**"]
    text = f"{len(held)} of {len(held) + len(missed)} bounds hold."
    if missed:
        text += f" These do not:\n\n{format_table(HEAD, missed)}"
    return _SHORT.sub(lambda _: f"## In short\n\n{text}\n\n", page)
