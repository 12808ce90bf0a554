"""A request to an RPC service: its parameters, how V1 signs it, and the call that an action gets.

Clients name the action either in parameters (`Action`, `Version`) or, since signature V3, in
headers (`x-acs-action`, `x-acs-version`). Parameters are in the query, in a form, or in both. V1
signs the method and the sorted parameters with HMAC-SHA1.
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

from oss_emulator.access.accounts import Accounts
from oss_emulator.access.identity import Identity
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.rpc.errors import RPCError, RPCErrorCase


class RPCRequest(NamedTuple):
    """A request with its body and its parameters."""

    http: Request
    body: bytes
    parameters: Mapping[str, str]
    """The parameters of the query and the form; the query takes precedence."""

    @classmethod
    def parse(cls, http: Request, body: bytes) -> "RPCRequest":
        """Parse the parameters of a request; only a POST has a form."""
        parameters = dict(http.query)
        if http.method == "POST":
            parameters = {**parse_query(body.decode("utf-8", "replace")), **parameters}
        return cls(http, body, parameters)

    @property
    def action(self) -> str:
        """The name of the action; "" if none is named."""
        return self.parameters.get("Action") or self.http.headers.get("x-acs-action", "")

    @property
    def version(self) -> str:
        """The version of the API; "" if none is named."""
        return self.parameters.get("Version") or self.http.headers.get("x-acs-version", "")

    @property
    def as_json(self) -> bool:
        """Whether the answer is JSON and not XML (P-61).

        `Format` decides. Without it, a request that names the action in a header gets the format of
        `Accept`: XML if `Accept` names it, else JSON. Every other request gets XML.
        """
        form = self.parameters.get("Format")
        if form is not None:
            return form.upper() == "JSON"
        headers = self.http.headers
        return "x-acs-action" in headers and "xml" not in headers.get("accept", "")


def required(parameters: Mapping[str, str], name: str) -> str:
    """Return a required parameter; raises `RPCError` if it is missing or empty."""
    value = parameters.get(name)
    if not value:
        raise RPCError(RPCErrorCase.MISSING, name=name)
    return value


def check_signature(asked: RPCRequest, secret: str) -> None:
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


class RPCEnvironment(NamedTuple):
    """What the answers of a server depend on in addition to the request."""

    accounts: Accounts
    key: bytes = b""
    """The secret key of the server."""
    region: str = "cn-hangzhou"
    """The region of requests whose host does not name a region."""


class RPCCall(NamedTuple):
    """The argument of every action."""

    parameters: Mapping[str, str]
    caller: Identity
    environment: RPCEnvironment
    region: str
    now: float
    material: bytes
    """Random bytes."""
