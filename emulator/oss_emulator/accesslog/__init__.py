"""Lines of access logs."""

from .line import Line, format

__all__ = ["Line", "format"]
