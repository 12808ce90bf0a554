"""The Referer that a browser sends for a page and an object: the W3C Referrer Policy (B-08)."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from urllib.parse import SplitResult, urlsplit

from .parts import DEFAULT_PORTS, Parts, encode_host


class ReferrerPolicy(StrEnum):
    """The policies that a page can set with a header, `<meta>` or an attribute."""

    NO_REFERRER = "no-referrer"
    NO_REFERRER_WHEN_DOWNGRADE = "no-referrer-when-downgrade"
    SAME_ORIGIN = "same-origin"
    ORIGIN = "origin"
    STRICT_ORIGIN = "strict-origin"
    ORIGIN_WHEN_CROSS_ORIGIN = "origin-when-cross-origin"
    STRICT_ORIGIN_WHEN_CROSS_ORIGIN = "strict-origin-when-cross-origin"
    UNSAFE_URL = "unsafe-url"


MAX_LENGTH = 4096
"""The characters of the longest Referer; a longer one is cut to the origin (B-03)."""

DEFAULT = ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN
"""The policy of a page that sets none."""


def send(page: str, target: str, policy: ReferrerPolicy = DEFAULT) -> str | None:
    """Return the Referer of a request from a page to a target; None means no header."""
    from_, to = urlsplit(page), urlsplit(target)
    same_origin = _origin(from_) == _origin(to)
    downgrade = from_.scheme == "https" and to.scheme != "https"
    whole, origin = _strip(from_), f"{_origin(from_)}/"
    if len(whole) > MAX_LENGTH:
        whole = origin
    match policy:
        case ReferrerPolicy.NO_REFERRER:
            return None
        case ReferrerPolicy.NO_REFERRER_WHEN_DOWNGRADE:
            return None if downgrade else whole
        case ReferrerPolicy.SAME_ORIGIN:
            return whole if same_origin else None
        case ReferrerPolicy.ORIGIN:
            return origin
        case ReferrerPolicy.STRICT_ORIGIN:
            return None if downgrade else origin
        case ReferrerPolicy.ORIGIN_WHEN_CROSS_ORIGIN:
            return whole if same_origin else origin
        case ReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN:
            return whole if same_origin else None if downgrade else origin
        case ReferrerPolicy.UNSAFE_URL:
            return whole


def _origin(url: SplitResult) -> str:
    """Return the scheme and the host, and the port unless it is the default (B-02)."""
    parts = Parts.split(f"{url.scheme}://{url.netloc.rpartition('@')[2].lower()}")
    port = None if parts.port == DEFAULT_PORTS.get(url.scheme) else parts.port
    return replace(parts, host=encode_host(parts.host) or parts.host, port=port).origin


def _strip(url: SplitResult) -> str:
    """Return the address of a page without user, password and fragment."""
    query = f"?{url.query}" if url.query else ""
    return f"{_origin(url)}{url.path or '/'}{query}"
