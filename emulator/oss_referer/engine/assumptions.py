"""Assumptions: one chosen variant of each fact that the service does not document.

The first variant of each fact is the default. `Decision.assumed` names the facts whose other
variants would give another verdict.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from .sentence import Sentence


class CheckedRequests(StrEnum):
    """R-04: the checked requests other than anonymous ones and GetObject by signed URL."""

    GET_AND_HEAD = "get-and-head"
    GET_ONLY = "get-only"
    ALL_SIGNED_URLS = "all-signed-urls"
    PREFLIGHTS_TOO = "preflights-too"
    FORMS_TOO = "forms-too"
    BUCKETS_TOO = "buckets-too"


class CheckOrder(StrEnum):
    """R-05: when the Referer is checked, always after authentication."""

    BEFORE_ACL = "before-acl"
    AFTER_ACL = "after-acl"
    AFTER_OBJECT = "after-object"


class EmptyWhitelist(StrEnum):
    """R-14: how an empty whitelist treats a Referer that a blacklist does not match."""

    ALLOWS = "empty-whitelist-allows"
    DENIES = "empty-whitelist-denies"


class LetterCase(StrEnum):
    """R-24, R-41: whether upper and lower case differ."""

    QUERY_INSENSITIVE = "query-insensitive"
    """They differ, except for ASCII letters after the first `?` of a Referer."""
    SENSITIVE = "case-sensitive"
    INSENSITIVE = "case-insensitive"


class WhiteSpace(StrEnum):
    """R-25: how white space around an entry and blank entries are treated."""

    TRIMMED = "trimmed"
    BLANK_COUNTS = "blank-counts"
    """Trimmed; a blank entry matches nothing, but its list is not empty."""
    BLANK_MATCHES = "blank-matches"
    """Trimmed; a blank entry matches every Referer."""
    VERBATIM = "verbatim"
    """Not trimmed; an empty entry matches every Referer."""


class CutPath(StrEnum):
    """R-27: the part of a Referer that TruncatePath keeps."""

    WITHOUT_SLASH = "origin-without-slash"
    WITH_SLASH = "origin-with-slash"


class TruncationConflict(StrEnum):
    """R-27: what TruncatePath does without AllowTruncateQueryString."""

    CUT = "cut"
    NOT_CUT = "not-cut"
    REFUSED = "refused"
    """PutBucketReferer answers 400."""


class CutEntries(StrEnum):
    """R-28: whether truncation cuts the entries as well."""

    UNCUT = "entries-uncut"
    CUT = "entries-cut"


class RepeatedHeader(StrEnum):
    """R-29: which of several Referer headers counts."""

    FIRST = "first"
    LAST = "last"
    JOINED = "joined"


class MissingList(StrEnum):
    """R-30: whether PutBucketReferer accepts a document without RefererList."""

    REFUSED = "list-required"
    ACCEPTED = "list-optional"


class JoinedEntry(StrEnum):
    """R-37: the meaning of a comma within an entry."""

    TEXT = "comma-is-text"
    SEPARATED = "comma-separates"


class ProcessingOrder(StrEnum):
    """R-39: whether the Referer is checked before `x-oss-process` is read."""

    BEFORE = "before-processing"
    AFTER = "after-processing"


class SourceOfCopy(StrEnum):
    """R-45: whether the rules of the source bucket also check a copy."""

    UNCHECKED = "source-not-checked"
    CHECKED = "source-checked"


@dataclass(frozen=True, slots=True)
class Assumptions:
    """One variant of each assumed fact. The names of the fields are the keys in TOML."""

    checked_requests: CheckedRequests = CheckedRequests.GET_AND_HEAD
    check_order: CheckOrder = CheckOrder.BEFORE_ACL
    empty_whitelist: EmptyWhitelist = EmptyWhitelist.ALLOWS
    letter_case: LetterCase = LetterCase.QUERY_INSENSITIVE
    white_space: WhiteSpace = WhiteSpace.TRIMMED
    cut_path: CutPath = CutPath.WITHOUT_SLASH
    truncation_conflict: TruncationConflict = TruncationConflict.CUT
    cut_entries: CutEntries = CutEntries.UNCUT
    repeated_header: RepeatedHeader = RepeatedHeader.FIRST
    missing_list: MissingList = MissingList.REFUSED
    joined_entry: JoinedEntry = JoinedEntry.TEXT
    processing_order: ProcessingOrder = ProcessingOrder.BEFORE
    copy_source: SourceOfCopy = SourceOfCopy.UNCHECKED

    def alternatives(self, *names: str) -> Iterator[tuple[str, "Assumptions"]]:
        """Yield each field in `names`, or each field, with assumptions that differ only in it."""
        for name in names or self.chosen():
            chosen = getattr(self, name)
            for variant in type(chosen):
                if variant is not chosen:
                    other: dict[str, Any] = {name: variant}
                    yield name, replace(self, **other)

    def chosen(self) -> Mapping[str, StrEnum]:
        """Return the chosen variants by the names of their fields."""
        return {item.name: getattr(self, item.name) for item in fields(self)}


FACTS: Mapping[str, str] = {
    "checked_requests": "R-04",
    "check_order": "R-05",
    "empty_whitelist": "R-14",
    "letter_case": "R-24",
    "white_space": "R-25",
    "cut_path": "R-27",
    "truncation_conflict": "R-27",
    "cut_entries": "R-28",
    "repeated_header": "R-29",
    "missing_list": "R-30",
    "joined_entry": "R-37",
    "processing_order": "R-39",
    "copy_source": "R-45",
}
"""The fact behind each field of Assumptions."""

DEFAULT = Assumptions()
"""The default assumptions of the emulator."""

SENTENCES: Mapping[StrEnum, Sentence] = {
    CheckedRequests.GET_AND_HEAD: Sentence("signed URLs are checked if they get or head an object"),
    CheckedRequests.GET_ONLY: Sentence("signed URLs are checked if they get an object"),
    CheckedRequests.ALL_SIGNED_URLS: Sentence(
        "signed URLs are checked whatever they do to an object"
    ),
    CheckedRequests.PREFLIGHTS_TOO: Sentence("CORS preflights are checked as well"),
    CheckedRequests.FORMS_TOO: Sentence("signed forms are checked as well"),
    CheckedRequests.BUCKETS_TOO: Sentence("requests to buckets are checked as well"),
    CheckOrder.BEFORE_ACL: Sentence("the Referer is checked before the ACL"),
    CheckOrder.AFTER_ACL: Sentence("the Referer is checked after the ACL"),
    CheckOrder.AFTER_OBJECT: Sentence("the Referer is checked after the object was looked for"),
    EmptyWhitelist.ALLOWS: Sentence(
        "with a blacklist, an empty whitelist allows every Referer that is not blacklisted"
    ),
    EmptyWhitelist.DENIES: Sentence("with a blacklist, an empty whitelist denies every Referer"),
    LetterCase.QUERY_INSENSITIVE: Sentence("upper and lower case differ, except in the query"),
    LetterCase.SENSITIVE: Sentence("upper and lower case differ"),
    LetterCase.INSENSITIVE: Sentence("upper and lower case do not differ"),
    WhiteSpace.TRIMMED: Sentence("entries are trimmed, and blank entries are ignored"),
    WhiteSpace.BLANK_COUNTS: Sentence(
        "entries are trimmed, and a list of blank entries is not empty"
    ),
    WhiteSpace.BLANK_MATCHES: Sentence(
        "entries are trimmed, and a blank entry matches every Referer"
    ),
    WhiteSpace.VERBATIM: Sentence("entries are compared with their white space"),
    CutPath.WITHOUT_SLASH: Sentence("TruncatePath leaves no '/' after the host"),
    CutPath.WITH_SLASH: Sentence("TruncatePath leaves the '/' after the host"),
    TruncationConflict.CUT: Sentence("TruncatePath cuts without AllowTruncateQueryString as well"),
    TruncationConflict.NOT_CUT: Sentence(
        "TruncatePath has no effect without AllowTruncateQueryString"
    ),
    TruncationConflict.REFUSED: Sentence(
        "TruncatePath is refused without AllowTruncateQueryString"
    ),
    CutEntries.UNCUT: Sentence("truncation cuts the Referer and not the entries"),
    CutEntries.CUT: Sentence("truncation cuts the entries as it cuts the Referer"),
    RepeatedHeader.FIRST: Sentence("the first of several Referer headers counts"),
    RepeatedHeader.LAST: Sentence("the last of several Referer headers counts"),
    RepeatedHeader.JOINED: Sentence("several Referer headers count as one, joined by commas"),
    MissingList.REFUSED: Sentence("a document without RefererList is refused"),
    MissingList.ACCEPTED: Sentence("a document without RefererList has an empty whitelist"),
    JoinedEntry.TEXT: Sentence("a comma within an entry is text"),
    JoinedEntry.SEPARATED: Sentence("a comma within an entry separates two entries"),
    ProcessingOrder.BEFORE: Sentence("the Referer is checked before image processing"),
    ProcessingOrder.AFTER: Sentence("the Referer is checked after image processing"),
    SourceOfCopy.UNCHECKED: Sentence("a copy is checked by the rules of its own bucket only"),
    SourceOfCopy.CHECKED: Sentence("a copy is checked by the rules of its source as well"),
}
"""The meaning of each variant in words."""
