"""The Referer header as the rules see it: which one counts, is it empty, what truncation leaves."""

from __future__ import annotations

import re
from collections.abc import Sequence

# White space as HTTP and XML know it. str.strip() alone would also take U+3000 and U+00A0.
WHITE_SPACE = " \t\r\n"

# The scheme if there is one, then everything up to a path, a query or a fragment.
_ORIGIN = re.compile(r"(?:[^/?#]*://)?[^/?#]*")


def first(values: Sequence[str]) -> str | None:
    """The Referer that counts of all that were sent: the first, or None without any (R-29)."""
    return values[0] if values else None


def trim(referer: str | None) -> str:
    """The Referer without surrounding white space; "" is an empty Referer, sent or not (R-10)."""
    return referer.strip(WHITE_SPACE) if referer else ""


def cut_query(referer: str) -> str:
    """What AllowTruncateQueryString leaves: everything before the first `?` (R-26)."""
    return referer.partition("?")[0]


def cut_path(referer: str) -> str:
    """What TruncatePath leaves: `scheme://host[:port]`, without a trailing `/` (R-27)."""
    origin = _ORIGIN.match(referer)
    return origin[0] if origin else ""
