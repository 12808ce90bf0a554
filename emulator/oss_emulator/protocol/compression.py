"""The compression of answers: when GetObject answers with gzip, and its headers (P-37, P-48)."""

from collections.abc import Mapping
from typing import Final

MIN_SIZE: Final = 1024
"""Bytes of the smallest object that is compressed (GetObject, Accept-Encoding)."""

CONTENT_TYPES: Final = frozenset(
    """
    text/cache-manifest text/xml text/plain text/css application/javascript
    application/x-javascript application/rss+xml application/json text/json
    """.split()
)
"""The types that are compressed (GetObject, Accept-Encoding)."""

# Headers that describe the stored bytes, not those that are sent.
_OF_BYTES: Final = ("ETag", "Content-MD5")


def applies(accept_encoding: str, headers: Mapping[str, str], size: int) -> bool:
    """Return whether to send an object as gzip; `headers` are its answer's, `size` is in bytes."""
    return size >= MIN_SIZE and is_compressible(headers) and _takes_gzip(accept_encoding)


def is_compressible(headers: Mapping[str, str]) -> bool:
    """Return whether an object of these headers can be sent as gzip, if it is large enough."""
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in CONTENT_TYPES and "Content-Encoding" not in headers


def describe(headers: Mapping[str, str]) -> dict[str, str]:
    """Make the headers of the gzip answer, which has no ETag (GetObject).

    A cache must not give it to clients without gzip, hence `Vary` (P-48).
    """
    rest = {name: value for name, value in headers.items() if name not in _OF_BYTES}
    return {**rest, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}


def _takes_gzip(accept_encoding: str) -> bool:
    for part in accept_encoding.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() == "gzip":
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
