"""The journal: the last requests and the decisions on them, also as lines of the access log."""

from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from oss_emulator import accesslog, rpc
from oss_emulator.access import Identity, resource
from oss_emulator.operations.call import Call
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.protocol import dates
from oss_emulator.protocol.message import AccessDecision, Request, Response
from oss_emulator.referer import Decision, Signing, explanation
from oss_emulator.storage import Storage

SIZE = 1000
"""The number of entries to keep by default."""


class RefererVerdict(StrEnum):
    """The verdict of the Referer rules on a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_CHECKED = "not-checked"
    """The request ended before the rules were asked, or they do not apply to it."""


class JournalEntry(NamedTuple):
    """An answered request. Each field of the HTTP journal is an attribute of the same name."""

    number: int
    request: Request
    """The request itself."""
    request_id: str
    operation: str
    """The official name of the operation, "" if the request was refused before it was found."""
    bucket: str
    key: str
    owner: str
    """The account that owns the bucket, "" for none."""
    signing: Signing
    access_key_id: str
    """The id of the access key in the request, known or not."""
    caller: Identity
    """The signer; anonymous unless the signature was verified."""
    decision: Decision | None
    """The decision by the Referer rules; None if the request ended before it."""
    access: AccessDecision | None
    """The decision on permissions; None if the request ended before it."""
    code: str
    """The error code of the answer, "" for none; likewise `ec` and `message`."""
    ec: str
    message: str
    status: int
    sent: int
    """Bytes of body that were sent."""
    seconds: float
    """How long the answer took, from the arrival of the request."""
    answer: Mapping[str, str] = {}
    """The headers of the answer, without those that every answer has."""
    document: bytes = b""
    """The error document of the answer, b"" for none."""

    @property
    def time(self) -> str:
        """When the request arrived, such as `2025-10-13T08:00:00.000Z`."""
        return dates.format_iso(self.request.received)

    @property
    def remote(self) -> str:
        """The address of the client."""
        return self.request.remote

    @property
    def method(self) -> str:
        """The method of the request."""
        return self.request.method

    @property
    def target(self) -> str:
        """The path and the query of the request."""
        return self.request.target

    @property
    def host(self) -> str:
        """The Host header."""
        return self.request.host

    @property
    def referer(self) -> str | None:
        """The Referer header; None if the request has none."""
        return self.request.headers.get("referer")

    @property
    def signed(self) -> Signing:
        """How the request was signed."""
        return self.signing

    @property
    def sent_bytes(self) -> int:
        """Bytes of body that were sent."""
        return self.sent

    @property
    def milliseconds(self) -> float:
        """How long the answer took."""
        return round(self.seconds * 1000, 3)

    @property
    def verdict(self) -> RefererVerdict:
        """The verdict of the Referer rules."""
        decision = self.decision
        if decision is None or decision.referer is None:
            return RefererVerdict.NOT_CHECKED
        return RefererVerdict.ALLOWED if decision.allowed else RefererVerdict.DENIED

    def to_dict(self) -> dict[str, Any]:
        """Return the entry as values for JSON."""
        decision = self.decision
        return {
            "number": self.number,
            "time": self.time,
            "request_id": self.request_id,
            "remote": self.remote,
            "method": self.method,
            "target": self.target,
            "host": self.host,
            "operation": self.operation,
            "bucket": self.bucket,
            "key": self.key,
            "signed": self.signed.value,
            "access_key_id": self.access_key_id,
            "referer": self.referer,
            "verdict": self.verdict.value,
            "decision": None if decision is None else explanation.to_dict(decision),
            "access": None if self.access is None else self.access._asdict(),
            "status": self.status,
            "code": self.code,
            "ec": self.ec,
            "message": self.message,
            "sent_bytes": self.sent_bytes,
            "milliseconds": self.milliseconds,
        }

    def to_line(self, storage: Storage, region: str | None = None) -> accesslog.LogLine:
        """Return the entry as a line of the access log, with the object's size in the storage.

        With the `region` of the server the line ends with the ARN of the bucket (P-60), in the
        region of the bucket if it still exists.
        """
        arn, bucket = None, storage.bucket(self.bucket)
        if region is not None:
            arn = self.bucket_arn(region if bucket is None else bucket.region)
        request = self.request
        milliseconds = round(self.seconds * 1000)
        return accesslog.LogLine(
            remote_ip=request.remote,
            time=request.received,
            request=f"{request.method} {request.target} HTTP/{request.version}",
            status=self.status,
            sent_bytes=self.sent,
            request_time=milliseconds,
            referer=request.headers.get("referer", ""),
            user_agent=request.headers.get("user-agent", ""),
            host=request.host,
            request_id=self.request_id,
            requester_id=self.caller.id,
            operation=self.operation,
            bucket=self.bucket,
            key=self.key,
            object_size=_object_size(storage, self.bucket, self.key),
            server_cost=milliseconds,
            error_code=self.code,
            request_length=int(request.headers.get("content-length") or 0),
            owner_id=self.owner,
            delta_size=None,
            access_key_id=self.access_key_id,
            bucket_arn=arn,
        )

    def bucket_arn(self, region: str) -> str:
        """The resource name of the bucket, "" for none and for a missing one."""
        return resource(region, self.owner, self.bucket) if self.owner else ""


class Journal:
    """Keeps the last entries and passes each new one to listeners."""

    def __init__(self, size: int = SIZE) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=size)
        self._listeners: list[Callable[[JournalEntry], None]] = []
        self._count = 0

    def record(
        self, outcome: Admitted | Refused, response: Response, sent: int, seconds: float
    ) -> JournalEntry:
        """Add an answered request: `sent` bytes of body, `seconds` after it arrived."""
        call: Call | Refused = outcome.call if isinstance(outcome, Admitted) else outcome
        error = None if isinstance(outcome, Admitted) else outcome.error
        return self._add(
            JournalEntry(
                self._count + 1,
                call.request.original or call.request,  # as it came, also over S3
                call.request_id,
                "" if call.operation is None else call.operation.name,
                call.target.bucket,
                call.target.key,
                "" if call.record is None else call.record.owner,
                call.signing,
                call.access_key_id,
                call.caller,
                outcome.decision,
                response.access or outcome.access,
                "" if error is None else error.code,
                "" if error is None else error.ec,
                "" if error is None else error.message,
                response.status,
                sent,
                seconds,
                response.headers,
                response.body if error is not None and isinstance(response.body, bytes) else b"",
            )
        )

    def record_rpc(
        self, request: Request, request_id: str, answer: rpc.RPCAnswer, sent: int, seconds: float
    ) -> JournalEntry:
        """Add an answered request to STS or KMS."""
        error = answer.error
        return self._add(
            JournalEntry(
                self._count + 1,
                request,
                request_id,
                answer.action,
                "",
                "",
                "",
                answer.signing,
                answer.access_key_id,
                answer.caller,
                None,
                None,
                "" if error is None else error.code,
                "",
                "" if error is None else error.message,
                answer.response.status,
                sent,
                seconds,
                answer.response.headers,
            )
        )

    def _add(self, entry: JournalEntry) -> JournalEntry:
        self._count = entry.number
        self._entries.append(entry)
        for listener in self._listeners:
            listener(entry)
        return entry

    def entries(self, since: int = 0) -> list[JournalEntry]:
        """Return the entries with a number above `since`, oldest first."""
        return [entry for entry in self._entries if entry.number > since]

    def listen(self, listener: Callable[[JournalEntry], None]) -> Callable[[], None]:
        """Call `listener` with each new entry; returns a function that stops this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def entry(self, number: int) -> JournalEntry | None:
        """Return the entry with a number; None if it is not kept any more, or not yet."""
        first = self._entries[0].number if self._entries else 0
        kept = first and 0 <= number - first < len(self._entries)
        return self._entries[number - first] if kept else None

    @property
    def size(self) -> int:
        """The most entries that are kept."""
        return self._entries.maxlen or 0

    def clear(self) -> None:
        """Remove all entries; their numbers continue."""
        self._entries.clear()


def _object_size(storage: Storage, bucket: str, key: str) -> int | None:
    if not key or storage.bucket(bucket) is None:
        return None
    item = storage.object(bucket, key)
    return None if item is None else item.size
