"""The journal as a stream of server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from oss_emulator.control.api.journal_filter import JournalFilter
from oss_emulator.control.api.route import EVENTS, ApiRequest
from oss_emulator.control.journal import Journal, JournalEntry

HEADERS = {"Content-Type": EVENTS, "Cache-Control": "no-store"}
"""The headers of an answer that streams events."""

PING = 15.0
"""Seconds of silence after which a comment shows that the connection is alive."""

LONGER: Final = 5
"""How many times as long a pause is when more entries come than can be shown."""

COMMENT: Final = b": nothing new\n\n"
"""Sent after such a silence."""

MAX_BEHIND = 1000
"""The most entries that wait for a slow reader; further entries replace the oldest."""


def follow(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield the entries that a request asks for, then each new one, as events, without end.

    A reader that reconnects sends the number of its last entry in Last-Event-ID, as browsers do.
    Raises `Refusal` at once for a bad query.
    """
    return _events(asked.controls.journal, parse_filter(asked))


def parse_filter(asked: ApiRequest) -> JournalFilter:
    """Parse what a reader of events asks for; raises `Refusal`."""
    wanted = JournalFilter.parse(asked)
    last = asked.request.headers.get("last-event-id", "")
    if last.isdecimal() and len(last) < 16:
        wanted = wanted._replace(since=max(wanted.since, int(last)))
    return wanted


async def _events(journal: Journal, wanted: JournalFilter) -> AsyncGenerator[bytes]:
    async with aclosing(batches(journal, wanted)) as found:
        async for batch in found:
            if not batch:
                yield COMMENT
            for entry in batch:
                yield format(entry.number, entry.to_dict())


def format(number: int | None, value: object) -> bytes:
    """Format an event with the number of its last entry; None for an event without entries."""
    name = "" if number is None else f"id: {number}\n"
    return f"{name}data: {json.dumps(value)}\n\n".encode()


async def batches(
    journal: Journal,
    wanted: JournalFilter,
    pause: float = 0.0,
    many: int = MAX_BEHIND,
    also: Callable[[JournalEntry], bool] = lambda _: False,
) -> AsyncGenerator[list[JournalEntry]]:
    """Yield the entries that fit, then new ones as they come; an empty list after a silence.

    `also` is called with each new entry, and says whether it is yielded even if it does not fit.

    With a `pause` in seconds, entries that come that soon after each other are one batch. While
    more than `many` come in that time, batches are LONGER times as long: nobody can read them as
    they come, and showing them takes the time of the server and of the browser.
    """
    stretch = 1
    queue: asyncio.Queue[JournalEntry] = asyncio.Queue()
    for entry in wanted.find(journal):
        queue.put_nowait(entry)

    def put(entry: JournalEntry) -> None:
        if also(entry) or wanted.fits(entry):
            if queue.qsize() >= MAX_BEHIND:
                queue.get_nowait()
            queue.put_nowait(entry)

    end = journal.listen(put)
    try:
        while True:
            try:
                found = [await asyncio.wait_for(queue.get(), PING)]
            except TimeoutError:
                yield []
                continue
            if pause:
                await asyncio.sleep(pause * stretch)
                found += [queue.get_nowait() for _ in range(queue.qsize())]
                stretch = LONGER if len(found) > many * stretch else 1
            yield found
    finally:
        end()
