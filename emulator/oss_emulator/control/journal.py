"""The last requests with what was decided on each; the access log is written from the same."""

from collections import deque
from collections.abc import Callable
from enum import StrEnum
from typing import Any, NamedTuple

from oss_emulator import accesslog
from oss_emulator.operations.call import NO_BODY, Call
from oss_emulator.protocol import dates
from oss_emulator.referer import explain

EXPLAIN = "x-oss-emulator-explain"
"""A request header: answer with the decision on this request."""
DECISION = "x-oss-emulator-decision"
"""A response header: that decision as JSON, null where the rules had no say."""

SIZE = 1000
"""Requests that are remembered."""


class Verdict(StrEnum):
    """What the rules said to a request."""

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_CHECKED = "not-checked"
    """The request ended before them, or is of a kind that they do not apply to."""


class Entry(NamedTuple):
    """One request that was answered: `sent` bytes of body, `seconds` after it arrived."""

    number: int
    call: Call
    status: int
    sent: int
    seconds: float

    @property
    def verdict(self) -> Verdict:
        """What the rules said to it."""
        decision = self.call.decision
        if decision is None or decision.referer is None:
            return Verdict.NOT_CHECKED
        return Verdict.ALLOWED if decision.allowed else Verdict.DENIED

    def to_dict(self) -> dict[str, Any]:
        """The entry as JSON has it."""
        call, error = self.call, self.call.error
        request, decision = call.request, call.decision
        return {
            "number": self.number,
            "time": dates.format_iso(request.received),
            "request_id": call.request_id,
            "remote": request.remote,
            "method": request.method,
            "target": request.target,
            "host": request.host,
            "operation": call.operation.name,
            "bucket": call.target.bucket,
            "key": call.key,
            "signed": call.signing.value,
            "access_key_id": call.access_key_id,
            "referer": request.headers.get("referer"),
            "verdict": self.verdict.value,
            "decision": None if decision is None else explain.to_dict(decision),
            "access": _access(call),
            "status": self.status,
            "code": "" if error is None else error.code,
            "ec": "" if error is None else error.ec,
            "message": "" if error is None else error.message,
            "sent_bytes": self.sent,
            "milliseconds": round(self.seconds * 1000, 3),
        }

    def to_line(self) -> accesslog.LogLine:
        """The entry as the access log has it."""
        call, request = self.call, self.call.request
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
            request_id=call.request_id,
            requester_id=call.caller.id,
            operation=call.operation.name,
            bucket=call.target.bucket,
            key=call.key,
            object_size=_size(call),
            server_cost=milliseconds,
            error_code=call.error.code if call.error is not None else "",
            request_length=int(request.headers.get("content-length") or 0),
            owner_id=call.record.owner if call.record is not None else "",
            delta_size=None,
            access_key_id=call.access_key_id,
        )


class Journal:
    """Remembers the last requests, and tells those who listen of each new one."""

    def __init__(self, size: int = SIZE) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)
        self._listeners: list[Callable[[Entry], None]] = []
        self._count = 0

    def record(self, call: Call, status: int, sent: int, seconds: float) -> Entry:
        """Remember an answered call; the bytes it brought are let go."""
        call.body = NO_BODY
        self._count += 1
        entry = Entry(self._count, call, status, sent, seconds)
        self._entries.append(entry)
        for listen in self._listeners:
            listen(entry)
        return entry

    def entries(self, since: int = 0) -> list[Entry]:
        """The entries with a number above `since`, oldest first."""
        return [entry for entry in self._entries if entry.number > since]

    def listen(self, listener: Callable[[Entry], None]) -> Callable[[], None]:
        """Have a function called with each new entry; returns a function that ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def clear(self) -> None:
        """Forget all entries; numbers go on."""
        self._entries.clear()


def _access(call: Call) -> dict[str, Any] | None:
    """What was decided on the caller's permissions, None where it did not come to that."""
    verdict = call.verdict
    if verdict is None:
        return None
    return {
        "allowed": verdict.allowed,
        "reason": verdict.reason.value,
        "action": verdict.action or call.operation.action,
        "statement": verdict.statement.place if verdict.statement is not None else "",
    }


def _size(call: Call) -> int | None:
    if call.record is None or not call.key:
        return None
    if call.storage.bucket(call.record.name) is None:
        return None
    item = call.storage.object(call.record.name, call.key)
    return None if item is None else item.size
