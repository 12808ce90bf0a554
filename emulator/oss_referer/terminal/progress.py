"""The progress of a long command: a bar and the time left, on a terminal only.

The bar comes from rich if it is installed; without rich, a single line changes.
"""

import importlib.util
import sys
import time
from collections.abc import Callable
from typing import IO, Any, Self

from oss_referer.engine import Sentence
from oss_referer.terminal import language

DELAY = 0.5
"""Seconds before progress is shown; a shorter task shows none."""

_INTERVAL = 0.1
"""Seconds between two changes of the line."""


class Progress:
    """Shows how much of a task is done. Use it in a with statement."""

    def __init__(
        self,
        title: str,
        stream: IO[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        unit: str = "",
    ) -> None:
        """With a `unit`, such as `lines`, the bar also shows the number of units a second."""
        self._title = language.explain(title)
        self._unit = unit
        self._stream = sys.stderr if stream is None else stream
        self.visible = self._stream.isatty()
        """Whether the stream is a terminal."""
        self._clock = clock
        self._began = clock()
        self._next = self._began + DELAY
        self._bar: Any = None
        self._written = False

    def show(self, done: int, total: int) -> None:
        """Show that `done` of `total` pieces are done."""
        now = self._clock()
        if not self.visible or now < self._next or total <= 0:
            return
        self._next = now + _INTERVAL
        done = min(done, total)
        if importlib.util.find_spec("rich") is not None:
            self._show_bar(done, total)
            return
        left = (now - self._began) * (total - done) / done if done else 0.0
        share, rest = str(100 * done // total), _duration(left)
        text = language.say(Sentence("{}: {} %, {} left", self._title, share, rest))
        self._stream.write(f"\r{text}\x1b[K")
        self._stream.flush()
        self._written = True

    def _show_bar(self, done: int, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bars

        if self._bar is None:
            self._bar = Bars(
                TextColumn("{task.description}"),
                BarColumn(),
                TaskProgressColumn(),
                TextColumn("{task.fields[speed]}"),
                TimeRemainingColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
            self._bar.add_task(self._title, total=total, speed="")
        (task,) = self._bar.tasks
        known = self._unit and task.speed
        speed = f"about {task.speed:,.0f} {self._unit}/s" if known else ""
        self._bar.update(task.id, completed=done, total=total, speed=speed)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._written:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _duration(seconds: float) -> Sentence:
    minutes, rest = divmod(round(seconds), 60)
    if minutes:
        return Sentence("{} min {} s", str(minutes), f"{rest:02d}")
    return Sentence("{} s", str(rest))
