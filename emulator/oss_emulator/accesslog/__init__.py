"""The lines of access logs."""

from .line import LogLine, format

__all__ = ["LogLine", "format"]
