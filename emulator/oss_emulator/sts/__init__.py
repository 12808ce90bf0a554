"""STS: AssumeRole, AssumeRoleWithOIDC and GetCallerIdentity, as RPC requests.

Pure functions turn a request, its body and random bytes into an answer. Requests are signed with V1
(HMAC-SHA1) or V3 (ACS3-HMAC-SHA256); AssumeRoleWithOIDC is not signed.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlencode

from oss_emulator.access import ANONYMOUS, Accounts, Identity
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import Signing
from oss_emulator.sts.assume_role import assume_role
from oss_emulator.sts.assume_role_with_oidc import assume_role_with_oidc
from oss_emulator.sts.authentication import authenticate, claim
from oss_emulator.sts.call import STSCall
from oss_emulator.sts.caller_identity import get_caller_identity
from oss_emulator.sts.errors import STSCode, STSError
from oss_emulator.sts.message import PATH, VERSION, STSRequest, names_action

# aliyun-python-sdk-core appends a slash to every endpoint.
_PATHS = frozenset({PATH, f"{PATH}/"})

# With or without a region; `sts.oss-cn-hangzhou.aliyuncs.com` is a bucket named sts.
_HOST = re.compile(r"sts(?:-vpc)?(?:\.(?!oss-)[a-z]+-[a-z0-9-]+)?\.aliyuncs\.com")

MATERIAL_SIZE = 31
"""The number of random bytes that an answer needs, for credentials and a request id."""


class Action(NamedTuple):
    """An action of STS."""

    perform: Callable[[STSCall], xml.Children]
    signed: bool = True


ACTIONS: Mapping[str, Action] = {
    "AssumeRole": Action(assume_role),
    "AssumeRoleWithOIDC": Action(assume_role_with_oidc, signed=False),
    "GetCallerIdentity": Action(get_caller_identity),
}
"""The actions by name."""


class STSAnswer(NamedTuple):
    """The answer to a request, and what the journal records of it."""

    response: Response
    action: str
    """The name of the action, "" for an unknown one."""
    signing: Signing
    access_key_id: str
    """The id of the key as sent, verified or not."""
    caller: Identity
    """The signer; anonymous unless the signature was verified."""
    error: STSError | None


def is_host(name: str) -> bool:
    """Return whether a host belongs to STS; `name` is in lower case, without a port."""
    return _HOST.fullmatch(name) is not None


def is_at_endpoint(request: Request) -> bool:
    """Return whether a request to the emulator's own endpoint is for STS.

    It is if its path is that of STS. Clients whose endpoint cannot have a path send requests to `/`
    and name the action in the query or in headers.
    """
    return request.path in _PATHS or (request.path == "/" and names_action(request))


def endpoint_host(request: Request) -> str:
    """Return the host and the port of a Host header.

    SDKs whose endpoint is `HOST:PORT/_emulator/sts` send all of it as the Host.
    """
    return request.host.removesuffix(PATH) if request.path in _PATHS else request.host


def answer(request: Request, body: bytes, accounts: Accounts, material: bytes) -> STSAnswer:
    """Answer a request; `material` is `MATERIAL_SIZE` random bytes."""
    asked = STSRequest.parse(request, body)
    claimed = claim(asked)
    request_id = _format_request_id(material[-16:])
    name, caller, refusal = "", ANONYMOUS, None
    try:
        name, action = _find_action(asked)
        if action.signed:
            caller = authenticate(asked, accounts)
        call = STSCall(asked.parameters, caller, accounts, request.received, material)
        fields: xml.Children = [("RequestId", request_id), *action.perform(call)]
        response = _render(200, f"{name}Response", fields, asked.as_json)
    except STSError as error:
        refusal = error
        fields = _describe(error, request_id, request.host)
        response = _render(error.status, "Error", fields, asked.as_json)
    return STSAnswer(response, name, *claimed, caller, refusal)


def _find_action(asked: STSRequest) -> tuple[str, Action]:
    if not asked.action:
        raise STSError(STSCode.MISSING, name="Action")
    if asked.action not in ACTIONS:
        raise STSError(STSCode.NO_ACTION)
    if asked.version != VERSION:
        raise STSError(STSCode.VERSION)
    return asked.action, ACTIONS[asked.action]


def _describe(error: STSError, request_id: str, host: str) -> xml.Children:
    query = urlencode({"q": error.code, "product": "Sts", "requestId": request_id})
    return [
        ("RequestId", request_id),
        ("HostId", host),
        ("Code", error.code),
        ("Message", error.message),
        ("Recommend", f"https://api.aliyun.com/troubleshoot?{query}"),
        ("AccessDeniedDetail", error.detail),
    ]


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


def _format_request_id(material: bytes) -> str:
    digits = material.hex().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
