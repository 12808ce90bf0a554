"""docs/benchmarks.md, written from the results."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.result import HEAD, Section, format_table

_INTRODUCTION = """# Measurements

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
