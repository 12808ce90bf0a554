"""The log of a server in the foreground: one line for each denied request, or for every request."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

from oss_referer.engine import explanation

from oss_emulator.control.journal import JournalEntry, RefererVerdict
from oss_emulator.settings import LogFormat, Settings

LOG: Final = logging.getLogger("oss_emulator.requests")

_SHOWN: Final = 80
"""The most characters of a Referer or an object key in a line."""

_ENTRY: Final = "entry"
"""The attribute of a log record that has the journal's entry."""


def begin(settings: Settings) -> None:
    """Send all log messages to standard error, in the format and from the level of the settings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSON() if settings.log_format is LogFormat.JSON else _Text())
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def write(entry: JournalEntry) -> None:
    """Log a request: a denied one as a warning, any other one as information."""
    level = logging.WARNING if entry.status == 403 else logging.INFO
    if LOG.isEnabledFor(level):
        LOG.log(level, "%s", describe(entry), extra={_ENTRY: entry})


def describe(entry: JournalEntry) -> str:
    """Describe a request in one line: the status, the verdict, what was asked, and why."""
    verdict, reason = _explain(entry)
    place = f"{entry.bucket}/{entry.key}" if entry.bucket else entry.refused_host
    place = place or entry.operation or "/"
    parts = (str(entry.status), verdict, entry.ec, entry.request.method, _shorten(place))
    line = " ".join(part for part in parts if part)
    return f"{line}  {reason}" if reason else line


def _explain(entry: JournalEntry) -> tuple[str, str]:
    """Return the verdict on a request in one word, and its reason."""
    decision, access = entry.decision, entry.access
    if entry.verdict is RefererVerdict.DENIED and decision is not None:
        return "referer", _referer(entry)
    if entry.status == 403 and access is not None and not access.allowed:
        who = entry.caller.id or "anonymous"
        return "access", f"{who}, {access.action}: {access.reason}"
    if entry.code:
        return entry.code, _shorten(f"{entry.message} {entry.detail}".strip(), 4 * _SHOWN)
    checked = entry.verdict is RefererVerdict.ALLOWED
    return entry.verdict.value, _referer(entry) if checked else ""


def _referer(entry: JournalEntry) -> str:
    """Return the last step of the decision on a request, after its Referer unless that is empty."""
    assert entry.decision is not None  # noqa: S101 - the Referer was checked
    sentence = explanation.sentence(entry.decision.steps[-1]).rstrip(".")
    sent = entry.request.headers.get("referer", "").strip()
    reason = sentence[:1].lower() + sentence[1:]
    return f"Referer {_shorten(sent)}  {reason}" if sent else reason


def _shorten(text: str, length: int = _SHOWN) -> str:
    """Shorten text that a client sent, and escape what a terminal would not show."""
    shown = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


class _Text(logging.Formatter):
    """A line for people; that of a request has neither time nor level, as it speaks for itself."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return record.getMessage() if hasattr(record, _ENTRY) else super().format(record)


class _JSON(logging.Formatter):
    """A JSON object in one line; that of a request has the journal's entry."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": time,
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        entry = getattr(record, _ENTRY, None)
        if entry is not None:
            line["request"] = entry.to_dict()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)
