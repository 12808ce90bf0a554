"""STS on the port of OSS: asked by its own host names, or by a path of the emulator's."""

import secrets
from functools import lru_cache

from aiohttp import web

from oss_emulator import sts
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.server import body

# aliyun-python-sdk-core puts a slash behind whatever endpoint it is given.
_PATHS = frozenset({sts.PATH, f"{sts.PATH}/"})


def is_asked(request: Request, service: Service) -> bool:
    """Whether a request is one to STS."""
    host = request.host
    return is_host(host) or (request.path in _PATHS and service.addresses.is_endpoint(host))


@lru_cache(1024)  # each request comes by here
def is_host(host: str) -> bool:
    """Whether a Host header is one of STS's own."""
    try:
        return sts.is_host(host_name(host))
    except OSSError:
        return False


async def answer(http: web.BaseRequest, request: Request, service: Service) -> sts.STSAnswer:
    """What STS answers; raises `OSSError` for a body that is broken off or too large."""
    data, material = await body.read_document(http), secrets.token_bytes(sts.MATERIAL_SIZE)
    return sts.answer(request, data, service.accounts, material)
