"""`/_emulator/journal`: the last requests and the decisions on them."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.control.api.route import (
    JSON,
    Asked,
    Content,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import (
    COUNT,
    FLAG,
    INTEGER,
    NUMBER,
    TEXT,
    TEXT_OR_NULL,
    Schema,
    array,
    described,
    one_of,
    record,
    reference,
)
from oss_emulator.control.journal import Entry, Journal, RefererVerdict
from oss_emulator.protocol.message import Response
from oss_emulator.referer import Signing

EVENTS = "text/event-stream"

MAX_WAIT = 60.0
"""Seconds a long poll may wait."""


class JournalFilter(NamedTuple):
    """The entries that a request asks for."""

    bucket: str | None
    verdict: str | None
    since: int
    limit: int
    """The most entries to return; 0 for all."""

    @classmethod
    def parse(cls, asked: Asked) -> "JournalFilter":
        """Parse the query; raises `Refusal`."""
        bucket, verdict = asked.query.get("bucket"), asked.query.get("verdict")
        if verdict not in (None, *RefererVerdict):
            raise Refusal(
                400, f"verdict must be one of {', '.join(RefererVerdict)}, not {verdict!r}."
            )
        return cls(bucket, verdict, int(asked.number("since")), int(asked.number("limit")))

    def fits(self, entry: Entry) -> bool:
        """Return whether an entry has the bucket and the verdict."""
        return self.bucket in (None, entry.bucket) and self.verdict in (
            None,
            entry.verdict,
        )

    def find(self, journal: Journal) -> list[Entry]:
        """Find the entries, oldest first."""
        found = [entry for entry in journal.entries(self.since) if self.fits(entry)]
        return found[-self.limit :] if self.limit else found


async def list_entries(asked: Asked) -> Response:
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
    return reply({"entries": [entry.to_dict() for entry in found]})


def clear_journal(asked: Asked) -> Response:
    """Forget all entries."""
    asked.controls.journal.clear()
    return reply({"entries": []})


_VERDICT: Schema = {"enum": list(RefererVerdict)}

SCHEMAS: Mapping[str, Schema] = {
    "Entry": record(
        number=INTEGER,
        time=TEXT,
        request_id=TEXT,
        remote=TEXT,
        method=TEXT,
        target=TEXT,
        host=TEXT,
        operation=TEXT,
        bucket=TEXT,
        key=TEXT,
        signed={"enum": list(Signing)},
        access_key_id=TEXT,
        referer=TEXT_OR_NULL,
        verdict=_VERDICT,
        decision=one_of(reference("Decision"), {"type": "null"}),
        access=one_of(reference("Access"), {"type": "null"}),
        status=INTEGER,
        code=TEXT,
        ec=TEXT,
        message=TEXT,
        sent_bytes=INTEGER,
        milliseconds=NUMBER,
    ),
    "Access": described(
        record(
            allowed=FLAG,
            reason=TEXT,
            action=described(
                TEXT, "The RAM action that was denied, or the last one that was allowed."
            ),
            statement=described(TEXT, "The policy statement that settled it; empty if none did."),
        ),
        "The decision by ownership, ACLs and policies.",
    ),
}

ROUTES = (
    Route(
        "GET",
        "journal",
        "The last requests, oldest first",
        list_entries,
        Content(
            {JSON: record(entries=array(reference("Entry"))), EVENTS: TEXT},
            f"The matching entries; with `Accept: {EVENTS}`, a stream that does not end.",
        ),
        parameters=(
            Parameter("bucket", "query", TEXT, "Only requests to this bucket."),
            Parameter("verdict", "query", _VERDICT, "Only requests with this verdict."),
            Parameter("since", "query", COUNT, "Only entries with a greater number."),
            Parameter(
                "limit", "query", COUNT, "The most entries to return, the last ones; 0 means all."
            ),
            Parameter(
                "wait",
                "query",
                {**NUMBER, "minimum": 0, "maximum": MAX_WAIT},
                "Seconds to wait for an entry if none matches yet.",
            ),
            Parameter(
                "Last-Event-ID",
                "header",
                COUNT,
                "For events: the number of the last entry read, as browsers send it.",
            ),
        ),
        errors=(400,),
        of_one_process=True,
    ),
    Route(
        "DELETE",
        "journal",
        "Forget the entries",
        clear_journal,
        json_content(record(entries={"type": "array"}), "An empty list."),
        of_one_process=True,
    ),
)
