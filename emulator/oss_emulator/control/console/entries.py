"""Entries of the journal, as the pages about requests find and show them."""

from typing import Any, Final

from oss_referer import Assumptions
from oss_referer.engine import header

from oss_emulator.control.api.route import ApiRequest, Refusal
from oss_emulator.control.console import incidents, page
from oss_emulator.control.journal import JournalEntry

_SHOWN: Final = "number method bucket key target operation referer status code ec seconds test"


def find(asked: ApiRequest) -> JournalEntry:
    """Find the request whose number ends the path; raises `Refusal`."""
    number = asked.rest
    is_number = number.isascii() and number.isdigit() and len(number) < 16
    entry = asked.controls.journal.entry(int(number)) if is_number else None
    if entry is None:
        raise Refusal(
            404,
            f"The request {number!r} is not in the journal, which keeps the last "
            f"{asked.controls.journal.size}; choose one from the list of requests.",
        )
    return entry


def referer_of(entry: JournalEntry, assumptions: Assumptions) -> str | None:
    """Return the Referer that counts of those that a request has sent (R-29)."""
    request = entry.request
    first = request.headers.get("referer")
    sent = [] if first is None else [first, *request.further_referers]
    return header.choose(sent, assumptions.repeated_header)


def summarize(entry: JournalEntry) -> dict[str, Any]:
    """Return what a row shows of an entry."""
    decision = entry.decision
    return {
        **page.pick(entry, _SHOWN),
        "time": entry.request.received,
        "verdict": entry.verdict.value,
        "reason": None if decision is None else decision.reason.value,
        "entry": None if decision is None else decision.entry,
        "denied_by_access": entry.access is not None and not entry.access.allowed,
        "incidents": [incident.to_dict() for incident in incidents.find(entry)],
    }
