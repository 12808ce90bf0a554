"""Lists of entries: one on each line, with comments after `#`, or a JSON array of strings.

Entries are verbatim. If all lines begin with `- `, or are in quotes, the parser removes these, so
that people can paste items of YAML and JSON. Any other text is refused, because reading prose or a
log as entries would make rules that nobody wrote.
"""

import json
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from oss_referer.engine import RefererConfiguration
from oss_referer.sources import json_text, toml
from oss_referer.sources.places import WrittenItem
from oss_referer.sources.resources import NoRulesError, ReadRules
from oss_referer.sources.toml import SourceError, place_of

_STYLES = tuple(
    re.compile(rf"{pattern}(?P<comma>{comma})")
    for pattern, comma in (
        (r"""-[ \t]+(?P<quote>["'])?(?P<entry>(?(quote)[^\\"']*|.*))(?(quote)(?P=quote))""", ""),
        (r"""(?P<quote>["'])(?P<entry>[^\\"']*)(?P=quote)""", ",?"),
        (r"(?P<entry>.*)", ""),
    )
)
"""The styles of a list; all lines have the same one: items of YAML, in quotes, or verbatim."""

_COMMENT = re.compile(r"(?:\A|[ \t])#.*")
_ENTRY = re.compile(r"[*\[]|localhost|\$\{|\{\{|[\w?)\]\\-]\.[\w?(\\-]|[a-z\d]:\S", re.IGNORECASE)
"""A mark of every entry: a wildcard, a placeholder, an inner dot, a colon, or `localhost`."""

_UNREADABLE = re.compile("[\0-\b\x0e-\x1f]|\N{REPLACEMENT CHARACTER}")

_OTHERS: Mapping[str, re.Pattern[str]] = {
    "this is a configuration of nginx; run oss-emulator translate --from nginx FILE": re.compile(
        r"\bvalid_referers\b"
    ),
    "this is a log, and not a list; oss-emulator replay RULES --traffic LOG reads it": re.compile(
        r'"(?:GET|HEAD|POST|PUT|DELETE|OPTIONS) [^"]* HTTP/'
    ),
    "YAML cannot be read; paste its entries alone, one on each line": re.compile(
        r"\A(?:---|%YAML|(?:-[ \t]+)?[\w\"'-]+:)(?:\s|\Z)"
    ),
    "this is a program or a style sheet, and not a list of entries": re.compile(
        r"\)\{|\(\)|[^${]\{[^{},]*[:;]"
    ),
    "this line has several words; write one entry on each line, and comments after #": re.compile(
        r"[ \t\v\f\u3000。！？“”]"
    ),
}
"""Errors for other kinds of text, each with a pattern for one of its lines."""


@dataclass(frozen=True, slots=True)
class PlainList:
    """The entries of a list, and their places in the text."""

    entries: tuple[str, ...]
    items: Sequence[WrittenItem]
    brackets: tuple[int, int] | None = None
    """The start and end of a JSON array; None for lines."""
    around: tuple[str, str] = ("", "")
    """The text before and after the entry on each line."""

    def write(self, entry: str) -> str:
        """Format an entry in the style of this list."""
        if self.brackets:
            return json.dumps(entry, ensure_ascii=False)
        return entry.join(self.around)


def find(document: bytes) -> dict[str, ReadRules]:
    """Return a reader for the rules, which have no name."""
    return {"": partial(_read, document)}


def _read(document: bytes) -> RefererConfiguration:
    return RefererConfiguration(whitelist=parse(_decode(document)).entries)


def format(configuration: RefererConfiguration) -> str:
    """Format a whitelist. Raises ValueError for rules that a list cannot express."""
    text = "".join(f"{entry}\n" for entry in configuration.whitelist)
    try:
        read = RefererConfiguration(whitelist=parse(text).entries)
    except SourceError:
        read = None
    if read != configuration:
        raise ValueError("a list has only a whitelist, with an entry on each line; use xml")
    return text


def _decode(document: bytes) -> str:
    """Decode a list in UTF-8. Raises SourceError, which names another encoding if it is known."""
    name = "UTF-16" if document.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "GBK"
    try:
        if name == "GBK":
            return toml.decode(document)
    except SourceError:
        if document.startswith(BOM_UTF8) or not _GBK.fullmatch(document):
            raise
    raise NoRulesError(
        f"the text seems to be {name}; run iconv -f {name} -t UTF-8 FILE > rules.txt"
    )


_GBK = re.compile(rb"(?:[\t\n\r -~]|[\xa1-\xf7][\xa1-\xfe])+")
"""A text of ASCII and common Chinese characters in GBK."""


def parse(text: str) -> PlainList:
    """Parse a list. Raises SourceError, which names another kind of text, or the mistake."""
    if found := _UNREADABLE.search(text):
        said = "the text is not readable; save it as UTF-8"
        if found[0] == "\0":
            said = f"this is binary data: {said}"
        raise NoRulesError(said, *place_of(text[: found.start()]))
    return _parse_array(text) if json_text.is_array(text) else _parse_lines(text)


def _parse_array(text: str) -> PlainList:
    entries: Any = json_text.parse(text)
    if not all(isinstance(entry, str) for entry in entries):
        raise SourceError("an item of the list is not a text; put each entry in quotes")
    if not entries:
        raise NoRulesError("the list has no entries")
    items: list[WrittenItem] = []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*+"|,', text):
        if token[0] == ",":
            items[-1] = WrittenItem(items[-1].start, items[-1].end, token.start())
        else:
            items.append(WrittenItem(*token.span()))
    return PlainList(tuple(entries), items, (text.index("["), text.rindex("]") + 1))


def _parse_lines(text: str) -> PlainList:
    lines = [*_find_lines(text)]
    if not lines:
        raise NoRulesError("the list has no entries" if text.strip() else "the document is empty")
    for style in _STYLES:
        found = [style.fullmatch(line) for _, line in lines]
        if all(found):
            break
    written = [one for one in found if one]
    entries = tuple(one["entry"] for one in written)
    _refuse_others(text, [*zip((start for start, _ in lines), entries, strict=True)])
    items = []
    for (start, _), one in zip(lines, written, strict=True):
        end = start + one.start("comma")
        items.append(WrittenItem(start, end, end if one["comma"] else None))
    one = written[0]
    line = one.string
    around = line[: one.start("entry")], line[one.end("entry") : one.start("comma")]
    return PlainList(entries, items, None, around)


def _find_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the text of each line that is not blank, without its comment."""
    for found in re.finditer(r"[^\r\n]+", text):
        line = _COMMENT.sub("", found[0]).rstrip(" \t")
        if entry := line.lstrip(" \t"):
            yield found.start() + len(line) - len(entry), entry


def _refuse_others(text: str, lines: Sequence[tuple[int, str]]) -> None:
    """Raise SourceError for a text that is clearly not a list of entries."""
    for sign in ",;\t":
        columns = {line.count(sign) + 1 for _, line in lines}
        if len(lines) > 1 and len(columns) == 1 and columns != {1}:
            raise NoRulesError(
                f"this is a table with {columns.pop()} columns; keep the one with the entries",
                *place_of(text[: lines[0][0]]),
            )
    for start, line in lines:
        for sentence, pattern in _OTHERS.items():
            if pattern.search(line):
                raise NoRulesError(sentence, *place_of(text[:start]))
        if not _ENTRY.search(line):
            raise NoRulesError(
                "the document is neither XML nor JSON nor HCL nor TOML nor a list with a URL or a "
                "host on each line",
                *place_of(text[:start]),
            )
