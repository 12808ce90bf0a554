"""A record of real-time log query (Simple Log Service) as a line of the access log (P-62).

The query has the same facts under other names. Its exports are JSON lines or CSV with a first row
of names.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from .line import LogLine, LogLineError, parse_time

REQUIRED = frozenset({"http_status", "request_uri", "bucket"})
"""The names that a record must have; others may be missing."""

_TOPIC = "oss_access_log"
_HEADER_SIGNED = ("NormalSign", "AdminSign")
_ZONE = "+0800"
"""The time zone of the field `time`, which does not name one (assumed; `__time__` is exact)."""
_LARGEST_STATUS = 999
_LARGEST = 10**15 - 1
_LATEST = 32_503_680_000
"""The year 3000 in seconds; a line of the access log has four digits for the year."""
_SIGNATURE = re.compile(r"[?&](?:Signature|x-oss-signature)=")


def is_record(names: list[str]) -> bool:
    """Return whether names are those of a record, in any letter case and with `-` for `_`."""
    return set(map(_plain, names)) >= REQUIRED


def parse_record(record: Mapping[str, object]) -> LogLine:
    """Parse a record. Raises LogLineError."""
    fields = {_plain(name): _text(value) for name, value in record.items()}
    if missing := REQUIRED - fields.keys():
        raise LogLineError(f"the record has no field {', '.join(sorted(missing))}")
    if fields.get("__topic__", _TOPIC) not in (_TOPIC, ""):
        raise LogLineError(f"the topic is {fields['__topic__'][:64]!r} and not {_TOPIC!r}")
    access_key_id, requester = fields.get("access_id", ""), fields.get("requester_id", "")
    signed = fields.get("sign_type", "")
    if signed == "NotSign":
        access_key_id = requester = ""
    if signed in _HEADER_SIGNED and not (access_key_id or requester):
        requester = "unknown"
    return LogLine(
        remote_ip=fields.get("client_ip", ""),
        time=_time(fields),
        request=_request(fields, by_url=signed == "UriSign"),
        status=_count(fields, "http_status"),
        sent_bytes=_count(fields, "response_body_length"),
        request_time=_count(fields, "response_time"),
        referer=fields.get("referer", ""),
        user_agent=fields.get("user_agent", ""),
        host=fields.get("host", ""),
        request_id=fields.get("request_id", ""),
        requester_id=requester,
        operation=fields.get("operation", ""),
        bucket=fields["bucket"],
        key=unquote(fields.get("object", ""), errors="surrogateescape"),
        object_size=_count(fields, "object_size"),
        server_cost=_count(fields, "server_cost_time"),
        error_code=fields.get("error_code", ""),
        request_length=_count(fields, "request_length"),
        owner_id=fields.get("owner_id", ""),
        delta_size=None,
        access_key_id=access_key_id,
        sync=fields.get("sync_request", ""),
        storage_class=fields.get("bucket_storage_type", ""),
    )


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_")


def _text(value: object) -> str:
    text = "" if value is None else str(value).strip(" \t\r\n")
    return "" if text in ("-", "null") else text


def _count(fields: Mapping[str, str], name: str) -> int:
    text = fields.get(name, "") or "0"
    most = _LARGEST_STATUS if name == "http_status" else _LARGEST
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= most):
        raise LogLineError(f"the field {name} is {text[:64]!r} and not a number up to {most}")
    return int(text)


def _time(fields: Mapping[str, str]) -> float:
    seconds = _seconds(fields)
    if not 0 <= seconds < _LATEST:
        raise LogLineError(f"the time {seconds} is not between 1970 and 3000")
    return float(seconds)


def _seconds(fields: Mapping[str, str]) -> int:
    stamp, text = fields.get("__time__", ""), fields.get("time", "")
    try:
        if stamp:
            return int(stamp)
        if "/" in text:
            return parse_time(text if " " in text else f"{text} {_ZONE}")
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = datetime.fromisoformat(f"{text}{_ZONE}")
        return int(moment.timestamp())
    except (ValueError, OverflowError):
        raise LogLineError(f"the time {(stamp or text)[:64]!r} cannot be read") from None


def _request(fields: Mapping[str, str], *, by_url: bool) -> str:
    target = fields["request_uri"].partition(" HTTP/")[0]
    method, space, rest = target.partition(" ")
    if space and method.isupper():
        target = rest
    else:
        method = fields.get("http_method", "").upper() or "GET"
    if by_url and not _SIGNATURE.search(target):  # the query was left out of the record
        target += f"{'&' if '?' in target else '?'}x-oss-signature="
    return f"{method} {target.replace(' ', '%20')} HTTP/1.1"
