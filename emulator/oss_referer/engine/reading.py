"""Reading: a configuration as one set of assumptions reads it, and its judgement of a Referer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from . import header
from .assumptions import (
    Assumptions,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    TruncationConflict,
    WhiteSpace,
)
from .decision import Reason
from .entry_list import EntryList
from .model import RefererConfiguration
from .pattern import Pattern


class Judgement(NamedTuple):
    """The judgement of the rules on a Referer."""

    reason: Reason
    seen: str
    """The Referer as it was compared."""
    entry: Pattern | None = None
    """The entry that settled it: the first that matches, in configured order."""


def cuts_path(configuration: RefererConfiguration, assumptions: Assumptions) -> bool:
    """Return whether a configuration cuts the path of a Referer (R-27)."""
    return configuration.truncate_path and (
        configuration.allow_truncate_query_string
        or assumptions.truncation_conflict is not TruncationConflict.NOT_CUT
    )


class Reading:
    """A configuration, compiled under some assumptions.

    It shares the lists and entries that `other`, a reading of the same rules, reads alike, because
    compiling takes much longer than reading.
    """

    def __init__(
        self,
        configuration: RefererConfiguration,
        assumptions: Assumptions,
        other: Reading | None = None,
    ) -> None:
        self._configuration = configuration
        self._assumptions = assumptions
        self._ignores_case = assumptions.letter_case is LetterCase.INSENSITIVE
        self.cuts_path = cuts_path(configuration, assumptions)
        keeps_query = not (self.cuts_path or configuration.allow_truncate_query_string)
        self.lowers_query = keeps_query and assumptions.letter_case is LetterCase.QUERY_INSENSITIVE
        """Whether letter case does not matter after the `?` of a Referer (R-41)."""
        white, black = (other.whitelist, other.blacklist) if other else (None, None)
        self.whitelist: EntryList = self._compile(configuration.whitelist, white)
        self.blacklist: EntryList = self._compile(configuration.blacklist, black)
        self.has_whitelist = self._is_list(configuration.whitelist, self.whitelist)
        self.has_blacklist = self._is_list(configuration.blacklist, self.blacklist)
        self.needs_whitelist = self.has_whitelist or (
            self.has_blacklist and assumptions.empty_whitelist is EmptyWhitelist.DENIES
        )
        """Whether a Referer is denied that no entry matches (R-13, R-14)."""
        lists = (self.whitelist, self.blacklist, self.has_whitelist, self.needs_whitelist)
        self.lists: tuple[EntryList, EntryList, bool, bool] = (
            other.lists if other and lists == other.lists else lists
        )
        """The entries to compare a Referer with: the tuple of `other` if that has the same."""
        self._cuts = (
            self._ignores_case,
            self.lowers_query,
            self.cuts_path and assumptions.cut_path,
        )

    def judge(self, sent: str) -> Judgement:
        """Judge a trimmed Referer (R-11 to R-14)."""
        if not sent:
            if self._configuration.allow_empty_referer:
                return Judgement(Reason.EMPTY_ALLOWED, "")
            denied = Reason.EMPTY_DENIED if self.has_whitelist else Reason.EMPTY_WITHOUT_WHITELIST
            return Judgement(denied, "")
        seen = self.see(sent)
        if entry := self.blacklist.first(seen):
            return Judgement(Reason.BLACKLISTED, seen, entry)
        if entry := self.whitelist.first(seen):
            return Judgement(Reason.WHITELISTED, seen, entry)
        reason = Reason.NOT_WHITELISTED if self.needs_whitelist else Reason.NO_WHITELIST
        return Judgement(reason, seen)

    def differs(self, other: Reading) -> bool:
        """Whether the other reading of these rules may judge some Referer differently."""
        return self.lists is not other.lists or self._cuts != other._cuts

    def judges_alike(self, sent: str, judged: Judgement, other: Reading) -> bool:
        """Whether this reading compares a Referer as `other` did, with the same entries."""
        return self.lists is other.lists and self.see(sent) == judged.seen

    def needs_lower_query(self, sent: str, entry: Pattern) -> bool:
        """Whether an entry matches a Referer only because of R-41."""
        exact = Pattern.of(entry.text, entry.body)
        return self.lowers_query and not exact.matches(self.cut(sent))

    @cached_property
    def sees_only_origins(self) -> bool:
        """Whether no entry looks beyond the character that ends the host of a Referer."""
        return all(
            header.is_origin(entry.body) and not entry.has_wildcards
            for entry in (*self.whitelist.patterns, *self.blacklist.patterns)
        )

    def cut(self, text: str) -> str:
        """Truncate a Referer as the rules say."""
        if self.cuts_path:
            slash = self._assumptions.cut_path is CutPath.WITH_SLASH
            return header.cut_path(text, keep_slash=slash)  # the query goes with the path
        if self._configuration.allow_truncate_query_string:
            return header.cut_query(text)
        return text

    def see(self, sent: str) -> str:
        """Return what entries are compared with: a Referer, truncated and in one letter case."""
        seen = self.cut(sent)
        if self._ignores_case:
            return seen.casefold()
        return header.lower_query(seen) if self.lowers_query else seen

    def _compile(self, entries: Iterable[str], other: EntryList | None) -> EntryList:
        read = [
            (text, body, self.lowers_query and _differs_in_query(body))
            for text, body in self._read_all(entries)
        ]
        patterns = other.patterns if other else ()
        known = {(item.text, item.body, item.lowers_query): item for item in patterns}
        compiled = tuple(
            known.get(item) or Pattern.of(item[0], item[1], lowers_query=item[2]) for item in read
        )
        return other if other and compiled == other.patterns else EntryList(compiled)

    def _read_all(self, entries: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield each entry with the part of it that is compared."""
        separates = self._assumptions.joined_entry is JoinedEntry.SEPARATED
        for text in entries:
            for part in text.split(",") if separates else [text]:
                body = self._read(part)
                if body or self._assumptions.white_space in _MATCHED_BLANKS:
                    yield text, body

    def _read(self, part: str) -> str:
        """Return the part of an entry that is compared."""
        verbatim = self._assumptions.white_space is WhiteSpace.VERBATIM
        body = part if verbatim else part.strip(header.WHITE_SPACE)
        if self._assumptions.cut_entries is CutEntries.CUT:
            body = self._cut_entry(body)
        return body.casefold() if self._ignores_case else body

    def _cut_entry(self, body: str) -> str:
        """Cut the path or query of an entry; a `?` in its host is a wildcard (R-21)."""
        start = body.find("/", body.find("://") + 3 if "://" in body else 0)
        if start < 0:
            return body
        if self.cuts_path:
            return body[: start + (self._assumptions.cut_path is CutPath.WITH_SLASH)]
        truncates = self._configuration.allow_truncate_query_string
        return body[:start] + header.cut_query(body[start:]) if truncates else body

    def _is_list(self, entries: tuple[str, ...], compiled: EntryList) -> bool:
        counts_blanks = self._assumptions.white_space is WhiteSpace.BLANK_COUNTS
        return bool(entries if counts_blanks else compiled.patterns)


def _differs_in_query(body: str) -> bool:
    """Return whether an entry has a capital that may match in a query, after a wildcard."""
    wild = min((place for mark in "*?" if (place := body.find(mark)) >= 0), default=len(body))
    return body[wild:] != header.lower(body[wild:])


_MATCHED_BLANKS = (WhiteSpace.BLANK_MATCHES, WhiteSpace.VERBATIM)
"""The variants in which an empty entry matches every Referer."""
