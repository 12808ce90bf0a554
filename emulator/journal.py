"""What is remembered of a finished call."""

from emulator import accesslog
from emulator.dispatch import Call


def line(call: Call, status: int, sent: int, seconds: float) -> accesslog.Line:
    """The access-log line of a call: `sent` bytes of body after `seconds`."""
    request = call.request
    milliseconds = round(seconds * 1000)
    item = None
    if call.record is not None and call.key:
        item = call.storage.object(call.record.name, call.key)
    return accesslog.Line(
        remote_ip=request.remote,
        time=request.received,
        request=f"{request.method} {request.target} HTTP/1.1",
        status=status,
        sent_bytes=sent,
        request_time=milliseconds,
        referer=request.headers.get("referer", ""),
        user_agent=request.headers.get("user-agent", ""),
        host=request.host,
        request_id=call.request_id,
        requester_id=call.caller.id,
        operation=call.operation.name,
        bucket=call.target.bucket,
        key=call.key,
        object_size=item.size if item is not None else None,
        server_cost=milliseconds,
        error_code=call.error.code if call.error is not None else "",
        request_length=int(request.headers.get("content-length") or 0),
        owner_id=call.record.owner if call.record is not None else "",
        delta_size=None,
        access_key_id=call.access_key_id,
    )
