"""`/_emulator/requests`: the requests as they come."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from oss_emulator.control.api import events
from oss_emulator.control.api.journal_filter import JournalFilter
from oss_emulator.control.api.route import ApiRequest, Route
from oss_emulator.control.console import connect, page, story
from oss_emulator.control.console.entries import summarize
from oss_emulator.control.journal import RefererVerdict
from oss_emulator.protocol.message import Response

SHOWN: Final = 200
"""Rows of the first page, and of each further one."""

PAUSE: Final = 0.1
"""Seconds in which new requests are collected before they are sent to the page."""

READABLE: Final = 50
"""Requests of such a batch; after a larger one, the next is collected for longer."""

FILTERS: Final = ("text", "bucket", "verdict", "status", "ec", "method", "referer", "test")
"""The filters of the page, by their names in the query."""


def list_requests(asked: ApiRequest) -> Response:
    """Show the requests that the query asks for, the newest first."""
    journal = asked.controls.journal
    wanted = JournalFilter.parse(asked)
    found = wanted._replace(limit=wanted.limit or SHOWN).find(journal)[::-1]
    kept = journal.entries()
    return page.show(
        asked,
        "requests",
        {
            "entries": [summarize(entry) for entry in found],
            "kept": len(kept),
            "size": journal.size,
            "last": kept[-1].number if kept else 0,
        },
        query={name: asked.query.get(name, "") for name in FILTERS},
        buckets=sorted({entry.bucket for entry in kept if entry.bucket}),
        ecs=sorted({entry.ec for entry in kept if entry.ec}),
        methods=sorted({entry.request.method for entry in kept}),
        statuses=sorted({entry.status for entry in kept}),
        tests=sorted({entry.test for entry in kept if entry.test}),
        verdicts=tuple(RefererVerdict),
        shown=SHOWN,
        **({} if kept else connect.describe(asked)),
    )


def follow_requests(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield the rows of new requests as events; raises `Refusal` at once for a bad query."""
    return _rows(asked, events.parse_filter(asked))


async def _rows(asked: ApiRequest, wanted: JournalFilter) -> AsyncGenerator[bytes]:
    journal = asked.controls.journal
    async with aclosing(events.batches(journal, wanted, PAUSE, READABLE)) as batches:
        yield events.COMMENT
        async for batch in batches:
            if not batch:
                yield events.COMMENT
                continue
            rows = [summarize(entry) for entry in reversed(batch[-SHOWN:])]
            html = page.fragment(asked.request, "requests_rows", {"entries": rows})
            skips = len(batch) > SHOWN
            yield events.format(
                batch[-1].number, {"rows": html, "count": len(batch), "skips": skips}
            )


ROUTES = (
    Route("GET", "requests", list_requests, of_one_process=True, stream=follow_requests),
    Route("GET", "requests/{number}", story.get_story, of_one_process=True),
)
