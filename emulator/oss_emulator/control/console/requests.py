"""`/_emulator/requests`: the requests as they come."""

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any, Final

from oss_emulator.control.api import journal as api_journal
from oss_emulator.control.api.journal import JournalFilter
from oss_emulator.control.api.route import ApiRequest, Route, reply
from oss_emulator.control.console import connect, page, story
from oss_emulator.control.console.entries import summarize
from oss_emulator.control.journal import JournalEntry, RefererResult
from oss_emulator.protocol.message import Response

SHOWN: Final = 200
"""Rows of the first page, and of each further one."""

PAUSE: Final = 0.1
"""Seconds in which new requests are collected before they are sent to the page."""

READABLE: Final = 4
"""Requests in that time; while more come, they are collected for longer."""

MOST_SENT: Final = 100
"""Rows that are sent at once, the newest ones; the page has a button for those left out."""

FILTERS: Final = ("text", "bucket", "verdict", "status", "ec", "method", "referer", "test")
"""The filters of the page, by their names in the query."""

CHOICES: Final[Mapping[str, Callable[[JournalEntry], str]]] = {
    "bucket": lambda entry: entry.bucket,
    "status": lambda entry: str(entry.status),
    "ec": lambda entry: entry.ec,
    "method": lambda entry: entry.method,
    "test": lambda entry: entry.test,
}
"""The filters that offer what the requests have, each with the function that reads it."""

MOST_CHOICES: Final = 1000
"""The most values that one filter offers: a client may ask for any number of buckets."""


class Choices:
    """What the filters offer: the values of all requests so far."""

    def __init__(self, entries: Iterable[JournalEntry] = ()) -> None:
        self._all: dict[str, set[str]] = {name: set() for name in CHOICES}
        self._new: dict[str, set[str]] = {name: set() for name in CHOICES}
        for entry in entries:
            self.add(entry)

    def add(self, entry: JournalEntry) -> bool:
        """Add what an entry has; return whether any of it is new."""
        is_new = False
        for name, read in CHOICES.items():
            value, known = read(entry), self._all[name]
            if value and value not in known and len(known) < MOST_CHOICES:
                known.add(value)
                self._new[name].add(value)
                is_new = True
        return is_new

    def take(self) -> dict[str, list[str]]:
        """Return what was added since this was called last, sorted."""
        taken = {name: sorted(values) for name, values in self._new.items() if values}
        for values in self._new.values():
            values.clear()
        return taken


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
        choices=dict.fromkeys(CHOICES, ()) | Choices(kept).take(),
        verdicts=tuple(RefererResult),
        journal=journal.name,
        shown=SHOWN,
        **({} if kept else connect.describe(asked)),
    )


def follow_requests(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield the rows of new requests as events; raises `ApiError` at once for a bad query."""
    return _rows(asked, api_journal.parse_filter(asked))


async def _rows(asked: ApiRequest, wanted: JournalFilter) -> AsyncGenerator[bytes]:
    journal = asked.controls.journal
    choices = Choices(journal.entries())
    batches = api_journal.batches(journal, wanted, PAUSE, READABLE, choices.add)
    async with aclosing(batches) as found:
        yield api_journal.format(None, {"journal": journal.name, "choices": choices.take()})
        async for batch in found:
            if not batch:
                yield api_journal.COMMENT
                continue
            fitting = [entry for entry in batch if wanted.fits(entry)]
            rows = [summarize(entry) for entry in reversed(fitting[-MOST_SENT:])]
            value: dict[str, Any] = {"choices": choices.take()}
            if rows:
                value["rows"] = page.fragment(asked.request, "requests_rows", {"entries": rows})
                value |= {"count": len(fitting), "skips": len(fitting) > MOST_SENT}
            yield api_journal.format(batch[-1].number, value)


def restore_requests(asked: ApiRequest) -> Response:
    """Put back the requests that were cleared last."""
    asked.controls.journal.restore()
    return reply({"kept": len(asked.controls.journal.entries())})


ROUTES = (
    Route("GET", "requests", list_requests, stream=follow_requests),
    Route("GET", "requests/{number}", story.get_story),
    Route("POST", "requests/restore", restore_requests),
)
