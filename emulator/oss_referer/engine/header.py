"""The Referer header as the rules see it: which of several counts, and how it is truncated."""

import re
from collections.abc import Sequence

from .assumptions import RepeatedHeader

# The white space of HTTP and XML. str.strip() would also remove U+3000 and U+00A0.
WHITE_SPACE = " \t\r\n"

# An optional scheme, then everything before a path, a query or a fragment.
_ORIGIN = re.compile(r"(?:[^/?#]*://)?[^/?#]*")

_ORIGIN_AND_NEXT = re.compile(rf"{_ORIGIN.pattern}[/?#]?")


_NOT_SENT = r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]"


def is_sendable(text: str) -> bool:
    """Return whether a header can carry a text: no control character except tab, no surrogate."""
    return re.search(_NOT_SENT, text) is None


def is_origin(text: str) -> bool:
    """Return whether a text has at most one character after its host: `/`, `?` or `#`."""
    return _ORIGIN_AND_NEXT.fullmatch(text) is not None


def choose(values: Sequence[str], rule: RepeatedHeader = RepeatedHeader.FIRST) -> str | None:
    """Return the Referer that counts among those that were sent (R-29); None without any."""
    if not values:
        return None
    if rule is RepeatedHeader.JOINED:
        return ", ".join(values)
    return values[-1] if rule is RepeatedHeader.LAST else values[0]


def trim(referer: str | None) -> str:
    """Trim white space; a missing Referer becomes "", an empty one (R-10)."""
    return referer.strip(WHITE_SPACE) if referer else ""


def cut_query(referer: str) -> str:
    """Return what AllowTruncateQueryString leaves: everything before the first `?` (R-26)."""
    return referer.partition("?")[0]


def lower_query(referer: str) -> str:
    """Return a Referer with the ASCII letters after its first `?` in lower case (R-41)."""
    before, mark, query = referer.partition("?")
    return before + mark + lower(query)


def lower(text: str) -> str:
    """Return a text with its ASCII letters in lower case."""
    return text.translate(_LOWER)


_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def cut_path(referer: str, *, keep_slash: bool = False) -> str:
    """Return what TruncatePath leaves: `scheme://host[:port]` (R-27).

    `keep_slash` keeps the `/` that begins the path, if there is one.
    """
    origin = _ORIGIN.match(referer)
    found = origin[0] if origin else ""
    return f"{found}/" if keep_slash and referer.startswith("/", len(found)) else found
