"""Access to the API: only from this machine or with the token, not from pages of other origins."""

import hmac
from ipaddress import ip_address
from typing import Final

from oss_emulator.control.api.route import ApiError
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol import origin
from oss_emulator.protocol.headers import FROM_CALLBACK
from oss_emulator.protocol.message import Request, Response

TOKEN_HEADER = "x-oss-emulator-token"  # noqa: S105 - the name of a header

HEADER: Final = "x-oss-emulator"
"""The header of requests that change something, with any value. No form or link can send it."""

SESSION: Final = "oss-emulator-session"
"""The cookie of a browser that has sent the token."""

_PAGES: Final = {"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff"}
"""Headers of all answers, so that no other page shows them in a frame or runs them as a script."""


class LoginNeededError(ApiError):
    """The error for a request that needs the token."""


def check_no_callback(request: Request) -> None:
    """Raise `ApiError` for a request of an upload's callback, because the uploader wrote it."""
    if FROM_CALLBACK in request.headers:
        raise ApiError(403, "A callback of an upload may not administer a server.")


def check_allowed(request: Request, token: str) -> None:
    """Raise `ApiError` unless the request comes from this machine or sends the token.

    A web page must not administer the server without its user's knowledge: pages of other origins
    may only link to the API, and changes need a header that no page can send without a preflight.
    With an empty `token` no other machine is allowed.
    """
    trusted = has_token(request, token)
    if not trusted and not _is_loopback(request.remote):
        raise LoginNeededError(
            403,
            f"{TOKEN_HEADER} does not have the value of --admin-token."
            if TOKEN_HEADER in request.headers
            else "Requests from another machine need the value of --admin-token in "
            f"{TOKEN_HEADER}.",
        )
    check_page(request, trusted=trusted)


def check_page(request: Request, *, trusted: bool = False, is_form: bool = False) -> None:
    """Raise `ApiError` for a request of a page of another origin, or a change without the header.

    A form of this origin cannot send the header, so it needs none.
    """
    reads = request.method in READS
    if origin.is_foreign(request) and not (reads and origin.is_visit(request)):
        sender = request.headers.get("origin", "another origin")
        page = "without an origin" if sender == "null" else f"of {sender}"
        raise ApiError(
            403,
            f"Pages {page} may not administer this server: use a page of this server, or a "
            "program that sends neither Origin nor Sec-Fetch-Site.",
        )
    if not (reads or is_form or HEADER in request.headers or TOKEN_HEADER in request.headers):
        raise ApiError(
            403,
            f"{request.method} {request.path} needs the header {HEADER} with any value, because no "
            f"form of a web page can send it: with curl, add -H '{HEADER}: 1'.",
        )
    if "origin" in request.headers and origin.SITE not in request.headers and not trusted:
        raise ApiError(
            403,
            f"This browser does not send {origin.SITE}, so the sending page is "
            f"unknown. Use http://localhost or http://127.0.0.1 with this port, or send "
            f"{TOKEN_HEADER}.",
        )


def protect(response: Response) -> Response:
    """Add the headers that prevent pages of other origins from using an answer of the API."""
    return response._replace(headers={**_PAGES, **response.headers})


def has_token(request: Request, token: str) -> bool:
    """Return whether a request has the token in the header, or its session cookie."""
    sent = request.headers.get(TOKEN_HEADER, "")
    kept = cookies(request).get(SESSION, "")
    return bool(token) and (is_equal(sent, token) or is_equal(kept, session(token)))


def is_equal(sent: str, known: str) -> bool:
    """Compare a received secret with the known secret in constant time."""
    return hmac.compare_digest(sent.encode(errors="replace"), known.encode())


def session(token: str) -> str:
    """Return the value of the session cookie for the token, which does not reveal the token."""
    return hmac.new(token.encode(), b"oss-emulator console", "sha256").hexdigest()


def cookies(request: Request) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in request.headers.get("cookie", "").split(";"))
    return {name: value for name, _, value in pairs}


def _is_loopback(remote: str) -> bool:
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
