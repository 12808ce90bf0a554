"""The journal as a stream of events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from oss_emulator.control.api import events
from oss_emulator.control.api.route import Refusal

from tests.unit.control.api.caller import ApiCaller


@pytest.fixture
def ask() -> ApiCaller:
    """An API with the entries 1, 2 and 3."""
    caller = ApiCaller()
    for _ in range(3):
        caller.record("/none/a")
    return caller


async def numbers(stream: AsyncIterator[bytes], count: int) -> list[int]:
    """The ids of the next events."""
    return [int((await anext(stream)).split(b"\n")[0].removeprefix(b"id: ")) for _ in range(count)]


async def test_stream_begins_with_the_entries_there_are(ask: ApiCaller) -> None:
    stream = events.follow(ask.asked("GET", "journal?since=1"))
    assert await numbers(stream, 2) == [2, 3]
    ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()


async def test_stream_goes_on_after_the_last_event(ask: ApiCaller) -> None:
    stream = events.follow(ask.asked("GET", "journal?since=1", last_event_id="2"))
    assert await numbers(stream, 1) == [3]
    await stream.aclose()


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 5000])
async def test_bad_last_event_is_ignored(ask: ApiCaller, last: str) -> None:
    stream = events.follow(ask.asked("GET", "journal", last_event_id=last))
    assert await numbers(stream, 1) == [1]
    await stream.aclose()


async def test_stream_has_only_entries_that_fit(ask: ApiCaller) -> None:
    stream = events.follow(ask.asked("GET", "journal?bucket=other"))
    waiting = asyncio.create_task(numbers(stream, 1))
    await asyncio.sleep(0)  # it listens now
    ask.record("/none/a")
    ask.record("/other/a")
    assert await waiting == [5]
    await stream.aclose()


def test_bad_query_is_refused_before_the_stream_begins(ask: ApiCaller) -> None:
    with pytest.raises(Refusal, match="verdict must be one of"):
        events.follow(ask.asked("GET", "journal?verdict=maybe"))


async def test_silence_is_broken_by_a_comment(
    ask: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "PING", 0.001)
    stream = events.follow(ask.asked("GET", "journal?since=3"))
    assert (await anext(stream)).startswith(b":")
    ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()


async def test_slow_reader_misses_the_oldest(ask: ApiCaller) -> None:
    stream = events.follow(ask.asked("GET", "journal"))
    assert await numbers(stream, 1) == [1]
    for _ in range(events.MAX_BEHIND):
        ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()


async def test_stream_stops_listening_when_it_is_closed(ask: ApiCaller) -> None:
    stream = events.follow(ask.asked("GET", "journal"))
    await anext(stream)
    assert len(ask.journal._listeners) == 1
    await stream.aclose()
    assert ask.journal._listeners == []
