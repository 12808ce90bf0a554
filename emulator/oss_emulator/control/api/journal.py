"""`/_emulator/journal`: the last requests and the decisions on them."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from typing import Final, NamedTuple

from oss_referer import Signing
from oss_referer.sources.masking import mask

from oss_emulator.control.api import route
from oss_emulator.control.api.route import (
    COUNT,
    EVENTS,
    INTEGER,
    JSON,
    TEXT,
    ApiError,
    ApiRequest,
    Content,
    Parameter,
    Route,
    described,
    json_content,
    one_of,
    record,
    reference,
    reply,
)
from oss_emulator.control.journal import FIELDS, Journal, JournalEntry, RefererResult
from oss_emulator.protocol.message import Response


class JournalFilter(NamedTuple):
    """The conditions on an entry; None accepts any value."""

    bucket: str | None
    verdict: str | None
    status: int | None
    ec: str | None
    method: str | None
    referer: str | None
    """Text that the Referer contains, in any letter case; masked like the Referer."""
    test: str | None
    """A test, or a file, class or folder of tests."""
    text: str | None
    """Text that `searched` contains, in any letter case."""
    since: int
    before: int
    """Only entries with a lower number; 0 for all."""
    limit: int
    """Maximum number of entries to return; 0 for all."""

    @classmethod
    def parse(cls, asked: ApiRequest) -> "JournalFilter":
        """Parse the query, ignoring empty values; raises `ApiError`."""
        query = {name: value for name, value in asked.query.items() if value}
        verdict = query.get("verdict")
        if verdict not in (None, *RefererResult):
            raise ApiError(
                400, f"verdict must be one of {', '.join(RefererResult)}, not {verdict!r}."
            )
        return cls(
            bucket=query.get("bucket"),
            verdict=verdict,
            status=int(asked.number("status")) if "status" in query else None,
            ec=query.get("ec"),
            method=query.get("method"),
            referer=mask(query.get("referer", "")).casefold() or None,
            test=query.get("test"),
            text=mask(query.get("text", "")).casefold() or None,
            since=asked.since(),
            before=int(asked.number("before")),
            limit=int(asked.number("limit")),
        )

    def fits(self, entry: JournalEntry) -> bool:
        return (
            self.bucket in (None, entry.bucket)
            and self.verdict in (None, entry.verdict)
            and self.status in (None, entry.status)
            and self.ec in (None, entry.ec)
            and self.method in (None, entry.request.method)
            and (not self.before or entry.number < self.before)
            and (self.referer is None or self.referer in (entry.referer or "").casefold())
            and (self.test is None or is_within(entry.test, self.test))
            and (self.text is None or self.text in searched(entry))
        )

    def find(self, journal: Journal) -> list[JournalEntry]:
        """Find the entries, oldest first."""
        found = [entry for entry in journal.entries(self.since) if self.fits(entry)]
        return found[-self.limit :] if self.limit else found


def is_within(test: str, wanted: str) -> bool:
    """Return whether a test is `wanted`, or in this folder, file, class or parametrized test."""
    stems = (wanted if wanted.endswith("/") else f"{wanted}/", f"{wanted}::", f"{wanted}[")
    return test == wanted or test.startswith(stems)


def searched(entry: JournalEntry) -> str:
    """Return all texts of an entry that can be searched: those that are shown, masked."""
    words = (
        entry.method,
        entry.target,
        entry.bucket,
        entry.key,
        entry.host,
        entry.referer or "",
        entry.operation,
        entry.request_id,
        entry.code,
        entry.ec,
        entry.message,
        entry.test,
    )
    return "\n".join(words).casefold()


HEADERS = {"Content-Type": EVENTS, "Cache-Control": "no-store"}
"""The headers of an answer that streams events."""

PING = 15.0
"""Seconds without an entry after which a comment keeps the connection alive."""

COMMENT: Final = b": nothing new\n\n"
"""The comment that is sent after `PING` seconds without an entry."""

MAX_BEHIND = 1000
"""Maximum number of entries that wait for a slow reader; further entries replace the oldest."""


def follow(asked: ApiRequest) -> AsyncGenerator[bytes]:
    """Yield the matching entries, then each new matching entry, as events, without end.

    Raises `ApiError` immediately for an invalid query.
    """
    return _events(asked.controls.journal, JournalFilter.parse(asked))


async def _events(journal: Journal, wanted: JournalFilter) -> AsyncGenerator[bytes]:
    """Yield matching entries, then new matching entries, and a comment after each `PING`."""
    queue: asyncio.Queue[JournalEntry] = asyncio.Queue()
    for entry in wanted.find(journal):
        queue.put_nowait(entry)

    def put(entry: JournalEntry) -> None:
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
                yield COMMENT
            else:
                yield format(entry.number, entry.to_dict())
    finally:
        end()


def format(number: int | None, value: object) -> bytes:
    """Format an event with the number of its last entry; None for an event without entries."""
    name = "" if number is None else f"id: {number}\n"
    return f"{name}data: {json.dumps(value)}\n\n".encode()


MAX_WAIT = 60.0
"""Maximum seconds of a long poll."""


async def list_entries(asked: ApiRequest) -> Response:
    """Return the entries; with `wait`, as soon as there is one or when the time is over."""
    wanted, journal = JournalFilter.parse(asked), asked.controls.journal
    found = wanted.find(journal)
    wait = min(asked.number("wait"), MAX_WAIT)
    if not found and wait:
        came = asyncio.Event()
        end = journal.listen(lambda entry: came.set())
        try:
            async with asyncio.timeout(wait):
                while not found:
                    await came.wait()
                    came.clear()
                    found = wanted.find(journal)
        except TimeoutError:
            pass
        finally:
            end()
    return reply({"entries": [entry.to_dict() for entry in found], "dropped": journal.dropped})


def clear_journal(asked: ApiRequest) -> Response:
    """Remove all entries."""
    asked.controls.journal.clear()
    return reply({"entries": [], "dropped": 0})


_VERDICT: route.Schema = {"enum": list(RefererResult)}
_NULL: route.Schema = {"type": "null"}

SCHEMAS: Mapping[str, route.Schema] = {
    "JournalEntry": record(
        **dict.fromkeys(FIELDS, TEXT)
        | {
            **dict.fromkeys(("number", "status", "sent_bytes"), INTEGER),
            "signed": {"enum": list(Signing)},
            "referer": route.TEXT_OR_NULL,
            "verdict": _VERDICT,
            "decision": one_of(reference("Decision"), _NULL),
            "access": one_of(reference("Access"), _NULL),
            "default_domain": described(
                route.TEXT_OR_NULL,
                "What the service does with this object at its own host names; null for nothing.",
            ),
            "fault": described(
                one_of(reference("Fault"), _NULL),
                "The planned fault that struck the request; null for none.",
            ),
            "milliseconds": route.NUMBER,
            "test": described(TEXT, "The test that sent the request; empty for none."),
        }
    ),
    "Access": described(
        record(
            allowed=route.FLAG,
            reason=TEXT,
            action=described(
                TEXT, "The RAM action that was denied, or the last action that was allowed."
            ),
            statement=described(TEXT, "The policy statement that decided it; empty for none."),
        ),
        "The decision by ownership, ACLs and policies.",
    ),
}

_ENTRIES: route.Schema = record(
    entries=route.array(reference("JournalEntry")),
    dropped=described(
        INTEGER, "Number of entries since the last `DELETE` that went to make room for others."
    ),
)

ROUTES = (
    Route(
        "GET",
        "journal",
        list_entries,
        Content(
            {JSON: _ENTRIES, EVENTS: TEXT},
            f"The matching entries; with `Accept: {EVENTS}`, a stream that does not end.",
        ),
        parameters=(
            Parameter("bucket", TEXT, "Only requests to this bucket."),
            Parameter("verdict", _VERDICT, "Only requests with this verdict."),
            Parameter("status", COUNT, "Only answers with this status."),
            Parameter("ec", TEXT, "Only answers with this EC."),
            Parameter("method", TEXT, "Only requests with this method."),
            Parameter("referer", TEXT, "Only requests whose Referer has this text."),
            Parameter(
                "test",
                TEXT,
                "Only requests of this test, or of the tests in this file, class or folder.",
            ),
            Parameter(
                "text",
                TEXT,
                "Only requests with this text in the target, the Referer, the host, the operation, "
                "the request id, the error or the test.",
            ),
            Parameter("since", COUNT, "Only entries with a greater number."),
            Parameter("before", COUNT, "Only entries with a lower number; 0 means all."),
            Parameter("limit", COUNT, "Maximum number of entries, the last ones; 0 means all."),
            Parameter(
                "wait",
                {**route.NUMBER, "minimum": 0, "maximum": MAX_WAIT},
                "Seconds to wait for an entry if none matches yet.",
            ),
            Parameter(
                "Last-Event-ID",
                COUNT,
                "For events: the number of the last entry read, as browsers send it.",
                "header",
            ),
        ),
        errors=(400,),
        stream=follow,
    ),
    Route(
        "DELETE",
        "journal",
        clear_journal,
        json_content(_ENTRIES, "An empty list."),
    ),
)
