"""The lines of access logs, and the records of real-time log query with the same facts."""

from .line import LogLine, LogLineError, format, parse, parse_time, unescape
from .record import is_record, parse_record

__all__ = [
    "LogLine",
    "LogLineError",
    "format",
    "is_record",
    "parse",
    "parse_record",
    "parse_time",
    "unescape",
]
