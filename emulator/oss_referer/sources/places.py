"""The places of entries in the text that rules were read from, for messages of the linter.

The search looks for each entry, in quotes or tags, after the name of its list. This works for every
form of rules. An entry that is not found gets the place of its list.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from oss_referer.engine import RefererConfiguration, Stage
from oss_referer.sources.toml import Path, SourceError, place_of


class WrittenItem(NamedTuple):
    """An item of a list, by its offsets in the text."""

    start: int
    end: int
    comma: int | None = None
    """The offset of the comma after the item; None without a comma."""

    @property
    def after(self) -> int:
        """The offset after the item and its comma."""
        return self.end if self.comma is None else self.comma + 1


Place = tuple[int, int]
"""A line and a column, from 1."""

_NAMES = {
    Stage.WHITELIST: re.compile(
        r"RefererList|referer_?list\b|\breferers\b|whitelist", re.IGNORECASE
    ),
    Stage.BLACKLIST: re.compile(r"RefererBlacklist|referer_?blacklist|blacklist", re.IGNORECASE),
}
_NEAR = 1_000
"""Characters after one entry within which the next is expected."""

_FAR = 100
"""The most entries to search for in the whole rest of the text, because each search takes time."""

_BEFORE, _AFTER = frozenset(">\"' \t\r\n"), frozenset("<\"' \t\r\n")
"""The characters that may precede and follow an entry."""


def find(
    text: str, name: str, configuration: RefererConfiguration
) -> Mapping[tuple[Stage, int], Place]:
    """Return the places of the entries of the configuration with a name, by list and position."""
    start = _start(text, name)
    places: dict[tuple[Stage, int], Place] = {}
    for stage, pattern in _NAMES.items():
        entries: tuple[str, ...] = getattr(configuration, stage.value)
        named = pattern.search(text, start)
        if named:
            found = locate(text, _search(text, named, entries))
            places |= {(stage, position): place for position, place in enumerate(found)}
    return places


def locate(text: str, offsets: Iterable[int]) -> Iterator[Place]:
    """Yield the places of some offsets in a text."""
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    for offset in offsets:
        line = bisect_right(starts, offset)
        yield line, offset - starts[line - 1] + 1


def error_at(text: str, path: Path, sentence: str) -> SourceError:
    """Return an error at the member of a JSON text that a path names, or at one above it."""
    position = found_at = 0
    for name in path:
        pattern = rf"(?<![\w-]){re.escape(json.dumps(name)[1:-1])}(?![\w-])"
        found = re.compile(pattern).search(text, position) if isinstance(name, str) else None
        if found:
            found_at, position = found.start(), found.end()
    if found_at and text[found_at - 1] == '"':
        found_at -= 1
    return SourceError(sentence, *place_of(text[:found_at]))


def _start(text: str, name: str) -> int:
    """Return the offset of a configuration's name, or of the last part of the name; else 0."""
    whole = json.dumps(name, ensure_ascii=False)[1:-1]
    if "[" in name and (place := text.find(whole)) >= 0:
        return place  # an instance, in a plan or a state
    last = name.partition("[")[0].rpartition(".")[2]
    found = re.search(rf"(?<![\w-]){re.escape(last)}(?![\w-])", text) if last else None
    return found.start() if found else 0


def _search(text: str, named: re.Match[str], entries: tuple[str, ...]) -> Iterator[int]:
    offset, far = named.end(), 0
    for entry in entries:
        written = _spellings(entry)
        found = _search_one(text, written, offset, offset + _NEAR + 2 * len(entry))
        if found is None and far < _FAR:
            far += 1
            found = _search_one(text, written, offset, len(text))
        if found is None:
            yield named.start()
        else:
            start, offset = found
            yield start


def _spellings(entry: str) -> set[str]:
    """Return the spellings of an entry in XML, JSON and other texts."""
    return {
        entry,
        entry.translate(_REFERENCES),
        json.dumps(entry)[1:-1],
        json.dumps(entry, ensure_ascii=False)[1:-1],
    }


_REFERENCES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def _search_one(text: str, written: set[str], start: int, end: int) -> tuple[int, int] | None:
    """Return the start and end of the first of some spellings between two offsets, or None."""
    found = []
    for one in written:
        place = text.find(one, start, end)
        while place >= 0 and not _stands_alone(text, place, place + len(one)):
            place = text.find(one, place + 1, end)
        if place >= 0:
            found.append((place, place + len(one)))
    return min(found, default=None, key=lambda place: (place[0], -place[1]))


def _stands_alone(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] in _BEFORE and text[end : end + 1] in _AFTER
