"""Access to the API: from this machine, or with the token."""

import hmac
from ipaddress import ip_address

from oss_emulator.control.api.route import Refusal
from oss_emulator.protocol.headers import FROM_CALLBACK
from oss_emulator.protocol.message import Request

TOKEN_HEADER = "x-oss-emulator-token"  # noqa: S105 - the name of a header


def check_no_callback(request: Request) -> None:
    """Raise `Refusal` for a call that an upload's callback makes: its sender is not its author."""
    if FROM_CALLBACK in request.headers:
        raise Refusal(403, "A callback of an upload may not administer a server.")


def check_allowed(request: Request, token: str) -> None:
    """Raise `Refusal` unless the request comes from this machine or sends the token.

    A web page must not administer the server without its user's knowledge, so requests from other
    origins are refused too. With an empty `token` no other machine is admitted.
    """
    sent = request.headers.get(TOKEN_HEADER, "")
    if token and hmac.compare_digest(sent.encode(errors="replace"), token.encode()):
        return
    if not _is_loopback(request.remote):
        raise Refusal(
            403, f"Requests from another machine need the value of --admin-token in {TOKEN_HEADER}."
        )
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        raise Refusal(403, f"Pages of {origin} may not administer this server.")


def _is_loopback(remote: str) -> bool:
    try:
        address = ip_address(remote.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
