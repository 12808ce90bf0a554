"""The headers in which browsers describe the page behind a request (Fetch, Fetch Metadata).

A page cannot change these headers. Clients other than browsers do not send them, so the checks
here do not affect such clients.
"""

from typing import Final

from oss_emulator.protocol.message import Request

SITE: Final = "sec-fetch-site"
"""The header that says how the page is related to the host. Browsers send it, `sec-fetch-mode` and
`sec-fetch-dest` only over https, or to `localhost` and loopback addresses."""

_OWN: Final = frozenset({"same-origin", "none"})
"""The values for a page of the same origin, and for an address that the user entered."""

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
    """Return whether the answer is shown as the page of a tab, as after a click on a link.

    Such a request has an `Origin` header only if it has a body.
    """
    headers = request.headers
    navigates = headers.get("sec-fetch-mode") == "navigate"
    return navigates and headers.get("sec-fetch-dest") == "document" and "origin" not in headers


def is_preflighted(request: Request) -> bool:
    """Return whether a browser sends the request only after a preflight that allowed it.

    Credentials of OSS and AWS need a preflight, and so do `x-oss-` and `x-amz-` headers. Other
    headers and content types are not considered, because browsers may differ in them.
    """
    headers = request.headers
    signed = headers.get("authorization", "").startswith(("OSS", "AWS"))
    return signed or any(name.startswith(("x-oss-", "x-amz-")) for name in headers)


def is_from_browser(request: Request) -> bool:
    """Return whether a browser sent the request.

    Over plain http to hosts other than `localhost`, browsers send no `sec-fetch-` headers. They
    send `upgrade-insecure-requests` for documents, and `origin` for most requests of scripts.
    """
    return not OF_BROWSERS.isdisjoint(request.headers)
