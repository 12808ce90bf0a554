"""STS on the port of OSS, at its own host names and at the emulator's endpoint."""

import secrets
from collections.abc import Callable
from functools import lru_cache

from aiohttp import web

from oss_emulator import sts
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.server import body


def is_asked(request: Request, is_endpoint: Callable[[str], bool]) -> bool:
    """Whether a request is for STS; `is_endpoint` returns whether a host is the OSS service."""
    host = request.host
    return _is_host(host) or (
        sts.is_at_endpoint(request) and is_endpoint(sts.endpoint_host(request))
    )


@lru_cache(1024)  # called for every request
def _is_host(host: str) -> bool:
    """Whether a Host header is one of STS's own."""
    try:
        return sts.is_host(host_name(host))
    except OSSError:
        return False


async def answer(http: web.BaseRequest, request: Request, service: Service) -> sts.STSAnswer:
    """Have STS answer; raises `OSSError` for a body that is incomplete or too large."""
    data, material = await body.read_document(http), secrets.token_bytes(sts.MATERIAL_SIZE)
    return sts.answer(request, data, service.accounts, material)
