"""Remarks as annotations of GitHub Actions: one `::error …` line for each."""

from collections.abc import Iterable

from .remark import Remark, Severity, wrong

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format(remarks: Iterable[Remark]) -> str:
    """Format the remarks that have a severity."""
    return "".join(f"{_format(item, severity)}\n" for item, severity in wrong(remarks))


def _format(remark: Remark, severity: Severity) -> str:
    line, column = remark.place
    properties = {"file": remark.source, "line": line, "col": column, "title": remark.kind}
    if not remark.has_file:
        properties = {"title": remark.kind}
    written = ",".join(f"{name}={escape(str(value), ',:')}" for name, value in properties.items())
    return f"::{_COMMANDS[severity]} {written}::{escape(remark.message)}"


def escape(text: str, also: str = "") -> str:
    """Return a text of a command without what would end it: a line end, and `also`."""
    return "".join(
        f"%{ord(character):02X}" if character in f"%\r\n{also}" else character for character in text
    )
