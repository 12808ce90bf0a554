"""`/_emulator/journal`: the last requests and the decisions on them."""

import asyncio
from collections.abc import Mapping

from oss_referer import Signing

from oss_emulator.control.api import events, schema
from oss_emulator.control.api.journal_filter import JournalFilter
from oss_emulator.control.api.route import (
    EVENTS,
    JSON,
    ApiRequest,
    Content,
    Parameter,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import (
    COUNT,
    INTEGER,
    TEXT,
    described,
    one_of,
    record,
    reference,
)
from oss_emulator.control.journal import FIELDS, RefererVerdict
from oss_emulator.protocol.message import Response

MAX_WAIT = 60.0
"""Seconds a long poll may wait."""


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
    return reply({"entries": [entry.to_dict() for entry in found]})


def clear_journal(asked: ApiRequest) -> Response:
    """Forget all entries."""
    asked.controls.journal.clear()
    return reply({"entries": []})


_VERDICT: schema.Schema = {"enum": list(RefererVerdict)}
_NULL: schema.Schema = {"type": "null"}

SCHEMAS: Mapping[str, schema.Schema] = {
    "JournalEntry": record(
        **dict.fromkeys(FIELDS, TEXT)
        | {
            **dict.fromkeys(("number", "status", "sent_bytes"), INTEGER),
            "signed": {"enum": list(Signing)},
            "referer": schema.TEXT_OR_NULL,
            "verdict": _VERDICT,
            "decision": one_of(reference("Decision"), _NULL),
            "access": one_of(reference("Access"), _NULL),
            "default_domain": described(
                schema.TEXT_OR_NULL,
                "What the service does with this object at its own host names; null for nothing.",
            ),
            "fault": described(
                one_of(reference("Fault"), _NULL),
                "The planned fault that struck the request; null for none.",
            ),
            "milliseconds": schema.NUMBER,
            "test": described(TEXT, "The test that sent the request; empty for none."),
        }
    ),
    "Access": described(
        record(
            allowed=schema.FLAG,
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
        list_entries,
        Content(
            {JSON: record(entries=schema.array(reference("JournalEntry"))), EVENTS: TEXT},
            f"The matching entries; with `Accept: {EVENTS}`, a stream that does not end.",
        ),
        parameters=(
            Parameter("bucket", "query", TEXT, "Only requests to this bucket."),
            Parameter("verdict", "query", _VERDICT, "Only requests with this verdict."),
            Parameter("status", "query", COUNT, "Only answers with this status."),
            Parameter("ec", "query", TEXT, "Only answers with this EC."),
            Parameter("method", "query", TEXT, "Only requests with this method."),
            Parameter("referer", "query", TEXT, "Only requests whose Referer has this text."),
            Parameter(
                "test",
                "query",
                TEXT,
                "Only requests of this test, or of the tests in this file, class or folder.",
            ),
            Parameter(
                "text",
                "query",
                TEXT,
                "Only requests with this text in the target, the Referer, the host, the operation, "
                "the request id, the error or the test.",
            ),
            Parameter("since", "query", COUNT, "Only entries with a greater number."),
            Parameter("before", "query", COUNT, "Only entries with a lower number; 0 means all."),
            Parameter(
                "limit", "query", COUNT, "The most entries to return, the last ones; 0 means all."
            ),
            Parameter(
                "wait",
                "query",
                {**schema.NUMBER, "minimum": 0, "maximum": MAX_WAIT},
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
        stream=events.follow,
    ),
    Route(
        "DELETE",
        "journal",
        clear_journal,
        json_content(record(entries={"type": "array"}), "An empty list."),
    ),
)
