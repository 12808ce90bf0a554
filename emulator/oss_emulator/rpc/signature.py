"""Signature V1 of an RPC request: HMAC-SHA1 over its method and its sorted parameters."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote

from oss_emulator.rpc.errors import RPCError, RPCErrorCase
from oss_emulator.rpc.message import RPCRequest, required


def check(asked: RPCRequest, secret: str) -> None:
    """Check the signature of a request; raises `RPCError`."""
    text = string_to_sign(asked.http.method, asked.parameters)
    if not hmac.compare_digest(sign(text, secret), asked.parameters["Signature"].encode()):
        raise RPCError(RPCErrorCase.SIGNATURE, text=text)


def check_complete(parameters: Mapping[str, str]) -> None:
    """Check that a request has all parameters of a signature; raises `RPCError`."""
    for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp"):
        required(parameters, name)
    method = parameters.get("SignatureMethod"), parameters.get("SignatureVersion")
    if method != ("HMAC-SHA1", "1.0"):
        raise RPCError(RPCErrorCase.SIGNATURE_METHOD)


def string_to_sign(method: str, parameters: Mapping[str, str]) -> str:
    """Format the text that the signature of an RPC request covers."""
    query = canonical_query(
        {name: value for name, value in parameters.items() if name != "Signature"}
    )
    return f"{method}&%2F&{encode(query)}"


def sign(text: str, secret: str) -> bytes:
    """Sign the string to sign: HMAC-SHA1, in base64."""
    return b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), hashlib.sha1))


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Format parameters in the order and encoding that signatures V1 and V3 share."""
    return "&".join(f"{encode(name)}={encode(value)}" for name, value in sorted(parameters.items()))


def encode(text: str) -> str:
    """Percent-encode a text for a signature; bytes that are not UTF-8 are encoded unchanged."""
    return quote(text, safe="~", errors="surrogateescape")
