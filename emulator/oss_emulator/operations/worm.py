"""Retention: the policy of a bucket, and periods and legal holds of versions of objects.

Sources: Retention policy; models.bucket_object_worm_configuration of SDK V2 for Python, and the
page of that call.
"""

from dataclasses import replace
from enum import StrEnum
from random import getrandbits
from typing import Final, NamedTuple

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents, document
from oss_emulator.operations.operation import Takes, answers
from oss_emulator.operations.schema import Element, parse_schema
from oss_emulator.operations.versions import find
from oss_emulator.protocol import dates, headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.storage.base import Object

_WORM: Final = "worm"
_DAY: Final = 24 * 60 * 60
"""Seconds."""

_INITIATE: Final = parse_schema("""
InitiateWormConfiguration
  RetentionPeriodInDays 1..25550 ?0027-00000004 !0027-00000005 ~0027-00000002
""")
_EXTEND: Final = replace(_INITIATE, name="ExtendWormConfiguration")
_ROOT: Final = "WormConfiguration"


class RetentionPolicy(NamedTuple):
    """A retention policy. `created` is in seconds since the epoch."""

    id: str
    days: int
    created: float
    locked: bool = False

    def is_in_force(self, now: float) -> bool:
        """Return whether the policy is locked or less than a day old (InitiateBucketWorm)."""
        return self.locked or now < self.created + _DAY

    def protects(self, modified: float, now: float) -> bool:
        """Return whether an object last modified at that time must not be changed or deleted."""
        return self.is_in_force(now) and now < modified + self.days * _DAY


def policy_of(documents: Documents) -> RetentionPolicy | None:
    """Return the policy of a bucket, in force or not; None if there is none."""
    document = documents.get(_WORM)
    if document is None:
        return None
    node = xml.parse(document, _ROOT)
    return RetentionPolicy(
        node.text("WormId"),
        int(node.text("RetentionPeriodInDays")),
        dates.parse_iso(node.text("CreationDate")) or 0.0,
        node.text("State") == "Locked",
    )


def _format(policy: RetentionPolicy) -> bytes:
    """Format the document of a bucket, which is also the answer of GetBucketWorm."""
    expires = None if policy.locked else dates.format_iso(policy.created + _DAY)
    return xml.format(
        _ROOT,
        [
            ("WormId", policy.id),
            ("State", "Locked" if policy.locked else "InProgress"),
            ("RetentionPeriodInDays", policy.days),
            ("CreationDate", dates.format_iso(policy.created)),
            ("ExpirationDate", expires),
        ],
    )


@answers("POST /bucket?worm", "InitiateBucketWorm")
def initiate_bucket_worm(call: Call) -> Response:
    """Create a policy that must be locked within a day.

    Raises `WORMConfigurationAlreadyExists`, and `InvalidRequest` in a bucket with object retention.
    """
    days = _days(call, _INITIATE)
    if is_enabled(call.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDES)
    if _in_force(call) is not None:
        raise OSSError(ErrorCase.WORM_ALREADY_EXISTS)
    policy = RetentionPolicy(f"{getrandbits(128):032X}", days, call.request.received)
    call.keep(_WORM, _format(policy))
    return Response(200, {"x-oss-worm-id": policy.id})


@answers("POST /bucket?wormId", "CompleteBucketWorm", takes=Takes.NOTHING)
def complete_bucket_worm(call: Call) -> Response:
    """Lock the policy permanently; raises `NoSuchWORMConfiguration`, `WORMConfigurationLocked`."""
    policy = _named(call)
    if policy.locked:
        raise OSSError(ErrorCase.WORM_LOCKED)
    call.keep(_WORM, _format(policy._replace(locked=True)))
    return Response()


@answers("POST /bucket?wormId&wormExtend", "ExtendBucketWorm")
def extend_bucket_worm(call: Call) -> Response:
    """Extend a locked policy; raises `InvalidWORMConfiguration`."""
    days = _days(call, _EXTEND)
    policy = _named(call)
    if not policy.locked or days <= policy.days:
        raise OSSError(ErrorCase.INVALID_WORM)
    call.keep(_WORM, _format(policy._replace(days=days)))
    return Response()


@answers("DELETE /bucket?worm", "AbortBucketWorm")
def abort_bucket_worm(call: Call) -> Response:
    """Delete a policy that is not locked; raises `WORMConfigurationLocked`."""
    policy = _in_force(call)
    if policy is not None and policy.locked:
        raise OSSError(ErrorCase.WORM_LOCKED)
    call.keep(_WORM, None)
    return Response(204)


