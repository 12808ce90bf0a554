"""A progress bar on standard error for people: lines a second and the time left, with rich."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from oss_emulator.lab.replay.engine import Progress

BYTES_PER_LINE = 400
"""About what a line of an access log has; the bar counts lines by it while they are read."""


@contextmanager
def progress_of(size: int) -> Iterator[Progress | None]:
    """Show the progress of reading `size` bytes of logs; None where nobody would see it."""
    if not sys.stderr.isatty() or importlib.util.find_spec("rich") is None:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    lines = max(1, size // BYTES_PER_LINE)
    columns = (
        TextColumn("reading the logs"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %  about {task.fields[speed]} lines/s"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=lines, speed="?")

        def tell(part: float) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=part * lines, speed=f"{speed:,.0f}" if speed else "?")

        yield tell
