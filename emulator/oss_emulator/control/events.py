"""The journal, followed live as server-sent events."""

import asyncio
import json

from aiohttp import web

from oss_emulator.control import api as admin
from oss_emulator.control.journal import Entry

PING = 15.0
"""Seconds of silence after which a comment tells that the connection lives."""

MAX_BEHIND = 1000
"""Entries a slow reader may be behind; older ones are then left out for it."""


async def follow(http: web.BaseRequest, asked: admin.Asked) -> web.StreamResponse:
    """Send the entries that fit since the number asked for, then each new one until the end.

    A reader that comes back says in Last-Event-ID which one it had last, as browsers do.
    """
    fits = admin.filter_of(asked)
    queue: asyncio.Queue[Entry] = asyncio.Queue()
    last = asked.request.headers.get("last-event-id", "")
    for entry in admin.entries_of(asked, int(last) if last.isdecimal() else 0):
        queue.put_nowait(entry)

    def put(entry: Entry) -> None:
        if fits(entry):
            if queue.qsize() >= MAX_BEHIND:
                queue.get_nowait()
            queue.put_nowait(entry)

    response = web.StreamResponse(
        headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
    )
    end = asked.service.journal.listen(put)
    try:
        await response.prepare(http)
        while True:
            try:
                entry = await asyncio.wait_for(queue.get(), PING)
            except TimeoutError:
                await response.write(b": nothing new\n\n")
                continue
            event = f"id: {entry.number}\ndata: {json.dumps(entry.to_dict())}\n\n"
            await response.write(event.encode())
    except (ConnectionError, asyncio.CancelledError):
        # The reader has left, or the server ends.
        return response
    finally:
        end()
