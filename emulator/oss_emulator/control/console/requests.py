"""`/_emulator/requests`: the requests as they come, and the whole story of each."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

from oss_emulator.control.api import events
from oss_emulator.control.api.journal_filter import JournalFilter
from oss_emulator.control.api.route import ApiRequest, Refusal, Route
from oss_emulator.control.console import page, snippets
from oss_emulator.control.journal import JournalEntry, RefererVerdict
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
    )


def summarize(entry: JournalEntry) -> dict[str, Any]:
    """Return what a row shows of an entry."""
    request, decision = entry.request, entry.decision
    return {
        "number": entry.number,
        "time": request.received,
        "method": request.method,
        "bucket": entry.bucket,
        "key": entry.key,
        "target": request.target,
        "operation": entry.operation,
        "referer": request.headers.get("referer"),
        "verdict": entry.verdict.value,
        "reason": None if decision is None else decision.reason.value,
        "entry": None if decision is None else decision.entry,
        "denied_by_access": entry.access is not None and not entry.access.allowed,
        "status": entry.status,
        "code": entry.code,
        "ec": entry.ec,
        "seconds": entry.seconds,
        "test": entry.test,
    }


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


def get_request(asked: ApiRequest) -> Response:
    """Show one request with everything that is known about it."""
    number = asked.rest
    entry = asked.controls.journal.entry(int(number)) if _is_number(number) else None
    if entry is None:
        raise Refusal(
            404,
            f"The request {number!r} is not in the journal, which keeps the last "
            f"{asked.controls.journal.size}; choose one from the list of requests.",
        )
    region = asked.controls.service.region_of(entry.bucket)
    values = {
        **entry.to_dict(),
        "headers": dict(entry.request.headers),
        "caller": entry.caller.arn if entry.caller.id else "",
        "answer": {
            "headers": dict(entry.answer),
            "document": entry.document.decode(errors="replace"),
        },
        "curl": snippets.format_curl(entry.request),
        "oss2": snippets.format_oss2(entry, region) if entry.bucket else None,
        "case": snippets.format_case(entry),
    }
    return page.show(asked, "request", values, entry=entry, row=summarize(entry))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 16


ROUTES = (
    Route("GET", "requests", list_requests, of_one_process=True, stream=follow_requests),
    Route("GET", "requests/{number}", get_request, of_one_process=True),
)
