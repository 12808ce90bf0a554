"""The Referer header as the rules see it: which one counts, and what truncation leaves of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

# The white space of HTTP and XML. str.strip() would also remove U+3000 and U+00A0.
WHITE_SPACE = " \t\r\n"

# An optional scheme, then everything before a path, a query or a fragment.
_ORIGIN = re.compile(r"(?:[^/?#]*://)?[^/?#]*")


def first(values: Sequence[str]) -> str | None:
    """Return the Referer that counts, the first one (R-29); None if none was sent."""
    return values[0] if values else None


def trim(referer: str | None) -> str:
    """Trim white space; a missing Referer becomes "", an empty one (R-10)."""
    return referer.strip(WHITE_SPACE) if referer else ""


def cut_query(referer: str) -> str:
    """Return what AllowTruncateQueryString leaves: everything before the first `?` (R-26)."""
    return referer.partition("?")[0]


def cut_path(referer: str) -> str:
    """Return what TruncatePath leaves: `scheme://host[:port]`, without a trailing `/` (R-27)."""
    origin = _ORIGIN.match(referer)
    return origin[0] if origin else ""
