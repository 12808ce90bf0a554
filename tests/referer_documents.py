"""The documents of `fixtures/xml/referer.toml`, good and bad."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from oss_referer import RefererConfiguration

_TABLE = Path(__file__).parents[1] / "fixtures" / "xml" / "referer.toml"


class RefererDocument(NamedTuple):
    """A document with its rules or its problem."""

    name: str
    document: bytes
    rules: RefererConfiguration
    problem: str
    line: int | None
    ec: str
    accepted: bool


def _read(entry: dict[str, Any]) -> RefererDocument:
    text, encoding = entry.pop("document"), entry.pop("encoding", "utf-8")
    entry.pop("note", None)
    known = {name: entry.pop(name, None) for name in ("name", "problem", "line", "ec", "accepted")}
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    return RefererDocument(
        name=known["name"],
        document=text.encode(encoding),
        problem=known["problem"] or "",
        line=known["line"],
        ec=known["ec"] or "0033-00000001",
        accepted=bool(known["accepted"]),
        rules=RefererConfiguration(**fields),
    )


_CASES = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
GOOD = [_read(entry) for entry in _CASES["good"]]
BAD = [_read(entry) for entry in _CASES["bad"]]
