"""Authentication of requests to RPC services, by signature V1 or V3."""

from typing import NamedTuple

from oss_referer import Signing

from oss_emulator.access.accounts import Accounts, KeyProblem
from oss_emulator.access.identity import AccessKey, Identity
from oss_emulator.protocol import dates
from oss_emulator.protocol.signature.claim import MAX_SKEW
from oss_emulator.rpc import acs3
from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.request import RPCRequest, check_complete, check_signature


class RPCClaim(NamedTuple):
    """The signature that a request carries, not verified yet."""

    signing: Signing
    access_key_id: str = ""


def claim(asked: RPCRequest) -> RPCClaim:
    """Find the signature of a request."""
    if acs3.is_claimed(asked):
        _, _, text = asked.http.headers["authorization"].partition("Credential=")
        return RPCClaim(Signing.HEADER, text.partition(",")[0])
    key_id = asked.parameters.get("AccessKeyId", "")
    if not key_id:
        return RPCClaim(Signing.NONE)
    return RPCClaim(Signing.URL if "AccessKeyId" in asked.http.query else Signing.FORM, key_id)


def authenticate(asked: RPCRequest, accounts: Accounts) -> Identity:
    """Verify the signature of a request; raises `RPCError`. Repeated nonces are accepted."""
    now, headers, parameters = asked.http.received, asked.http.headers, asked.parameters
    if acs3.is_claimed(asked):
        found = acs3.authorization(asked)
        _check_time(headers["x-acs-date"], now)
        token = headers.get("x-acs-security-token", "")
        key = _find_key(found.access_key_id, token, accounts, now)
        acs3.check(asked, found, key.secret)
        return key.identity
    check_complete(parameters)
    _check_time(parameters["Timestamp"], now)
    token = parameters.get("SecurityToken", "")
    key = _find_key(parameters["AccessKeyId"], token, accounts, now)
    check_signature(asked, key.secret)
    return key.identity


def _check_time(text: str, now: float) -> None:
    sent = dates.parse_iso(text)
    if sent is None:
        raise RPCError(RPCErrorCase.TIMESTAMP_FORMAT)
    if abs(sent - now) > MAX_SKEW:
        raise RPCError(RPCErrorCase.TIMESTAMP_EXPIRED)


def _find_key(key_id: str, token: str, accounts: Accounts, now: float) -> AccessKey:
    if key_id.startswith("STS.") and not token:
        raise RPCError(RPCErrorCase.MISSING, name="SecurityToken")
    found = accounts.find(key_id, token, now)
    if isinstance(found, KeyProblem):
        raise RPCError(_KEY_PROBLEMS[found])
    return found


_KEY_PROBLEMS = {
    KeyProblem.UNKNOWN: RPCErrorCase.UNKNOWN_KEY,
    KeyProblem.NOT_TEMPORARY: RPCErrorCase.TOKEN_MISMATCH,
    KeyProblem.INVALID: RPCErrorCase.TOKEN_MISMATCH,
    KeyProblem.EXPIRED: RPCErrorCase.TOKEN_EXPIRED,
}
