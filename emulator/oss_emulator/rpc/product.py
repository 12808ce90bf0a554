"""A service that answers RPC requests: its actions and errors, and how it answers."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias
from urllib.parse import urlencode
from uuid import UUID

from oss_referer import Signing

from oss_emulator.access.identity import ANONYMOUS, Identity
from oss_emulator.protocol import xml
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.authentication import authenticate, claim
from oss_emulator.rpc.errors import ErrorTable, RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.request import RPCCall, RPCEnvironment, RPCRequest

Action: TypeAlias = Callable[[RPCCall], Children]
"""Answers the signed requests for one action; raises `RPCError`."""


@dataclass(frozen=True)
class Product:
    name: str
    """The code of the product, such as `Sts`."""
    version: str
    """The version of its API."""
    actions: Mapping[str, Action]
    errors: Mapping[ErrorTable, RPCErrorSpec] = field(default_factory=dict)
    """The errors for which this service has its own codes and messages."""
    error_root: str = "Error"
    """The root of an error in XML."""
    error_has_status: bool = False
    """Whether an error repeats its HTTP status."""

    @property
    def path(self) -> str:
        """The path of the service at the emulator's own endpoint."""
        return f"/_emulator/{self.name.lower()}"

    def is_host(self, name: str) -> bool:
        """Return whether a host name, in lower case, belongs to the service."""
        return self._match(name) is not None

    def region(self, name: str) -> str:
        """Return the region that a host of the service names; "" for none."""
        found = self._match(name)
        return "" if found is None else found["region"] or ""

    def is_at_endpoint(self, request: Request) -> bool:
        """Return whether a request to the emulator's own endpoint is for this service.

        The path of a request names the service. Clients whose endpoint cannot have a path send
        requests to `/` and name the action in the query or in headers.
        """
        if self._has_path(request):
            return True
        asked = RPCRequest(request, b"", request.query)
        return request.path == "/" and asked.version == self.version and bool(asked.action)

    def endpoint_host(self, request: Request) -> str:
        """Return the host and the port of a Host header.

        SDKs whose endpoint is `HOST:PORT/_emulator/sts` send all of it as the Host.
        """
        return request.host.removesuffix(self.path) if self._has_path(request) else request.host

    def _has_path(self, request: Request) -> bool:
        # aliyun-python-sdk-core appends a slash to every endpoint.
        return request.path.removesuffix("/") == self.path

    def _match(self, name: str) -> re.Match[str] | None:
        # With or without a region; `sts.oss-cn-hangzhou.aliyuncs.com` is a bucket named sts.
        return re.fullmatch(
            rf"{self.name.lower()}(?:-vpc)?(?:\.(?P<region>(?!oss-)[a-z]+-[a-z0-9-]+))?"
            r"\.aliyuncs\.com",
            name,
        )


MATERIAL_SIZE = 1100
"""The number of random bytes that an answer needs, for its request id and for its action."""

_ID_SIZE = 16


class RPCAnswer(NamedTuple):
    """The answer to a request, and what the journal records of it."""

    response: Response
    action: str
    """The name of the action, "" for an unknown one."""
    signing: Signing
    access_key_id: str
    """The id of the key as sent, verified or not."""
    caller: Identity
    """The signer; anonymous unless the signature was verified."""
    error: RPCErrorSpec | None


def answer(
    product: Product, request: Request, body: bytes, environment: RPCEnvironment, material: bytes
) -> RPCAnswer:
    """Answer a request; `material` is `MATERIAL_SIZE` random bytes."""
    asked = RPCRequest.parse(request, body)
    claimed = claim(asked)
    request_id = str(UUID(bytes=material[-_ID_SIZE:])).upper()
    material = material[:-_ID_SIZE]
    region = product.region(host_name(product.endpoint_host(request))) or environment.region
    name, caller, refusal = "", ANONYMOUS, None
    try:
        name, action = _find_action(product, asked)
        caller = authenticate(asked, environment.accounts)
        now = request.received
        call = RPCCall(asked.parameters, caller, environment, region, now=now, material=material)
        fields: xml.Children = [("RequestId", request_id), *action(call)]
        response = _render(200, f"{name}Response", fields, asked.as_json)
    except RPCError as error:
        refusal = error.spec(product.errors)
        query = urlencode({"q": refusal.code, "product": product.name, "requestId": request_id})
        fields = [
            ("HttpStatus", refusal.status if product.error_has_status else None),
            ("RequestId", request_id),
            ("HostId", request.host),
            ("Code", refusal.code),
            ("Message", refusal.message),
            ("Recommend", f"https://api.aliyun.com/troubleshoot?{query}"),
            ("AccessDeniedDetail", error.detail),
        ]
        response = _render(refusal.status, product.error_root, fields, asked.as_json)
    return RPCAnswer(response, name, *claimed, caller, refusal)


def _find_action(product: Product, asked: RPCRequest) -> tuple[str, Action]:
    if not asked.action:
        raise RPCError(RPCErrorCase.MISSING, name="Action")
    if asked.action not in product.actions:
        raise RPCError(RPCErrorCase.NO_ACTION)
    if asked.version != product.version:
        raise RPCError(RPCErrorCase.VERSION)
    return asked.action, product.actions[asked.action]


def _render(status: int, root: str, content: xml.Children, as_json: bool) -> Response:
    if not as_json:
        return Response(status, {"Content-Type": "text/xml"}, xml.format(root, content))
    body = json.dumps(_tree(content)).encode()
    return Response(status, {"Content-Type": "application/json"}, body)


def _tree(content: xml.Value) -> object:
    """Convert nested pairs to dictionaries for `json.dumps`."""
    if content is None or isinstance(content, str | int):
        return content
    return {name: _tree(value) for name, value in content if value is not None}
