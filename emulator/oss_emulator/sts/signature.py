"""The signature of an RPC request: HMAC-SHA1 over its method and its sorted parameters."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

from oss_emulator.access import AccessKey, Accounts, Identity, KeyProblem
from oss_emulator.protocol import dates
from oss_emulator.protocol.message import Request
from oss_emulator.sts.errors import STSCode, STSError

MAX_SKEW = 15 * 60
"""Seconds that the clocks of client and server may differ."""


def verify(request: Request, parameters: Mapping[str, str], accounts: Accounts) -> Identity:
    """Find out who signed the request; raises `STSError`. A nonce may be used twice."""
    for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp"):
        present(parameters, name)
    method = parameters.get("SignatureMethod"), parameters.get("SignatureVersion")
    if method != ("HMAC-SHA1", "1.0"):
        raise STSError(STSCode.SIGNATURE_METHOD)
    sent = dates.parse_iso(parameters["Timestamp"])
    if sent is None:
        raise STSError(STSCode.TIMESTAMP_FORMAT)
    if abs(sent - request.received) > MAX_SKEW:
        raise STSError(STSCode.TIMESTAMP_EXPIRED)
    key = _key(parameters, accounts, request.received)
    text = string_to_sign(request.method, parameters)
    if not hmac.compare_digest(sign(text, key.secret), parameters["Signature"].encode()):
        raise STSError(STSCode.SIGNATURE, text=text)
    return key.identity


def _key(parameters: Mapping[str, str], accounts: Accounts, now: float) -> AccessKey:
    key_id, token = parameters["AccessKeyId"], parameters.get("SecurityToken", "")
    if key_id.startswith("STS.") and not token:
        raise STSError(STSCode.MISSING, name="SecurityToken")
    found = accounts.find(key_id, token, now)
    if isinstance(found, KeyProblem):
        raise STSError(_KEY_PROBLEMS[found])
    return found


_KEY_PROBLEMS = {
    KeyProblem.UNKNOWN: STSCode.UNKNOWN_KEY,
    KeyProblem.NOT_TEMPORARY: STSCode.TOKEN_MISMATCH,
    KeyProblem.INVALID: STSCode.TOKEN_MISMATCH,
    KeyProblem.EXPIRED: STSCode.TOKEN_EXPIRED,
}


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Format the text that the signature of an RPC request covers."""
    pairs = sorted((name, value) for name, value in parameters.items() if name != "Signature")
    query = "&".join(f"{_encode(name)}={_encode(value)}" for name, value in pairs)
    return f"{method}&%2F&{_encode(query)}"


def sign(text: str, secret: str) -> bytes:
    """Sign such a text: HMAC-SHA1, in base64."""
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1))


def _encode(text: str) -> str:
    return quote(text, safe="~")


def present(parameters: Mapping[str, str], name: str) -> str:
    """Return a required parameter; raises `STSError` if it is missing or empty."""
    if not parameters.get(name):
        raise STSError(STSCode.MISSING, name=name)
    return parameters[name]
