"""docs/benchmarks.md, written from the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.result import HEAD, Section, format_table

_INTRODUCTION = """# Measurements

English | [简体中文](zh/benchmarks.md)

Written by `make bench`; the numbers are those of one run. What is compared took turns within that
run (A B A B …), so the ratios can be compared with those of another machine, and the numbers
cannot. A ratio is the median of the ratios of the rounds; the least and the greatest follow it.
"""


def format(about: str, sections: Sequence[Section]) -> str:
    """Format the page."""
    rows = [row.cells() for section in sections for row in section.rows if row.bound]
    return "\n\n".join(
        [
            _INTRODUCTION.strip(),
            f"The machine, {datetime.now(UTC):%Y-%m-%d}: {about}",
            "## In short",
            format_table(HEAD, rows),
            *(section.format() for section in sections),
            "",
        ]
    )


_SHORT = re.compile(r"(^## In short\n\n(?:\|.*\n)+)", re.MULTILINE)


def insert(page: str, about: str, section: Section) -> str:
    """Return a page with a section that was measured apart from the others, or again."""
    measured = f"Measured apart from the other sections, {datetime.now(UTC):%Y-%m-%d}: {about}"
    heading, _, rest = section.format().partition("\n\n")
    text = f"{heading}\n\n{measured}\n\n{rest}\n"
    found = re.compile(rf"^{re.escape(heading)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    if found.search(page):
        page = found.sub(lambda _: f"{text}\n", page).rstrip() + "\n"
    else:
        page = f"{page.rstrip()}\n\n{text}"
    begin, short, end = _SHORT.split(page, maxsplit=1)
    cells = [row.cells() for row in section.rows if row.bound]
    old = {f"| {what} | {against} |" for what, against, *_ in cells}
    kept = [line for line in short.splitlines() if not line.startswith(tuple(old))]
    added = format_table(HEAD, cells).splitlines()[2:]
    return begin + "\n".join([*kept, *added, ""]) + end
