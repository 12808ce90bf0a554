"""The journal as a stream of server-sent events."""

import asyncio
import json
from collections.abc import AsyncGenerator

from oss_emulator.control.api.journal import EVENTS, JournalFilter
from oss_emulator.control.api.route import Asked
from oss_emulator.control.journal import Entry, Journal

HEADERS = {"Content-Type": EVENTS, "Cache-Control": "no-store"}
"""The headers of an answer that streams events."""

PING = 15.0
"""Seconds of silence after which a comment shows that the connection is alive."""

MAX_BEHIND = 1000
"""The most entries that wait for a slow reader; further entries replace the oldest."""


def follow(asked: Asked) -> AsyncGenerator[bytes]:
    """Yield the entries that a request asks for, then each new one, as events, without end.

    A reader that reconnects sends the number of its last entry in Last-Event-ID, as browsers do.
    Raises `Refusal` at once for a bad query.
    """
    wanted = JournalFilter.parse(asked)
    last = asked.request.headers.get("last-event-id", "")
    if last.isdecimal() and len(last) < 16:
        wanted = wanted._replace(since=max(wanted.since, int(last)))
    return _events(asked.controls.journal, wanted)


async def _events(journal: Journal, wanted: JournalFilter) -> AsyncGenerator[bytes]:
    queue: asyncio.Queue[Entry] = asyncio.Queue()
    for entry in wanted.find(journal):
        queue.put_nowait(entry)

    def put(entry: Entry) -> None:
        if wanted.fits(entry):
            if queue.qsize() >= MAX_BEHIND:
                queue.get_nowait()
            queue.put_nowait(entry)

    end = journal.listen(put)
    try:
        while True:
            try:
                entry = await asyncio.wait_for(queue.get(), PING)
            except TimeoutError:
                yield b": nothing new\n\n"
            else:
                yield f"id: {entry.number}\ndata: {json.dumps(entry.to_dict())}\n\n".encode()
    finally:
        end()