@answers("GET /bucket?worm", "GetBucketWorm")
def get_bucket_worm(call: Call) -> Response:
    """Return the policy; raises `NoSuchWORMConfiguration`."""
    policy = _in_force(call)
    if policy is None:
        raise OSSError(ErrorCase.NO_SUCH_WORM, BucketName=call.bucket.name)
    return xml.reply(_format(policy))


def _in_force(call: Call) -> RetentionPolicy | None:
    policy = policy_of(call.documents)
    return policy if policy is not None and policy.is_in_force(call.request.received) else None


def _named(call: Call) -> RetentionPolicy:
    policy = _in_force(call)
    if policy is None:
        raise OSSError(ErrorCase.NO_SUCH_WORM, BucketName=call.bucket.name)
    if policy.id != call.request.query["wormId"]:
        raise OSSError(ErrorCase.NO_SUCH_WORM_ID, BucketName=call.bucket.name)
    return policy


def _days(call: Call, schema: Element) -> int:
    return int(schema.parse(call.body.read()).text("RetentionPeriodInDays"))


@document("""
PUT GET /bucket?objectWorm BucketObjectWormConfiguration enforced new-bucket
absent: NO_SUCH_OBJECT_WORM
ObjectWormConfiguration
  ObjectWormEnabled Enabled
  Rule?
    DefaultRetention
      Mode GOVERNANCE|COMPLIANCE
      Days? 1..36500
      Years? 1..100
""")
def object_worm(node: xml.Node, call: Call) -> xml.Value:
    """Whether the objects of a bucket can have retention periods.

    It cannot be removed; putting it again replaces the default period (P-64).

    The page says that the call fails for a bucket without versioning or with a retention policy,
    but names no error code; the code of PutObjectRetention is assumed.
    """
    default = node.first("Rule/DefaultRetention")
    if default is not None and len(default.all("Days") + default.all("Years")) != 1:
        raise DocumentError("A DefaultRetention must have either Days or Years.")
    if call.bucket.versioning != "Enabled":
        raise OSSError(ErrorCase.OBJECT_WORM_NEEDS_VERSIONING)
    if _in_force(call) is not None:
        raise OSSError(ErrorCase.OBJECT_WORM_EXCLUDED)
    return node.content


_DAYS_OF_A_YEAR: Final = 365


def is_enabled(documents: Documents) -> bool:
    """Return whether the objects of a bucket can be retained."""
    return object_worm.subresource in documents


def default_of(documents: Documents) -> tuple[str, int] | None:
    """Return the mode and the seconds of the default retention; None without a default."""
    node = object_worm.find(documents)
    rule = None if node is None else node.first("Rule/DefaultRetention")
    if rule is None:
        return None
    days = int(rule.text("Days") or 0) + int(rule.text("Years") or 0) * _DAYS_OF_A_YEAR
    return rule.text("Mode"), days * _DAY


def _check_enabled(call: Call) -> None:
    """Raise `InvalidRequest` unless the objects of the bucket can be retained."""
    if not is_enabled(call.bucket.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NOT_ENABLED)


@document("""
PUT GET /bucket/key?legalHold ObjectLegalHold enforced
absent: NO_SUCH_OBJECT_LEGAL_HOLD
LegalHold
  Status ON|OFF
""")
def legal_hold(node: xml.Node, call: Call) -> xml.Value:
    """Whether a version must not be deleted."""
    _check_enabled(call)
    return node.content


def _is_held(documents: Documents) -> bool:
    return legal_hold.text(documents, "Status") == "ON"


PAST: Final = "The retain until date must be in the future."


class RetentionMode(StrEnum):
    """Whether a retention period can be shortened and bypassed."""

    GOVERNANCE = "GOVERNANCE"
    COMPLIANCE = "COMPLIANCE"


class RetentionPeriod(NamedTuple):
    """The retention of a version. `until` is in seconds since the epoch."""

    mode: RetentionMode
    until: float

    def protects(self, now: float, *, bypassed: bool) -> bool:
        """Return whether the version must not be deleted now."""
        return now < self.until and not (bypassed and self.mode is RetentionMode.GOVERNANCE)

    def check_change(self, new: "RetentionPeriod", now: float, *, bypassed: bool) -> None:
        """Raise `FileImmutable` or `AccessDenied` unless `new` may replace this period now."""
        if now >= self.until:
            return
        if new.mode is not self.mode:
            raise OSSError(ErrorCase.FILE_IMMUTABLE)
        if new.until < self.until and self.protects(now, bypassed=bypassed):
            raise OSSError(ErrorCase.RETENTION_CANNOT_BE_SHORTENED)


