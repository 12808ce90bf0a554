"""The journal: the last requests with their decisions, also as lines of the access log."""

import math
import secrets
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from enum import StrEnum
from itertools import islice
from operator import attrgetter, methodcaller
from sys import getsizeof
from typing import Any, Final, NamedTuple

from oss_referer import Decision, Signing
from oss_referer.browser.default_domain import DomainRule
from oss_referer.engine import explanation
from oss_referer.sources.masking import mask, mask_headers, mask_host, mask_values
from oss_referer.traffic import accesslog

from oss_emulator.access.authorize import AccessReason, Permission, resource
from oss_emulator.access.identity import Identity
from oss_emulator.control.faults import Fault
from oss_emulator.control.traffic import Traffic
from oss_emulator.operations.admission import Admission, Refused
from oss_emulator.operations.referer import SUBRESOURCE
from oss_emulator.pipeline import default_domain
from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import OSSError, shorten
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import AccessRecord, Request, Response
from oss_emulator.rpc import RPCErrorSpec
from oss_emulator.storage.base import Bucket, Storage

LEASE: Final = 600.0
"""Seconds without a message after which a session of another process counts as ended."""
MOST: Final = 10_000
"""Maximum number of stored sessions, and of their buckets."""


class _Running(NamedTuple):
    """The test that a session runs, and when this information expires."""

    test: str
    until: float


class RunningTests:
    """The running test of each session, and the sessions of buckets."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """`now` returns the time in seconds."""
        self._now = now
        self.running: dict[str, _Running] = {}
        """The test of each session; most servers have none."""
        self._sessions: dict[str, str] = {}

    def begin(self, session: str, test: str, lease: float = math.inf) -> None:
        """Begin a test; it replaces the session's previous test.

        If there are MOST sessions, the oldest session ends.
        """
        for other in [name for name, found in self.running.items() if found.until < self._now()]:
            self.end(other)
        if session not in self.running and len(self.running) == MOST:
            self.end(next(iter(self.running)))
        self.running[session] = _Running(test, self._now() + lease)

    def claim(self, session: str, bucket: str) -> None:
        """Assign the requests to a bucket to the tests of a session.

        If there are MOST buckets, the oldest is removed.
        """
        if bucket not in self._sessions and len(self._sessions) == MOST:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[bucket] = session

    def end(self, session: str) -> None:
        """End a session; it need not exist."""
        self.running.pop(session, None)
        self._sessions = {name: of for name, of in self._sessions.items() if of != session}

    def of(self, bucket: str) -> str:
        """Return the test that sends a request to a bucket; "" if there is none or it is unknown.

        It is the test of the bucket's session. A bucket without a session belongs to the running
        session if there is only one; otherwise its test is unknown.
        """
        if not self.running:
            return ""
        session = self._sessions.get(bucket)
        if session is None and len(self.running) == 1:
            session = next(iter(self.running))
        found = self.running.get(session or "")
        return found.test if found is not None and self._now() < found.until else ""


SIZE = 1000
"""Default number of stored entries."""
BYTES = 64 * 1024 * 1024
"""Default number of bytes that the entries, the tallies and the changes of rules may take."""
LONG: Final = 4096
"""Characters of the longest header that an entry keeps whole; Host and Referer stay whole."""
_MANY: Final = 64
"""Number of headers above which an entry is weighed at once, and not with others."""
_LONG_FIELD: Final = 256
"""Characters of the longest form field that an entry keeps whole."""
_FIELDS_KEPT: Final = 64
"""Number of fields of a form that an entry keeps."""
_PINNED: Final = 16
"""Number of entries that stay because their stories have changed rules."""
_FOR_UNDO: Final = 8
"""*Undo Clear* may keep this part of the bytes."""
_TOGETHER: Final = 100
"""Number of entries that are tallied together."""


FIELDS = """
    number time request_id remote method target host operation bucket key signed access_key_id
    referer verdict decision access default_domain fault status code ec message sent_bytes
    milliseconds test
    """.split()
"""The attributes of an entry in its JSON."""

_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "signed": attrgetter("value"),
    "verdict": attrgetter("value"),
    "decision": lambda decision: mask_values(explanation.to_dict(decision)),
    "access": methodcaller("_asdict"),
    "default_domain": attrgetter("sentence"),
    "fault": asdict,
}
"""The functions that convert attributes to JSON values; None stays None."""


class RefererResult(StrEnum):
    """The verdict of the Referer rules on a request (`verdict` of an entry)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_CHECKED = "not-checked"
    """The request ended before the rules were checked, or they do not apply to it."""


