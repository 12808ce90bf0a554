"""The lines of access logs, and the records of real-time log query with the same fields (P-62).

Records have other names for these fields. Their exports are JSON lines or CSV with a first row of
names.
"""

import re
from calendar import timegm
from collections.abc import Mapping
from datetime import datetime
from time import gmtime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOTHING = "-"


class LogLine(NamedTuple):
    """One request, with its fields in the order of the line; "" and None become `-`.

    For the format of the log files see docs/protocol.md, "Access log".
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
    """Milliseconds of processing in the server."""
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
    """The ARN at the end of the line; None for a line without it, as before 2025-09-17 (P-60)."""


def format(line: LogLine) -> str:
    """Format a line without a line feed."""
    t = gmtime(int(line.time))
    when = (
        f"{t.tm_mday:02}/{_MONTHS[t.tm_mon - 1]}/{t.tm_year:04}"
        f":{t.tm_hour:02}:{t.tm_min:02}:{t.tm_sec:02} +0000"
    )
    key = quote(line.key, errors="surrogateescape")
    arn = "" if line.bucket_arn is None else f" {_quoted(line.bucket_arn)}"
    return (
        f"{line.remote_ip or _NOTHING} - - [{when}] {_quoted(line.request)} {line.status:03} "
        f"{line.sent_bytes} {line.request_time} {_quoted(line.referer)} "
        f"{_quoted(line.user_agent)} {_quoted(line.host)} {_quoted(line.request_id)} "
        f"{_quoted(str(line.logging).lower())} {_quoted(line.requester_id)} "
        f"{_quoted(line.operation)} {_quoted(line.bucket)} {_quoted(key)} "
        f"{_number(line.object_size)} {line.server_cost} {_quoted(line.error_code)} "
        f"{line.request_length} {_quoted(line.owner_id)} {_number(line.delta_size)} "
        f"{_quoted(line.sync)} {_quoted(line.storage_class)} "
        f"{_quoted(line.target_storage_class)} {_quoted(line.acceleration)} "
        f"{_quoted(line.access_key_id)}{arn}"
    )


class LogLineError(ValueError):
    """A line is not from an access log; the text names the wrong field."""


def parse(text: str) -> LogLine:
    """Parse a line without its line feed. Raises LogLineError.

    Lines may end after the account of the owner, as in old logs, and may have further fields. Bytes
    that are not UTF-8 must be lone surrogates (`surrogateescape`).
    """
    values: list[str] = []
    place = 0
    for name, form in _FIELDS:
        found = form.match(text, place)
        if found is None:
            if name in _OPTIONAL and not text[place:].strip():
                break
            raise LogLineError(f"the field {name} is missing or malformed")
        values.append(found[1])
        place = found.end()
    return _read(dict(zip((name for name, _ in _FIELDS), values, strict=False)))


def _read(fields: dict[str, str]) -> LogLine:
    values: dict[str, Any] = {
        name: int(value) if name in _NUMBERS and value != _NOTHING else _unquoted(value)
        for name, value in fields.items()
    }
    for name in _COUNTS:
        values[name] = values[name] or 0
    values["time"] = float(parse_time(fields["time"]))
    values["key"] = unquote(values["key"], errors="surrogateescape")
    values["logging"] = fields["logging"] == "true"
    for name in ("object_size", "delta_size"):
        values[name] = None if values.get(name, "") == "" else values[name]
    values.setdefault("access_key_id", "")
    arn = fields.get(_LAST)
    values[_LAST] = None if arn is None else _unquoted(arn)
    return LogLine(**values)


def parse_time(text: str) -> int:
    """Parse `03/Jan/2021:14:59:49 +0800` to seconds since the epoch. Raises LogLineError."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise LogLineError(f"{text!r} is not a time such as 03/Jan/2021:14:59:49 +0800")
    day, year, *clock = (int(found[name]) for name in ("day", "year", "hour", "minute", "second"))
    local = timegm((year, _MONTHS.index(found["month"]) + 1, day, *clock))
    minutes = int(found["zone"][:2]) * 60 + int(found["zone"][2:])
    return local - (minutes if found["sign"] == "+" else -minutes) * 60


