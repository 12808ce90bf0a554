"""What a browser says about the page behind a request (the Fetch and Fetch Metadata standards).

A page cannot change these headers. Clients that are not browsers do not send them, so nothing here
concerns such clients.
"""

from typing import Final

from oss_emulator.protocol.message import Request

SITE: Final = "sec-fetch-site"
"""The header that relates the page to the host. Browsers send it, with `sec-fetch-mode` and
`sec-fetch-dest`, to https, to `localhost` and to loopback addresses only."""

_OWN: Final = frozenset({"same-origin", "none"})
"""Sent by a page of the same origin, or because the user entered the address."""

OF_BROWSERS: Final = frozenset(
    {"sec-fetch-mode", "sec-fetch-dest", "upgrade-insecure-requests", "origin"}
)
"""Headers that only browsers send."""


def is_foreign(request: Request) -> bool:
    """Return whether the request comes from a page of another origin or without an origin."""
    headers = request.headers
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return True
    return headers.get(SITE, "none") not in _OWN


def is_visit(request: Request) -> bool:
    """Return whether the answer becomes the page of a whole tab, as after a click on a link.

    Such a request has no origin unless it has a body.
    """
    headers = request.headers
    navigates = headers.get("sec-fetch-mode") == "navigate"
    return navigates and headers.get("sec-fetch-dest") == "document" and "origin" not in headers


def is_preflighted(request: Request) -> bool:
    """Return whether a browser sends the request only after a preflight that allowed it.

    Credentials of OSS and AWS need one, and so do `x-oss-` and `x-amz-` headers. Other headers and
    content types may need one too, but these may differ between browsers.
    """
    headers = request.headers
    signed = headers.get("authorization", "").startswith(("OSS", "AWS"))
    return signed or any(name.startswith(("x-oss-", "x-amz-")) for name in headers)


def is_from_browser(request: Request) -> bool:
    """Return whether a browser sent the request.

    To plain http at names other than `localhost`, browsers send no `sec-fetch-` headers, but
    `upgrade-insecure-requests` when they want to show the answer, and `origin` for most scripts.
    """
    return not OF_BROWSERS.isdisjoint(request.headers)
