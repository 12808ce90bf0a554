"""Progress: shown on a terminal after a delay, with the time left, and never in a pipe."""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterator

import pytest
from oss_referer.terminal.progress import Progress


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, moments: Iterator[float]) -> str:
    with Progress("Loading", stream, lambda: next(moments)) as progress:
        progress.show(1, 4)
        progress.show(2, 4)
        before = stream.getvalue()
    assert stream.getvalue() == before + ("\r\x1b[K" if before else "")
    return before


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_rich")
def test_terminal_without_rich_gets_one_line_with_the_time_left() -> None:
    assert shown(Terminal(), iter((0, 0.1, 100))) == "\rLoading: 50 %, 1 min 40 s left\x1b[K"


def test_terminal_with_rich_gets_a_bar() -> None:
    stream = Terminal()
    with Progress("Loading", stream, iter((0.0, 100.0)).__next__) as progress:
        progress.show(2, 4)
    assert "Loading" in stream.getvalue()
    assert "50%" in stream.getvalue()


def test_bar_tells_the_speed_in_a_unit() -> None:
    stream = Terminal()
    with Progress(
        "Reading", stream, iter((0.0, 100.0, 200.0, 300.0)).__next__, "lines"
    ) as progress:
        progress.show(1, 4)
        progress.show(2, 4)
        progress.show(3, 4)
    assert "lines/s" in stream.getvalue()


def test_quick_tasks_and_pipes_show_nothing() -> None:
    assert shown(Terminal(), iter((0, 0.1, 0.2))) == ""
    assert shown(io.StringIO(), iter((0, 100, 200))) == ""