def unescape(text: str) -> str:
    """Return the text of a quoted field: `\\x22` and `\\"` stand for a quotation mark.

    Bytes outside ASCII become characters if they are UTF-8, and else lone surrogates.
    """
    if "\\" not in text:
        return text
    plain = _ESCAPE.sub(_unescaped, text)
    return plain.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[str]) -> str:
    if found[1] is None:
        return found[0][1:]
    return bytes([int(found[1], 16)]).decode("ascii", "surrogateescape")


def _unquoted(text: str) -> str:
    return "" if text == _NOTHING else unescape(text)


def _quoted(text: str) -> str:
    # Escape a quotation mark in a Referer or User-Agent as nginx does, because it ends a field.
    return f'"{_UNSAFE.sub(_escaped, text) or _NOTHING}"'


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape"))


def _number(value: int | None) -> str:
    return _NOTHING if value is None else str(value)


_UNSAFE = re.compile(r'["\\\x00-\x1f\x7f\ud800-\udfff]')
_ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|["\\])')
_TIME = re.compile(
    rf"(?P<day>0[1-9]|[12]\d|3[01])/(?P<month>{'|'.join(_MONTHS)})/(?P<year>[12]\d{{3}})"
    r":(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d):(?P<second>[0-6]\d)"
    r" (?P<sign>[+-])(?P<zone>(?:0\d|1[0-4])(?:00|15|30|45))",
    re.ASCII,
)
_WORD = re.compile(r" *([^ ]+)")
_STAMP = re.compile(r" +[^ ]+ +[^ ]+ +\[([^\]]*)\]")
_COUNT = re.compile(r" +(-?[0-9]{1,15}|-)(?= |$)")  # an object has up to 48.8 TB, of 14 digits
_STATUS = re.compile(r" +([0-9]{3}|-)(?= )")
_QUOTED = re.compile(r' +"((?:[^"\\]|\\.)*)"')
_FLAG = re.compile(r' +"(true|false|-)"')
_LAST = "bucket_arn"
_OPTIONAL = ("delta_size", _LAST)
"""The fields before which a line may end."""
_NUMBERS = {
    *("status", "sent_bytes", "request_time", "object_size", "server_cost"),
    *("request_length", "delta_size"),
}
_COUNTS = _NUMBERS - {"object_size", "delta_size"}
_FORMS = {
    "remote_ip": _WORD,
    "time": _STAMP,
    **dict.fromkeys(_NUMBERS, _COUNT),
    "status": _STATUS,
    "logging": _FLAG,
}
"""The patterns of fields that are not quoted."""
_FIELDS = tuple(
    (name, _FORMS.get(name, _QUOTED))
    for name in """
        remote_ip time request status sent_bytes request_time referer user_agent host request_id
        logging requester_id operation bucket key object_size server_cost error_code request_length
        owner_id delta_size sync storage_class target_storage_class acceleration access_key_id
        bucket_arn
        """.split()
)
"""The fields in the order of the line."""


# Records of real-time log query

REQUIRED = frozenset({"http_status", "request_uri", "bucket"})
"""The required names of a record."""

_TOPIC = "oss_access_log"
_HEADER_SIGNED = ("NormalSign", "AdminSign")
_ZONE = "+0800"
"""The time zone of the field `time`, which states none (assumed; `__time__` is exact)."""
_LARGEST_STATUS = 999
_LARGEST = 10**15 - 1
_LATEST = 32_503_680_000
"""The year 3000 in seconds; a line of the access log has four digits for the year."""
SIGNATURE = re.compile(r"[?&](?:Signature|x-oss-signature)=")
"""The mark of a signed URL in a request line."""


def is_record(names: list[str]) -> bool:
    """Return whether names include those of a record, in any letter case, with `-` or `_`."""
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
        time=_moment(fields),
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


def _moment(fields: Mapping[str, str]) -> float:
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
    if by_url and not SIGNATURE.search(target):  # the record omits the query
        target += f"{'&' if '?' in target else '?'}x-oss-signature="
    return f"{method} {target.replace(' ', '%20')} HTTP/1.1"