@document("""
PUT GET /bucket/key?retention ObjectRetention enforced
absent: NO_SUCH_OBJECT_RETENTION
Retention
  Mode GOVERNANCE|COMPLIANCE
  RetainUntilDate date
""")
def retention(node: xml.Node, call: Call) -> xml.Value:
    """Until when a version must not be deleted."""
    _check_enabled(call)
    item = find(call)
    if item.kind == "Appendable":
        raise OSSError(ErrorCase.APPENDABLE_CANNOT_BE_RETAINED)
    new, now = _read(node), call.request.received
    if new.until <= now:
        text = node.text("RetainUntilDate")
        raise headers.invalid_argument("RetainUntilDate", text, PAST)
    present = period_of(item.documents)
    if present is not None:
        bypassed = headers.flag(call.request.headers, headers.BYPASS)
        present.check_change(new, now, bypassed=bypassed)
    return node.content


def period_of(documents: Documents) -> RetentionPeriod | None:
    """Return the retention of a version, expired or not; None if it never had any."""
    node = retention.find(documents)
    return None if node is None else _read(node)


def _read(node: xml.Node) -> RetentionPeriod:
    until = dates.parse_iso(node.text("RetainUntilDate")) or 0.0
    return RetentionPeriod(RetentionMode(node.text("Mode")), until)


def format_retention(period: RetentionPeriod) -> bytes:
    """Format the document that is stored with a version."""
    until = dates.format_iso(period.until)
    return retention.format([("Mode", period.mode.value), ("RetainUntilDate", until)])


MODE: Final = "x-oss-object-worm-mode"
UNTIL: Final = "x-oss-object-worm-retain-until-date"
HOLD: Final = "x-oss-object-worm-legal-hold"


def of_request(call: Call) -> Documents:
    """Return the documents of retention and legal hold that a request sets for a new object.

    Raises `InvalidRequest` in a bucket without object retention, and `InvalidArgument`.
    """
    request = call.request.headers
    if not call.operation.describes or request.keys().isdisjoint((MODE, UNTIL, HOLD)):
        return {}
    _check_enabled(call)
    found: dict[str, bytes] = {}
    if MODE in request or UNTIL in request:
        period = RetentionPeriod(_mode(request.get(MODE, "")), _until(call))
        found[retention.subresource] = format_retention(period)
    if HOLD in request:
        status = request[HOLD]
        if status not in ("ON", "OFF"):
            raise headers.invalid_argument(HOLD, status, "The legal hold must be ON or OFF.")
        found[legal_hold.subresource] = legal_hold.format([("Status", status)])
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
        raise headers.invalid_argument(UNTIL, text, PAST)
    return until


def with_default(call: Call, item: Object) -> Object:
    """Return a new object with the bucket's default retention unless it has its own.

    Raises `InvalidArgument` for a period that would end after the year 9999 (assumed).
    """
    default = default_of(call.bucket.documents)
    name = retention.subresource
    if default is None or name in item.documents:
        return item
    mode, seconds = default
    until = call.request.received + seconds
    if until > dates.LATEST:
        message = "The default retention of the bucket would end after the year 9999."
        raise headers.invalid_argument(UNTIL, dates.format_iso(until), message)
    period = RetentionPeriod(RetentionMode(mode), until)
    return item._replace(documents={**item.documents, name: format_retention(period)})


def describe_locks(item: Object) -> dict[str, str]:
    """Return the headers of GET and HEAD about the retention and legal hold of an object."""
    found = {}
    period = period_of(item.documents)
    if period is not None:
        found = {MODE: period.mode.value, UNTIL: dates.format_iso(period.until)}
    return {**found, HOLD: "ON"} if _is_held(item.documents) else found


def protects(call: Call, item: Object) -> bool:
    """Return whether a legal hold or a retention that is not bypassed protects a version."""
    if _is_held(item.documents):
        return True
    period = period_of(item.documents)
    bypassed = call.operation.bypasses and headers.flag(call.request.headers, headers.BYPASS)
    return period is not None and period.protects(call.request.received, bypassed=bypassed)
