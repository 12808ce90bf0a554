"""A second implementation of the rules, slow and obvious, to compare the fast one with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from oss_referer import Assumptions, Reason, RefererConfiguration, Scope, Signing
from oss_referer.engine.assumptions import (
    DEFAULT,
    CheckedRequests,
    CutEntries,
    CutPath,
    EmptyWhitelist,
    JoinedEntry,
    LetterCase,
    RepeatedHeader,
    TruncationConflict,
    WhiteSpace,
)

BLANK = " \t\r\n"


def matches(entry: str, referer: str) -> bool:
    """Whether an entry matches by default, straight from R-20, R-21 and R-25."""
    pattern = entry.strip(BLANK)
    return pattern != "" and begins_with(referer, pattern)


def begins_with(referer: str, pattern: str, *, lowers_query: bool = False) -> bool:
    """Whether a Referer begins with a match of a pattern (R-20, R-21, R-41)."""

    def fits(wanted: str, place: int) -> bool:
        found = referer[place]
        in_query = lowers_query and "?" in referer[:place]
        return wanted in ("?", found) or (in_query and lower(wanted) == lower(found))

    @cache
    def rest(at: int, place: int) -> bool:
        if at == len(pattern):
            return True  # a prefix is enough
        if pattern[at] == "*":
            return rest(at + 1, place) or (place < len(referer) and rest(at, place + 1))
        return place < len(referer) and fits(pattern[at], place) and rest(at + 1, place + 1)

    return rest(0, 0)


def lower(character: str) -> str:
    """Return a character; an ASCII capital becomes a small letter."""
    return character.lower() if character.isascii() else character


def first_match(entries: Sequence[str], referer: str) -> str | None:
    """Return the first entry that matches by default, by trying each."""
    return next((entry for entry in entries if matches(entry, referer)), None)


def verdict(
    rules: RefererConfiguration,
    referers: Sequence[str],
    assumptions: Assumptions = DEFAULT,
    signed: Signing = Signing.NONE,
    method: str = "GET",
    scope: Scope = Scope.OBJECT,
) -> str | None:
    """Return the EC of a denial; None if the request is allowed."""
    if not is_checked(signed, method, scope, assumptions.checked_requests):
        return None
    return decide(rules, referers, assumptions)[0].ec


def is_checked(signed: Signing, method: str, scope: Scope, rule: CheckedRequests) -> bool:
    """Whether a request is checked, straight from R-01 and R-04."""
    if signed is Signing.HEADER or scope is Scope.SERVICE:
        return False
    if scope is Scope.BUCKET:
        return rule is CheckedRequests.BUCKETS_TOO
    if method == "OPTIONS":
        return rule is CheckedRequests.PREFLIGHTS_TOO
    if signed is Signing.FORM:
        return rule is CheckedRequests.FORMS_TOO
    if signed is Signing.NONE or method == "GET":
        return True
    if method == "HEAD":
        return rule is not CheckedRequests.GET_ONLY
    return rule is CheckedRequests.ALL_SIGNED_URLS


def decide(
    rules: RefererConfiguration, referers: Sequence[str], assumptions: Assumptions = DEFAULT
) -> tuple[Reason, str | None]:
    """Return the reason and the entry for an anonymous GET, straight from R-10 to R-14."""
    has_whitelist = is_list(rules.whitelist, rules, assumptions)
    has_blacklist = is_list(rules.blacklist, rules, assumptions)
    text = choose(referers, assumptions).strip(BLANK)
    if text == "":
        if rules.allow_empty_referer:
            return Reason.EMPTY_ALLOWED, None
        return (Reason.EMPTY_DENIED if has_whitelist else Reason.EMPTY_WITHOUT_WHITELIST), None
    text = truncate(rules, text, assumptions)
    if assumptions.letter_case is LetterCase.INSENSITIVE:
        text = text.casefold()
    lowers_query = assumptions.letter_case is LetterCase.QUERY_INSENSITIVE
    for reason, entries in (
        (Reason.BLACKLISTED, rules.blacklist),
        (Reason.WHITELISTED, rules.whitelist),
    ):
        for entry in entries:
            if any(
                begins_with(text, one, lowers_query=lowers_query)
                for one in read(entry, rules, assumptions)
            ):
                return reason, entry
    if has_whitelist or (has_blacklist and assumptions.empty_whitelist is EmptyWhitelist.DENIES):
        return Reason.NOT_WHITELISTED, None
    return Reason.NO_WHITELIST, None


def choose(referers: Sequence[str], assumptions: Assumptions) -> str:
    """Return the Referer that counts (R-29)."""
    if not referers:
        return ""
    if assumptions.repeated_header is RepeatedHeader.LAST:
        return referers[-1]
    return (
        ", ".join(referers) if assumptions.repeated_header is RepeatedHeader.JOINED else referers[0]
    )


def is_list(entries: Sequence[str], rules: RefererConfiguration, assumptions: Assumptions) -> bool:
    """Whether a list is not empty (R-25)."""
    if assumptions.white_space is WhiteSpace.BLANK_COUNTS:
        return len(entries) > 0
    return any(read(entry, rules, assumptions) for entry in entries)


def read(entry: str, rules: RefererConfiguration, assumptions: Assumptions) -> list[str]:
    """Return the patterns that an entry stands for (R-24, R-25, R-28, R-37)."""
    patterns = entry.split(",") if assumptions.joined_entry is JoinedEntry.SEPARATED else [entry]
    if assumptions.white_space is not WhiteSpace.VERBATIM:
        patterns = [pattern.strip(BLANK) for pattern in patterns]
    if assumptions.cut_entries is CutEntries.CUT:
        patterns = [truncate_entry(rules, pattern, assumptions) for pattern in patterns]
    if assumptions.letter_case is LetterCase.INSENSITIVE:
        patterns = [pattern.casefold() for pattern in patterns]
    if assumptions.white_space in (WhiteSpace.BLANK_MATCHES, WhiteSpace.VERBATIM):
        return patterns
    return [pattern for pattern in patterns if pattern != ""]


def cuts_path(rules: RefererConfiguration, assumptions: Assumptions) -> bool:
    """Whether paths are cut (R-27)."""
    if assumptions.truncation_conflict is TruncationConflict.NOT_CUT:
        return rules.truncate_path and rules.allow_truncate_query_string
    return rules.truncate_path


def truncate(rules: RefererConfiguration, text: str, assumptions: Assumptions) -> str:
    """Cut a Referer at the first character that the rules cut at (R-26, R-27)."""
    if not cuts_path(rules, assumptions):
        return text.split("?")[0] if rules.allow_truncate_query_string else text
    scheme, slashes, rest = text.partition("://")
    if not slashes or any(mark in scheme for mark in "/?#"):
        scheme, slashes, rest = "", "", text
    host = rest
    for mark in "/?#":
        host = host.split(mark)[0]
    slash = assumptions.cut_path is CutPath.WITH_SLASH and rest[len(host) :].startswith("/")
    return scheme + slashes + host + ("/" if slash else "")


def truncate_entry(rules: RefererConfiguration, entry: str, assumptions: Assumptions) -> str:
    """Cut an entry; a `?` before its path is a wildcard (R-21, R-28)."""
    scheme, slashes, rest = entry.partition("://")
    if not slashes:
        scheme, slashes, rest = "", "", entry
    host, slash, path = rest.partition("/")
    if not slash:
        return entry
    if cuts_path(rules, assumptions):
        return scheme + slashes + host + ("/" if assumptions.cut_path is CutPath.WITH_SLASH else "")
    if rules.allow_truncate_query_string:
        path = path.split("?")[0]
    return scheme + slashes + host + slash + path
