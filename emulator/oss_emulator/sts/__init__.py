"""STS: AssumeRole and GetCallerIdentity, as RPC requests with HMAC-SHA1 signatures.

Pure: a request, its body and random bytes in, an answer out. The parameters are in the query or,
with POST, in a form. The answer is JSON with `Format=JSON`, and XML otherwise.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from oss_emulator.access import ANONYMOUS, Accounts, Identity
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response, parse_query
from oss_emulator.sts.assume_role import assume_role
from oss_emulator.sts.call import STSCall
from oss_emulator.sts.caller_identity import get_caller_identity
from oss_emulator.sts.errors import STSCode, STSError
from oss_emulator.sts.signature import present, verify

PATH = "/_emulator/sts"
"""The path of STS at the emulator's own endpoint."""

# With or without a region; `sts.oss-cn-hangzhou.aliyuncs.com` is a bucket named sts.
_HOST = re.compile(r"sts(?:-vpc)?(?:\.(?!oss-)[a-z]+-[a-z0-9-]+)?\.aliyuncs\.com")

MATERIAL_SIZE = 31
"""Random bytes that one answer needs, for credentials and a request id."""

ACTIONS: Mapping[str, Callable[[STSCall], xml.Children]] = {
    "AssumeRole": assume_role,
    "GetCallerIdentity": get_caller_identity,
}
"""The actions by name."""


class STSAnswer(NamedTuple):
    """The answer to a request, and what the journal records of it."""

    response: Response
    action: str
    """Its name, "" for an unknown action."""
    access_key_id: str
    """As sent, verified or not."""
    caller: Identity
    """Anonymous unless the signature was verified."""
    error: STSError | None


def is_host(name: str) -> bool:
    """Whether a host is one of STS; `name` is in lower case, without a port."""
    return _HOST.fullmatch(name) is not None


def answer(request: Request, body: bytes, accounts: Accounts, material: bytes) -> STSAnswer:
    """Answer a request; `material` is `MATERIAL_SIZE` random bytes."""
    parameters = dict(request.query)
    if request.method == "POST":
        parameters = {**parse_query(body.decode("utf-8", "replace")), **parameters}
    request_id = _request_id(material[-16:])
    as_json = parameters.get("Format", "XML").upper() == "JSON"
    action, caller, refusal = "", ANONYMOUS, None
    try:
        action, perform = _action(parameters)
        caller = verify(request, parameters, accounts)
        content = perform(STSCall(parameters, caller, accounts, request.received, material))
        fields: xml.Children = [("RequestId", request_id), *content]
        response = _render(200, f"{action}Response", fields, as_json)
    except STSError as error:
        refusal = error
        fields = [
            ("RequestId", request_id),
            ("HostId", request.host),
            ("Code", error.code),
            ("Message", error.message),
            ("AccessDeniedDetail", error.detail),
        ]
        response = _render(error.status, "Error", fields, as_json)
    return STSAnswer(response, action, parameters.get("AccessKeyId", ""), caller, refusal)


def _action(parameters: Mapping[str, str]) -> tuple[str, Callable[[STSCall], xml.Children]]:
    name = present(parameters, "Action")
    if name not in ACTIONS:
        raise STSError(STSCode.NO_ACTION)
    if parameters.get("Version") != "2015-04-01":
        raise STSError(STSCode.VERSION)
    return name, ACTIONS[name]


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


def _request_id(material: bytes) -> str:
    digits = material.hex().upper()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
