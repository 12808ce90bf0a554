"""nginx: a `map` of `$http_referer` that decides as OSS does.

`valid_referers` cannot express rules of OSS: it ignores the scheme, the port and letter case, has
no blacklist, and tells a missing Referer from an empty one. In a `map`, each entry is a regular
expression, and nginx takes the first that matches: the blacklist stands before the whitelist
(R-12), and the key "" stands for a missing and for an empty Referer (R-10).

A regular expression may need more time than nginx allows if `.*` can end in many places. An entry
is matched by taking each segment at its leftmost place (see `referer.pattern`), so each segment is
an atomic group, which PCRE never enters again: the time is that of our own matching.

The keys are regular expressions, so they take no room in the hash of the map: however long the
lists are, `map_hash_max_size` and `map_hash_bucket_size` can stay as they are.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from oss_referer.browser.probes import Probe
from oss_referer.engine import header
from oss_referer.engine.assumptions import Assumptions, CutPath, LetterCase
from oss_referer.engine.entry_list import EntryList
from oss_referer.engine.model import RefererConfiguration
from oss_referer.engine.pattern import Pattern
from oss_referer.engine.reading import Reading

from .nginx import LONGEST_WORD, shorten

_LONGEST = LONGEST_WORD - 1  # a key stands in quotes
_MOST_WILDCARDS = 100
"""An entry with more has too long an expression if letter case does not matter in queries."""

_SPECIAL = re.compile(r"[^A-Za-z0-9/_\-:%=&,@!~<>;]")
_NOT_ASCII = re.compile(r"[^\0-\x7f]+")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
"""A character that UTF-8 does not have, so no Referer in UTF-8 matches its entry."""


@dataclass(frozen=True)
class NginxMap:
    """The rules of OSS as a `map`. Made with `from_oss`."""

    reading: Reading
    writing: "Writing"
    entries: ClassVar[tuple[str, ...]] = ()
    """It has no others than OSS, from whose entries probes are generated anyway."""
    probes: ClassVar[tuple[Probe, ...]] = ()
    """It needs none: those generated from the entries suffice."""

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration, assumptions: Assumptions) -> Self:
        """Return the `map` for a configuration, read under some assumptions."""
        reading = Reading(configuration, assumptions)
        writing = Writing(
            cuts_path=reading.cuts_path,
            cuts_query=configuration.allow_truncate_query_string,
            keeps_slash=assumptions.cut_path is CutPath.WITH_SLASH,
            ignores_case=assumptions.letter_case is LetterCase.INSENSITIVE,
            lowers_query=reading.lowers_query,
        )
        return cls(reading, writing)

    def format(self) -> str:
        """Format the contents of an `http` block.

        Raises ValueError for an entry that nginx cannot read because it is too long.
        """
        lines = [
            *self.writing.origin,
            f"map ${self.writing.compared} $referer_denied {{",
            f"    default {int(self.reading.needs_whitelist)};",
            f'    "" {int(not self.allows(None))};  # no Referer',
            *self._section("blacklist", self.reading.blacklist, 1),
            *self._section("whitelist", self.reading.whitelist, 0),
            "}",
            "",
            "server {",
            "    # your listen, server_name and location",
            "    if ($referer_denied) {",
            "        return 403;",
            "    }",
            "}",
        ]
        return "\n".join(lines) + "\n"

    def allows(self, referer: str | None) -> bool:
        """Return whether nginx allows a request."""
        sent = header.trim(referer)
        if not sent:
            return self.reading.judge("").reason.allows
        cut = self.reading.cut(sent)
        seen = header.lower(cut) if self.writing.ignores_case else self.reading.see(sent)
        if self.reading.blacklist.first(seen):
            return False
        return not self.reading.needs_whitelist or self.reading.whitelist.first(seen) is not None

    def _section(self, title: str, entries: EntryList, denied: int) -> Iterator[str]:
        written = (item for item in entries.patterns if not _SURROGATE.search(item.body))
        expressions = dict.fromkeys(map(self.writing.expression, written))
        if expressions:
            yield f"    # {title}"
        for expression in expressions:
            yield f'    "{expression}" {denied};'


@dataclass(frozen=True, slots=True)
class Writing:
    """How entries become regular expressions of nginx."""

    cuts_path: bool
    cuts_query: bool
    keeps_slash: bool
    ignores_case: bool
    lowers_query: bool

    @property
    def compared(self) -> str:
        """The variable that the expressions are compared with."""
        return "referer_origin" if self.cuts_path else "http_referer"

    @property
    def origin(self) -> tuple[str, ...]:
        """The `map` that cuts the path off a Referer (R-27).

        An origin begins with `=`, because that of `/a` is empty and not the same as no Referer.
        """
        if not self.cuts_path:
            return ()
        slash = "/?" if self.keeps_slash else ""
        return (
            "# TruncatePath: = and the Referer up to its path",
            "map $http_referer $referer_origin {",
            '    default "";',
            f'    "~^(?<referer_cut>(?:[^/?#]*://)?[^/?#]*{slash})" "=$referer_cut";',
            "}",
            "",
        )

    def expression(self, pattern: Pattern) -> str:
        """Return an entry as a key of a `map`, for a word in double quotes. Raises ValueError."""
        if len(pattern.body) > _LONGEST or (
            self.lowers_query and len(pattern.tail) + pattern.body.count("?") > _MOST_WILDCARDS
        ):
            raise _too_long(pattern)
        # A cut query needs no other `map`: what is matched contains no `?` (R-26).
        some = "[^?]" if self.cuts_query and not self.cuts_path else "."
        start = "^=" if self.cuts_path else "^"
        if self.lowers_query:
            text = start + _before_query(pattern.head, pattern.tail)
        elif (pattern.head, len(pattern.tail), some, start) == ("", 1, ".", "^"):
            text = _escape(pattern.tail[0], some)
        else:
            text = start + _anywhere(pattern.head, pattern.tail, some)
        word = ("~*" if self.ignores_case else "~") + _in_characters(pattern.body) + text
        if len(word.encode()) > _LONGEST:
            raise _too_long(pattern)
        return word


def _too_long(pattern: Pattern) -> ValueError:
    return ValueError(
        f"nginx reads at most {_LONGEST:,} bytes of an expression; the entry "
        f"{shorten(pattern.text)} needs more"
    )


def _in_characters(body: str) -> str:
    """Return the prefix that makes PCRE count characters instead of bytes, "" if not needed."""
    needed = "?" in body or any(not (item.isascii() or item.isprintable()) for item in body)
    return "(*UTF)" if needed else ""


def _anywhere(head: str, tail: Sequence[str], some: str = ".") -> str:
    """Format the segments of an entry; each after the first matches at its leftmost place."""
    found = "".join(f"(?>{some}*?{_escape(segment, some)})" for segment in tail)
    return _escape(head, some) + found


def _before_query(head: str, tail: Sequence[str]) -> str:
    """Format the segments of an entry where the `?` of the Referer is still to come (R-41).

    A wildcard may stand for that `?`. What follows it is compared without regard to letter case.
    """
    ways = []
    if tail:
        ways.append(f"(?>[^?]*?{_escape(tail[0], '[^?]')}){_before_query('', tail[1:])}")
        ways.append(rf"[^?]*\?{_in_query('', tail)}")
        for place, character in enumerate(tail[0]):
            if character == "?":
                before = _escape(tail[0][:place], "[^?]")
                ways.append(rf"[^?]*{before}\?{_in_query(tail[0][place + 1 :], tail[1:])}")
    here = [_escape(head, "[^?]") + _group(ways)]
    for place, character in enumerate(head):
        if character == "?":
            before = _escape(head[:place], "[^?]")
            here.append(rf"{before}\?{_in_query(head[place + 1 :], tail)}")
    return _group(here)


def _in_query(head: str, tail: Sequence[str]) -> str:
    text = _anywhere(head, tail)
    if text.lower() == text.upper():
        return text
    # Only letters of ASCII: PCRE knows the case of others as well.
    return f"(?i:{_NOT_ASCII.sub(lambda found: f'(?-i:{found[0]})', text)})"


def _group(ways: Sequence[str]) -> str:
    return f"(?:{'|'.join(ways)})" if len(ways) > 1 else "".join(ways)


def _escape(text: str, some: str) -> str:
    """Return a segment of an entry as a regular expression; `some` stands for any character."""
    return _SPECIAL.sub(lambda found: _escape_character(found[0], some), text)


def _escape_character(item: str, some: str) -> str:
    if item == "?":
        return some
    if item in ".^|()[]+$#{}`":
        return f"\\{item}"
    if item.isascii():
        return f"\\x{ord(item):02X}"  # nginx has a meaning of its own for quotes and backslashes
    return item if item.isprintable() else f"\\x{{{ord(item):X}}}"
