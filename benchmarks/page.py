"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.result import HEAD, Section, format_table

_INTRODUCTION = """# Measurements

Written by `make bench`; the numbers are those of one run. What is compared took turns within that
run (A B A B …), so a ratio holds where a number does not: it is the median of the ratios of the
rounds, with the least and the greatest behind it.
"""


def format(about: str, sections: Sequence[Section]) -> str:
    """The page."""
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
