"""Findings of the linter as annotations of GitHub Actions: one `::error …` line for each."""

from collections.abc import Iterator, Mapping, Sequence

from oss_emulator.referer.decision import Stage

from .lint import Finding, Severity
from .places import Place
from .sarif import describe

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def format(found: Sequence[Finding], source: str, places: Mapping[tuple[Stage, int], Place]) -> str:
    """Format findings on rules that were read from a file or a bucket."""
    return "".join(f"{line}\n" for line in _lines(found, source, places))


def _lines(
    found: Sequence[Finding], source: str, places: Mapping[tuple[Stage, int], Place]
) -> Iterator[str]:
    for item in found:
        place = item.place
        line, column = places.get((place.list, place.position), (1, 1)) if place else (1, 1)
        properties = {"file": source, "line": line, "col": column, "title": item.rule}
        if source.startswith("oss://"):
            properties = {"title": item.rule}
        written = ",".join(
            f"{name}={_escape(str(value), ',:')}" for name, value in properties.items()
        )
        yield f"::{_COMMANDS[item.severity]} {written}::{_escape(describe(item))}"


def _escape(text: str, also: str = "") -> str:
    """Escape what ends a line or a property."""
    return "".join(
        f"%{ord(character):02X}" if character in f"%\r\n{also}" else character for character in text
    )
