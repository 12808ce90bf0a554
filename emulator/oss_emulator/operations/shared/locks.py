"""The retention and legal hold of an object: set by headers, shown, and enforced (P-64)."""

from typing import Final

from oss_emulator.documents import legal_hold, object_worm, retention
from oss_emulator.documents.document import Documents
from oss_emulator.documents.retention import RetentionMode, RetentionPeriod
from oss_emulator.operations.call import Call
from oss_emulator.protocol import dates, headers
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.storage import Object

MODE: Final = "x-oss-object-worm-mode"
UNTIL: Final = "x-oss-object-worm-retain-until-date"
HOLD: Final = "x-oss-object-worm-legal-hold"


def of_request(call: Call) -> Documents:
    """Return the documents by which a request retains or holds the object that it creates.

    Raises `InvalidRequest` in a bucket without object retention, and `InvalidArgument`.
    """
    request = call.request.headers
    if not call.operation.describes or request.keys().isdisjoint((MODE, UNTIL, HOLD)):
        return {}
    if not object_worm.is_enabled(call.bucket.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NOT_ENABLED)
    found: dict[str, bytes] = {}
    if MODE in request or UNTIL in request:
        period = RetentionPeriod(_mode(request.get(MODE, "")), _until(call))
        found[retention.DOCUMENT.subresource] = retention.format(period)
    if HOLD in request:
        status = request[HOLD]
        if status not in ("ON", "OFF"):
            raise headers.invalid_argument(HOLD, status, "The legal hold must be ON or OFF.")
        found[legal_hold.DOCUMENT.subresource] = legal_hold.format(status)
    return found


def _mode(text: str) -> RetentionMode:
    try:
        return RetentionMode(text)
    except ValueError:
        message = "The retention mode must be GOVERNANCE or COMPLIANCE."
        raise headers.invalid_argument(MODE, text, message) from None


def _until(call: Call) -> float:
    text = call.request.headers.get(UNTIL, "")
    until = dates.parse_iso(text)
    if until is None:
        message = "The retain until date must have the form 2030-01-01T00:00:00.000Z."
        raise headers.invalid_argument(UNTIL, text, message)
    if until <= call.request.received:
        raise headers.invalid_argument(UNTIL, text, retention.PAST)
    return until


def with_default(call: Call, item: Object) -> Object:
    """Return a new object with the bucket's default retention unless it has its own.

    Raises `InvalidArgument` for a period that would end after the year 9999 (assumed).
    """
    default = object_worm.default(call.bucket.documents)
    name = retention.DOCUMENT.subresource
    if default is None or name in item.documents:
        return item
    mode, seconds = default
    until = call.request.received + seconds
    if until > dates.LATEST:
        message = "The default retention of the bucket would end after the year 9999."
        raise headers.invalid_argument(UNTIL, dates.format_iso(until), message)
    period = RetentionPeriod(RetentionMode(mode), until)
    return item._replace(documents={**item.documents, name: retention.format(period)})


def describe(item: Object) -> dict[str, str]:
    """Return the headers of GET and HEAD about the retention and legal hold of an object."""
    found = {}
    period = retention.period(item.documents)
    if period is not None:
        found = {MODE: period.mode.value, UNTIL: dates.format_iso(period.until)}
    return {**found, HOLD: "ON"} if legal_hold.is_on(item.documents) else found


def protects(call: Call, item: Object) -> bool:
    """Return whether a version must stay: it is under legal hold, or retained and not bypassed."""
    if legal_hold.is_on(item.documents):
        return True
    period = retention.period(item.documents)
    bypassed = call.operation.bypasses and headers.flag(call.request.headers, retention.BYPASS)
    return period is not None and period.protects(call.request.received, bypassed=bypassed)
