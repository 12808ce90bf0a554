"""One line of an OSS access log as a value."""

from dataclasses import dataclass
from time import gmtime
from urllib.parse import quote

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTHING = "-"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One request, with its fields in the order of the line; "" and None become `-`.

    The format is that of the log files: docs/protocol.md, "Access log".
    """

    remote_ip: str
    time: float
    """Seconds since the epoch; written in UTC."""
    request: str
    """The request line: method, target and version."""
    status: int
    sent_bytes: int
    request_time: int
    """Milliseconds from the request to the last byte sent."""
    referer: str
    user_agent: str
    host: str
    request_id: str
    requester_id: str
    operation: str
    bucket: str
    key: str
    object_size: int | None
    server_cost: int
    """Milliseconds that the server worked."""
    error_code: str
    request_length: int
    owner_id: str
    delta_size: int | None
    access_key_id: str
    logging: bool = True
    sync: str = ""
    storage_class: str = ""
    target_storage_class: str = ""
    acceleration: str = ""
    bucket_arn: str | None = None
    """None for a line that does not end with it, as before 2025-09-17 (P-60)."""


def format(line: LogLine) -> str:
    """Format a line, without a line feed."""
    t = gmtime(int(line.time))
    when = (
        f"{t.tm_mday:02}/{_MONTHS[t.tm_mon - 1]}/{t.tm_year:04}"
        f":{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000"
    )
    arn = "" if line.bucket_arn is None else f" {_quoted(line.bucket_arn)}"
    return (
        f"{line.remote_ip or _NOTHING} - - [{when}] {_quoted(line.request)} {line.status} "
        f"{line.sent_bytes} {line.request_time} {_quoted(line.referer)} "
        f"{_quoted(line.user_agent)} {_quoted(line.host)} {_quoted(line.request_id)} "
        f"{_quoted(str(line.logging).lower())} {_quoted(line.requester_id)} "
        f"{_quoted(line.operation)} {_quoted(line.bucket)} {_quoted(quote(line.key))} "
        f"{_number(line.object_size)} {line.server_cost} {_quoted(line.error_code)} "
        f"{line.request_length} {_quoted(line.owner_id)} {_number(line.delta_size)} "
        f"{_quoted(line.sync)} {_quoted(line.storage_class)} "
        f"{_quoted(line.target_storage_class)} {_quoted(line.acceleration)} "
        f"{_quoted(line.access_key_id)}{arn}"
    )


def _quoted(text: str) -> str:
    # A quotation mark in a Referer or User-Agent must not end the field; nginx escapes it so.
    safe = text.replace("\\", "\\x5C").replace('"', "\\x22")
    return f'"{safe or _NOTHING}"'


def _number(value: int | None) -> str:
    return _NOTHING if value is None else str(value)