class JournalEntry(NamedTuple):
    """An answered request. Each field of the HTTP journal is an attribute of the same name.

    Secrets are masked in the attributes that are shown. `request` has the original texts, so that
    the request can be sent again.
    """

    number: int
    admission: Admission
    """What was known about the request when it was answered."""
    error: OSSError | RPCErrorSpec | None
    """The error of the answer; None for success."""
    response: Response
    """The answer without its body, except for an error document."""
    sent_bytes: int
    """Number of bytes of the body that were sent."""
    seconds: float
    """Seconds from the arrival of the request to the end of the answer."""
    test: str = ""
    """The test that sent the request, such as `test_a.py::test_b`; "" for none."""
    fault: Fault | None = None
    """The planned fault that struck the request; None for none."""

    @property
    def request(self) -> Request:
        """The request as received, also for S3."""
        return self.admission.original

    @property
    def request_id(self) -> str:
        return self.admission.request_id

    @property
    def operation(self) -> str:
        """The official name of the operation; "" if the request was refused before routing."""
        return self.admission.operation.name

    @property
    def bucket(self) -> str:
        return self.admission.target.bucket

    @property
    def key(self) -> str:
        return mask(self.admission.target.key)

    @property
    def owner(self) -> str:
        """The account that owns the bucket, "" for none."""
        record = self.admission.record
        return "" if record is None else record.owner

    @property
    def access_key_id(self) -> str:
        """The id of the access key in the request, known or not."""
        return self.admission.claimed.access_key_id

    @property
    def caller(self) -> Identity:
        """The signer; anonymous unless the signature was verified."""
        return self.admission.caller

    @property
    def decision(self) -> Decision | None:
        """The decision by the Referer rules; None if the request ended before."""
        return self.admission.decision

    @property
    def access(self) -> AccessRecord | None:
        """The last decision on permissions; None if the request ended before."""
        return self.response.access or self.admission.access

    @property
    def needs_public_read(self) -> bool:
        """Whether an ACL denied a read without a signature, which `public-read` would allow."""
        access, operation = self.access, self.admission.operation
        return (
            access is not None
            and not access.allowed
            and access.reason in (AccessReason.BUCKET_ACL, AccessReason.OBJECT_ACL)
            and self.caller.anonymous
            and operation.permission is Permission.READ
        )

    @property
    def code(self) -> str:
        """The error code of the answer; "" if there is none, as for `ec` and `message`."""
        return "" if self.error is None else self.error.code

    @property
    def ec(self) -> str:
        return self.error.ec if isinstance(self.error, OSSError) else ""

    @property
    def message(self) -> str:
        return "" if self.error is None else mask(self.error.message)

    @property
    def detail(self) -> str:
        """The ErrorDetail of the answer; "" for none."""
        error = self.error
        detail = error.details.get("ErrorDetail", "") if isinstance(error, OSSError) else ""
        return mask(str(detail))

    @property
    def refused_host(self) -> str:
        """The host that the proxy refused, with the port of a CONNECT; "" for none."""
        error = self.error
        if isinstance(error, OSSError) and error.code == "ProxyForbidden":
            return str(error.details["Host"])
        return ""

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def answer(self) -> Mapping[str, str]:
        """The headers of the answer, without the headers common to all answers."""
        return mask_headers(self.response.headers)

    @property
    def document(self) -> str:
        """The error document of the answer, "" for none."""
        body = self.response.body
        return mask(body.decode(errors="replace")) if isinstance(body, bytes) else ""

    @property
    def time(self) -> str:
        """Arrival time of the request, such as `2025-10-13T08:00:00.000Z`."""
        return dates.format_iso(self.request.received)

    @property
    def remote(self) -> str:
        return self.request.remote

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def target(self) -> str:
        """The path and the query of the request."""
        return mask(self.request.target)

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, with names in lower case."""
        return mask_headers(self.request.headers)

    @property
    def is_shortened(self) -> bool:
        """Whether the entry has only the beginning of a header, so it cannot be sent again."""
        headers = self.request.headers
        return any(len(text) > LONG for name, text in headers.items() if name not in _WHOLE)

    @property
    def host(self) -> str:
        return mask_host(self.request.host)

    @property
    def referer(self) -> str | None:
        """The Referer header; None if the request has none."""
        referer = self.request.headers.get("referer")
        return None if referer is None else mask(referer)

    @property
    def signed(self) -> Signing:
        """How the request was signed, whether or not the signature is valid."""
        return self.admission.claimed.signing

    @property
    def milliseconds(self) -> float:
        return round(self.seconds * 1000, 3)

    @property
    def verdict(self) -> RefererResult:
        decision = self.admission.decision
        if decision is None or decision.referer is None:
            return RefererResult.NOT_CHECKED
        return RefererResult.ALLOWED if decision.allowed else RefererResult.DENIED

    @property
    def rules(self) -> bytes | None:
        """The document with the Referer rules of the bucket at the decision; None for none.

        Entries between two changes share the bucket's record and so the document.
        """
        record = self.admission.record
        return None if record is None else record.documents.get(SUBRESOURCE)

    @property
    def default_domain(self) -> DomainRule | None:
        """The rule that the service would apply to this object at its public endpoint, if any."""
        return default_domain.find_rule_at_endpoint(self.admission, self.response)

    def to_dict(self) -> dict[str, Any]:
        found = {name: getattr(self, name) for name in FIELDS}
        for name, convert in _CONVERT.items():
            if found[name] is not None:
                found[name] = convert(found[name])
        return found

    def to_line(self, storage: Storage, region: str | None = None) -> accesslog.LogLine:
        """Return the entry as a line of the access log, with the object's size in the storage.

        With the `region` of the server, the line ends with the ARN of the bucket (P-60), which has
        the region of the bucket if the bucket still exists.
        """
        arn, bucket = None, storage.bucket(self.bucket)
        if region is not None:
            arn = self.bucket_arn(region if bucket is None else bucket.region)
        request = self.request
        milliseconds = round(self.seconds * 1000)
        return accesslog.LogLine(
            remote_ip=request.remote,
            time=request.received,
            request=f"{request.method} {self.target} HTTP/{request.version}",
            status=self.status,
            sent_bytes=self.sent_bytes,
            request_time=milliseconds,
            referer=self.referer or "",
            user_agent=mask(request.headers.get("user-agent", "")),
            host=self.host,
            request_id=self.request_id,
            requester_id=self.caller.id,
            operation=self.operation,
            bucket=self.bucket,
            key=self.key,
            object_size=_object_size(storage, self.bucket, self.admission.target.key),
            server_cost=milliseconds,
            error_code=self.code,
            request_length=int(request.headers.get("content-length") or 0),
            owner_id=self.owner,
            delta_size=None,
            access_key_id=self.access_key_id,
            bucket_arn=arn,
        )

    def bucket_arn(self, region: str) -> str:
        """Return the ARN of the bucket; "" without a bucket or if it does not exist."""
        return resource(region, self.owner, self.bucket) if self.owner else ""


class Journal:
    """Stores the last entries and passes each new entry to listeners."""

    def __init__(self, size: int = SIZE, limit: int = BYTES) -> None:
        """`limit` is the number of bytes that the entries and the tallies may take."""
        self._token = secrets.token_hex(4)
        self._cuts = 0
        """The number of times that entries were cleared or restored."""
        self._traffic = Traffic()
        self._untallied: list[JournalEntry] = []
        """The last entries. They are tallied together, because one at a time takes three times as
        long: between two requests, other code fills the caches of the processor."""
        self._cleared: tuple[Sequence[JournalEntry], Sequence[int], Traffic] = ((), (), Traffic())
        self._entries: deque[JournalEntry] = deque(maxlen=size)
        self._weights: deque[int] = deque()
        """The bytes of each entry that is tallied."""
        self._limit = limit
        self._held = 0
        """The bytes of the entries, without those of tallies."""
        self._for_undo = 0
        """The bytes of what `restore` would restore."""
        self._pinned: dict[int, JournalEntry] = {}
        self._pinned_bytes = 0
        self._begin = (0, 0)
        """The counts at the last *Clear*, and at the one before."""
        self._record: Bucket | None = None
        self._record_bytes = 0
        """The record of the last tallied entry, which the next one usually shares."""
        self._listeners: list[Callable[[JournalEntry], None]] = []
        self._count = 0
        self.tests = RunningTests()

    @property
    def name(self) -> str:
        """A unique name, because each journal numbers its entries from 1.

        What follows its dot changes when entries are cleared or restored.
        """
        return f"{self._token}.{self._cuts}"

    def record(
        self,
        result: Admission | Refused,
        response: Response,
        sent: int,
        seconds: float,
        *,
        fault: Fault | None = None,
        rpc_error: RPCErrorSpec | None = None,
    ) -> JournalEntry:
        """Add a request answered with `sent` bytes of body, `seconds` after it arrived.

        `rpc_error` is the error of STS or KMS.
        """
        error: OSSError | RPCErrorSpec | None = rpc_error
        if isinstance(result, Refused):
            admission, error = result
        else:
            admission = result
            # Drop the body, which may be large or keep files open, because the entry is stored.
            response = Response(response.status, response.headers, access=response.access)
        is_heavy = admission.form is not None or len(admission.request.headers) > _MANY
        if is_heavy:
            admission = _shorten(admission)
        self._count += 1
        test = self.tests.of(admission.target.bucket) if self.tests.running else ""
        entry = JournalEntry(
            self._count, admission, error, response, sent, seconds=seconds, test=test, fault=fault
        )
        self._entries.append(entry)
        self._untallied.append(entry)
        if is_heavy or len(self._untallied) == _TOGETHER:
            self._tally()
        for listener in self._listeners:
            listener(entry)
        return entry

    @property
    def traffic(self) -> Traffic:
        """The tallies by site; unlike entries, their counts are not limited."""
        self._tally()
        return self._traffic

    def _tally(self) -> None:
        entries, self._untallied = self._untallied, []
        weights, traffic = self._weights, self._traffic
        for behind, entry in zip(range(len(entries), 0, -1), entries, strict=True):
            record = entry.admission.record
            weight = own = weigh(entry)
            if own > _HEAVY and behind <= len(self._entries):
                entry = entry._replace(admission=_shorten(entry.admission))
                self._entries[-behind] = entry
                weight = own = weigh(entry)
            if record is not self._record:
                self._record = record
                self._record_bytes = 0 if record is None else _weigh_record(record)
                weight += self._record_bytes
            weights.append(weight)
            self._held += weight
            traffic.add(entry, own + self._record_bytes)
        while len(weights) > len(self._entries):  # the number of entries is limited as well
            self._held -= weights.popleft()
        self._fit(traffic, self._limit - self._for_undo - self._pinned_bytes)

    def _fit(self, traffic: Traffic, limit: int) -> None:
        """Drop the oldest entries and sites above a number of bytes; the last entry stays."""
        entries, weights = self._entries, self._weights
        while self._held + traffic.held > limit:
            if len(weights) > 1 and (not traffic.sites or entries[0].number <= traffic.oldest):
                entries.popleft()
                self._held -= weights.popleft()
            elif traffic.sites:
                traffic.forget()
            else:
                break

    @property
    def dropped(self) -> int:
        """Number of entries since the last *Clear* that went to make room for later ones."""
        self._tally()
        return self._count - self._begin[0] - len(self._entries)

    def entries(self, since: int = 0) -> list[JournalEntry]:
        """Return the entries with a number above `since`, oldest first."""
        self._tally()
        return [entry for entry in self._entries if entry.number > since]

    def listen(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        """Call `listener` with each new entry; returns a function that stops this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def entry(self, number: int) -> JournalEntry | None:
        """Return the entry with a number; None if it was removed or does not exist."""
        self._tally()
        # `restore` may leave a gap between the numbers.
        place = bisect_left(self._entries, number, key=attrgetter("number"))
        found = next(islice(self._entries, place, None), None)
        return found if found and found.number == number else self._pinned.get(number)

    def pin(self, number: int) -> None:
        """Let an entry stay until *Clear*, so that its story can undo its change of rules."""
        if (entry := self.entry(number) or self._traffic.find(number)) is not None:
            self._pinned[number] = entry
            if len(self._pinned) > _PINNED:
                del self._pinned[next(iter(self._pinned))]
            self._pinned_bytes = sum(map(weigh, self._pinned.values()))

    @property
    def size(self) -> int:
        """Maximum number of stored entries."""
        return self._entries.maxlen or 0

    def clear(self) -> None:
        """Remove all entries and tallies; numbering continues.

        The last of them stay for `restore`, in an eighth of the bytes.
        """
        traffic, self._traffic = self.traffic, Traffic()
        self._cuts += 1
        if self._entries:
            self._fit(traffic, self._limit // _FOR_UNDO)
            self._cleared = (tuple(self._entries), tuple(self._weights), traffic)
            self._for_undo = self._held + traffic.held
            self._begin = (self._count, self._begin[0])
        self._entries.clear()
        self._weights.clear()
        self._pinned, self._pinned_bytes = {}, 0
        self._held, self._record = 0, None

    def restore(self) -> None:
        """Restore what `clear` removed last, as far as later entries leave room."""
        later = self.traffic
        self._cuts += 1
        entries, weights, traffic = self._cleared
        if entries:
            self._begin = (self._begin[1], self._begin[1])
        self._entries = deque((*entries, *self._entries), maxlen=self.size)
        self._weights.extendleft(reversed(weights))
        self._held += sum(weights)
        traffic.absorb(later)
        self._traffic = traffic
        self._cleared, self._for_undo = ((), (), Traffic()), 0
        self._tally()


def weigh(entry: JournalEntry) -> int:
    """Estimate the bytes that an entry takes, without those of its bucket's record.

    Texts that a client sends are counted exactly, everything else as a constant.
    """
    admission, error, body = entry.admission, entry.error, entry.response.body
    request, form = admission.request, admission.form
    headers = request.headers
    has_more = error is not None or form is not None or request.original is not None
    if not has_more and len(headers) <= _MANY:
        length = len("".join(headers.values())) + len(request.path) + 3 * len(request.query_string)
        if length < _ORDINARY:
            return _BASE + 100 * len(headers) + length
    size = _BASE + _weigh_request(request) + getsizeof(admission.target.key) + len(body)
    if request.original is not None:
        size += _weigh_request(request.original)
    if isinstance(error, OSSError):
        size += getsizeof(error.message) + sum(map(getsizeof, error.details.values()))
    elif error is not None:
        size += getsizeof(error.message)
    if form is not None:
        size += sum(getsizeof(name) + getsizeof(text) for name, text in form.fields.items())
    if "x-oss-err" in entry.response.headers:  # the document of an answer to HEAD
        size += getsizeof(entry.response.headers["x-oss-err"])
    return size


_ORDINARY: Final = 2000
"""Characters below which the texts of a request are not weighed exactly, for speed."""
_BASE: Final = 3000
"""Bytes of an entry with an ordinary request and decision, apart from the texts of the client."""
_HEAVY: Final = _BASE + LONG
"""Bytes above which an entry may have a long header; every entry that has one weighs more."""


def _weigh_request(request: Request) -> int:
    headers = request.headers
    size = sum(map(getsizeof, headers.values())) + 100 * len(headers) + getsizeof(request.path)
    if len(headers) > _MANY:  # the names of few headers are shared by all requests
        size += sum(map(getsizeof, headers))
    if request.query_string:  # twice, because it is parsed as well
        size += 2 * getsizeof(request.query_string) + 200 * len(request.query)
    if "referer" in headers:  # the decision has it as well, perhaps in another form
        size += getsizeof(headers["referer"]) + sum(map(getsizeof, request.further_referers))
    if request.repeated:
        size += 8 * len(request.repeated)
    return size


def _weigh_record(record: Bucket) -> int:
    return 500 + sum(map(len, record.documents.values()))


def _shorten(admission: Admission) -> Admission:
    """Shorten what a client may make long: fields of a form, and headers but Host and Referer."""
    request, form = admission.request, admission.form
    if request.original is not None:
        request = request._replace(original=_shorten_headers(request.original))
    if form is not None:
        kept = islice(form.fields.items(), _FIELDS_KEPT)
        form = Form(
            {shorten(name, _LONG_FIELD): shorten(text, _LONG_FIELD) for name, text in kept},
            shorten(form.filename, _LONG_FIELD),
            form.content_type and shorten(form.content_type, _LONG_FIELD),
        )
    return replace(admission, request=_shorten_headers(request), form=form)


_WHOLE: Final = ("host", "referer")


def _shorten_headers(request: Request) -> Request:
    headers = {
        name: text if name in _WHOLE else shorten(text, LONG)
        for name, text in request.headers.items()
    }
    return request if headers == request.headers else request._replace(headers=headers)


def _object_size(storage: Storage, bucket: str, key: str) -> int | None:
    if not key or storage.bucket(bucket) is None:
        return None
    item = storage.object(bucket, key)
    return None if item is None else item.size
