"""STS on the port of OSS: asked by its own host names, or by a path of the emulator's."""

import secrets
from dataclasses import replace
from functools import lru_cache

from aiohttp import web

from oss_emulator import sts
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import UNKNOWN
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.errors import OSSError, Row
from oss_emulator.protocol.message import Request, Response
from oss_emulator.referer import Signing
from oss_emulator.server import body

# aliyun-python-sdk-core puts a slash behind whatever endpoint it is given.
_PATHS = frozenset({sts.PATH, f"{sts.PATH}/"})

_OPERATIONS = {name: replace(UNKNOWN, name=name, action=f"sts:{name}") for name in sts.ACTIONS}
"""The actions as the journal tells them."""


def is_asked(request: Request, service: Service) -> bool:
    """Whether a request is one to STS."""
    host = request.host
    return is_host(host) or (request.path in _PATHS and service.is_endpoint(host))


@lru_cache(1024)  # each request comes by here
def is_host(host: str) -> bool:
    """Whether a Host header is one of STS's own."""
    try:
        return sts.is_host(host_name(host))
    except OSSError:
        return False


async def answer(http: web.BaseRequest, call: Call, service: Service) -> Response:
    """What STS answers; the call then says what was asked for, and by whom.

    Raises `OSSError` for a body that is broken off or too large.
    """
    data, material = await body.read_document(http), secrets.token_bytes(sts.MATERIAL_SIZE)
    given = sts.answer(call.request, data, service.accounts, material)
    call.operation = _OPERATIONS.get(given.action, UNKNOWN)
    call.access_key_id, call.caller = given.access_key_id, given.caller
    if call.access_key_id:
        call.signing = Signing.URL if "AccessKeyId" in call.request.query else Signing.FORM
    if given.error is not None:
        row = Row(given.error.code, given.error.status, given.error.message)
        call.error = OSSError(row)
    return given.response
