"""The way of a request to an RPC service: find its action, verify it, perform it, answer."""

import json
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from oss_emulator.access import ANONYMOUS, Identity
from oss_emulator.protocol import xml
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import Signing
from oss_emulator.rpc.authentication import authenticate, claim
from oss_emulator.rpc.call import Installation, RPCCall
from oss_emulator.rpc.errors import RPCError, RPCErrorCase, RPCErrorSpec
from oss_emulator.rpc.message import RPCRequest
from oss_emulator.rpc.product import Action, Product

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
    product: Product, request: Request, body: bytes, installation: Installation, material: bytes
) -> RPCAnswer:
    """Answer a request; `material` is `MATERIAL_SIZE` random bytes."""
    asked = RPCRequest.parse(request, body)
    claimed = claim(asked)
    request_id = str(UUID(bytes=material[-_ID_SIZE:])).upper()
    material = material[:-_ID_SIZE]
    region = product.region(host_name(product.endpoint_host(request))) or installation.region
    name, caller, refusal = "", ANONYMOUS, None
    try:
        name, action = _find_action(product, asked)
        if action.signed:
            caller = authenticate(asked, installation.accounts)
        call = RPCCall(
            asked.parameters,
            caller,
            installation,
            region=region,
            now=request.received,
            material=material,
        )
        fields: xml.Children = [("RequestId", request_id), *action.perform(call)]
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
    """Turn nested pairs into what `json.dumps` takes."""
    if content is None or isinstance(content, str | int):
        return content
    return {name: _tree(value) for name, value in content if value is not None}
