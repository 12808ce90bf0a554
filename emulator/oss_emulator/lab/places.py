"""The places of entries in the text that rules were read from, for messages of the linter.

An entry is searched as a quoted or marked up text behind the name of its list. So this works for
every form of rules, and where a text builds its entries in another way, the place of the list is
the answer.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from xml.sax.saxutils import escape

from oss_emulator.referer.decision import Stage
from oss_emulator.referer.model import RefererConfiguration

Place = tuple[int, int]
"""A line and a column, from 1."""

_NAMES = {
    Stage.WHITELIST: re.compile(r"RefererList|referer_?list\b|whitelist", re.IGNORECASE),
    Stage.BLACKLIST: re.compile(r"RefererBlacklist|referer_?blacklist|blacklist", re.IGNORECASE),
}
_MISSES = 20
"""How many entries are searched in vain before the search ends."""


def find(
    text: str, name: str, configuration: RefererConfiguration
) -> Mapping[tuple[Stage, int], Place]:
    """Return the places of the entries of the configuration with a name, by list and position."""
    ends = [found.end() for found in re.finditer("\n", text)]
    start = _start(text, name)
    places: dict[tuple[Stage, int], Place] = {}
    for stage, pattern in _NAMES.items():
        entries: tuple[str, ...] = getattr(configuration, stage.value)
        named = pattern.search(text, start)
        if named:
            for position, offset in enumerate(_search(text, named, entries)):
                line = bisect_right(ends, offset)
                places[stage, position] = line + 1, offset - ([0, *ends][line]) + 1
    return places


def _start(text: str, name: str) -> int:
    last = name.rpartition(".")[2]
    found = re.search(rf"(?<![\w-]){re.escape(last)}(?![\w-])", text) if last else None
    return found.start() if found else 0


def _search(text: str, named: re.Match[str], entries: tuple[str, ...]) -> Iterator[int]:
    offset, misses = named.end(), 0
    for entry in entries:
        found = None if misses > _MISSES else _search_one(text, entry, offset)
        if found is None:
            misses += 1
            yield named.start()
        else:
            yield found.start()
            offset = found.end()


def _search_one(text: str, entry: str, offset: int) -> re.Match[str] | None:
    written = {
        entry,
        escape(entry),
        json.dumps(entry)[1:-1],
        json.dumps(entry, ensure_ascii=False)[1:-1],
    }
    alternatives = "|".join(map(re.escape, sorted(written, key=len, reverse=True)))
    return re.compile(rf"(?<=[>\"'\s])(?:{alternatives})(?=[<\"'\s])").search(text, offset)
