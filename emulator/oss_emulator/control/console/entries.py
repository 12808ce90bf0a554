"""Finds and describes entries of the journal for the pages about requests."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final, NamedTuple

from oss_referer import Assumptions
from oss_referer.browser import changes
from oss_referer.browser.default_domain import RULES
from oss_referer.engine import header

from oss_emulator.control.api.route import ApiError, ApiRequest
from oss_emulator.control.console import page
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.traffic import find_failure, is_of_embed_test, key_of
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.parameters import is_number


class IncidentKind(StrEnum):
    ERROR = "error"
    LATENCY = "latency"
    THROTTLE = "throttle"
    CUT = "cut"
    RESET = "reset"
    WRONG_CRC = "wrong-crc"
    CHANGE = "change"
    """A dated change of the service refused the request or made the answer a download."""
    DOWNLOAD = "download"
    """At its own host names, the service would send the object as a download."""
    REFUSED = "refused"
    """At its own host names, the service would refuse to send the object."""


class Incident(NamedTuple):
    """An incident with the value for its sentence: an error, a duration, a size, a date, a fact."""

    kind: IncidentKind
    value: str = ""
    change: changes.ServiceChange | None = None

    def to_dict(self) -> dict[str, str]:
        return {"kind": self.kind.value, "value": self.value}


def find_incidents(entry: JournalEntry) -> tuple[Incident, ...]:
    """Find the faults, and the dated changes of the service, that affected a request."""
    found = list(_of_fault(entry.fault) if entry.fault is not None else ())
    ec = entry.ec or entry.answer.get("x-oss-ec", "")
    found += [
        Incident(IncidentKind.CHANGE, f"{change.since:%Y-%m-%d}", change)
        for change in CHANGES.get(ec, ())
    ]
    rule = entry.default_domain
    if rule is not None and ec not in CHANGES:
        kind = IncidentKind.REFUSED if rule.refuses else IncidentKind.DOWNLOAD
        found.append(Incident(kind, rule.fact))
    return tuple(found)


def _of_fault(fault: Fault) -> Iterator[Incident]:
    if fault.latency:
        yield Incident(IncidentKind.LATENCY, f"{fault.latency:g}")
    if fault.throttle:
        yield Incident(IncidentKind.THROTTLE, f"{fault.throttle}")
    if fault.error is not None:
        yield Incident(IncidentKind.ERROR, f"{fault.error.status} {fault.error.code}")
    if fault.reset:
        yield Incident(IncidentKind.RESET)
    if fault.cut_body >= 0:
        yield Incident(IncidentKind.CUT, f"{fault.cut_body:,}")
    if fault.wrong_crc:
        yield Incident(IncidentKind.WRONG_CRC)


CHANGES: Final[Mapping[str, tuple[changes.ServiceChange, ...]]] = {
    ErrorCase.V1_CLOSED.value.ec: (changes.V1_OF_ACCOUNTS, changes.V1_OF_BUCKETS),
    ErrorCase.PUBLIC_ENDPOINT.value.ec: (changes.CUSTOM_DOMAIN,),
    ErrorCase.EXTERNAL_REDIRECT.value.ec: (changes.REDIRECTS_AT_ENDPOINTS,),
    **{rule.ec: (rule.change,) for rule in RULES},
}
"""The changes of the service that cause an EC."""


_SHOWN: Final = "number method bucket key target operation referer status code ec seconds test"


def find(asked: ApiRequest) -> JournalEntry:
    """Find the request with the number at the end of the path; raises `ApiError`."""
    number = asked.rest
    journal = asked.controls.journal
    entry = None
    if is_number(number):
        entry = journal.entry(int(number)) or journal.traffic.find(int(number))
    if entry is None:
        raise ApiError(
            404,
            f"The request {number!r} is not in the journal, which keeps the last "
            f"{journal.size}; choose one from the list of requests.",
        )
    return entry


def referer_of(entry: JournalEntry, assumptions: Assumptions) -> str | None:
    """Return the Referer of a request that counts, if several were sent (R-29)."""
    request = entry.request
    first = request.headers.get("referer")
    sent = [] if first is None else [first, *request.further_referers]
    return header.choose(sent, assumptions.repeated_header)


def summarize(entry: JournalEntry) -> dict[str, Any]:
    """Return the values of an entry's row."""
    decision = entry.decision
    return {
        **page.pick(entry, _SHOWN),
        "time": entry.request.received,
        "verdict": entry.verdict.value,
        "reason": None if decision is None else decision.reason.value,
        "entry": None if decision is None else decision.entry,
        "denied_by_access": entry.access is not None and not entry.access.allowed,
        "failure": find_failure(entry),
        "site": None if (key := key_of(entry)) is None else key.site,
        "embed_test": is_of_embed_test(entry),
        "incidents": [incident.to_dict() for incident in find_incidents(entry)],
    }
