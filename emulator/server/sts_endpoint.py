"""STS on the port of OSS: asked by its own host names, or by a path of the emulator's."""

import secrets

from aiohttp import web

from emulator import sts
from emulator.protocol.address import host_name
from emulator.protocol.errors import OSSError
from emulator.protocol.message import Request, Response
from emulator.server import body
from emulator.service import Service

# aliyun-python-sdk-core puts a slash behind whatever endpoint it is given.
_PATHS = frozenset({sts.PATH, f"{sts.PATH}/"})


def is_asked(request: Request, service: Service) -> bool:
    """Whether a request is one to STS."""
    host = request.host
    if host[:3].lower() == "sts":  # looked at first, for each request comes by here
        try:
            return sts.is_host(host_name(host))
        except OSSError:
            return False
    return request.path in _PATHS and service.is_endpoint(host)


async def answer(http: web.BaseRequest, request: Request, service: Service) -> Response:
    """What STS answers; raises `OSSError` for a body that is broken off or too large."""
    data = await body.read_document(http)
    material = secrets.token_bytes(sts.MATERIAL_SIZE)
    return sts.answer(request, data, service.accounts, material).response
