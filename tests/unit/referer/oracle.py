"""The rules once more, slow and obvious: what the fast ones are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from oss_emulator.referer import Reason, RefererConfiguration

BLANK = " \t\r\n"


def matches(entry: str, referer: str) -> bool:
    """Whether an entry matches, straight from R-20, R-21 and R-25."""
    pattern = entry.strip(BLANK)

    @cache
    def rest(at: int, place: int) -> bool:
        if at == len(pattern):
            return True  # by prefix: what is left of the Referer does not matter
        if pattern[at] == "*":
            return rest(at + 1, place) or (place < len(referer) and rest(at, place + 1))
        return (
            place < len(referer)
            and pattern[at] in ("?", referer[place])
            and rest(at + 1, place + 1)
        )

    return pattern != "" and rest(0, 0)


def first_match(entries: Sequence[str], referer: str) -> str | None:
    """The first entry that matches, by trying each."""
    return next((entry for entry in entries if matches(entry, referer)), None)


def decide(rules: RefererConfiguration, referer: str | None) -> tuple[Reason, str | None]:
    """The reason and the entry for an anonymous GET, straight from R-10 to R-14, R-26, R-27."""
    has_whitelist = any(entry.strip(BLANK) for entry in rules.whitelist)
    text = (referer or "").strip(BLANK)
    if text == "":
        if rules.allow_empty_referer:
            return Reason.EMPTY_ALLOWED, None
        return (Reason.EMPTY_DENIED if has_whitelist else Reason.EMPTY_WITHOUT_WHITELIST), None
    text = truncate(rules, text)
    blacklisted = first_match(rules.blacklist, text)
    if blacklisted is not None:
        return Reason.BLACKLISTED, blacklisted
    whitelisted = first_match(rules.whitelist, text)
    if whitelisted is not None:
        return Reason.WHITELISTED, whitelisted
    return (Reason.NOT_WHITELISTED if has_whitelist else Reason.NO_WHITELIST), None


def truncate(rules: RefererConfiguration, text: str) -> str:
    """Cut a Referer at the first character that the rules cut at."""
    if rules.truncate_path:
        scheme, slashes, rest = text.partition("://")
        if not slashes or any(mark in scheme for mark in "/?#"):
            scheme, slashes, rest = "", "", text
        for mark in "/?#":
            rest = rest.split(mark)[0]
        return scheme + slashes + rest
    return text.split("?")[0] if rules.allow_truncate_query_string else text
