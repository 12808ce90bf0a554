"""STS and KMS on the port of OSS, at their own host names and at the emulator's endpoint."""

import secrets
from collections.abc import Callable

from oss_emulator import rpc
from oss_emulator.control.api.route import PREFIX
from oss_emulator.kms import KMS
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.rpc import Product, RPCAnswer
from oss_emulator.server import body
from oss_emulator.server.guard import Guard
from oss_emulator.sts import STS

PRODUCTS = (STS, KMS)


def find(request: Request, is_endpoint: Callable[[str], bool]) -> Product | None:
    """Find the service that a request is for; None if it is for OSS or for the emulator itself.

    `is_endpoint` returns whether a host is the OSS service.
    """
    named = _named_by(request.host)
    if named is not None or not (request.path == "/" or request.path.startswith(PREFIX)):
        return named
    at_endpoint = (
        product
        for product in PRODUCTS
        if product.is_at_endpoint(request) and is_endpoint(product.endpoint_host(request))
    )
    return next(at_endpoint, None)


def is_host(host: str) -> bool:
    """Whether a Host header names one of these services."""
    return _named_by(host) is not None


def _named_by(host: str) -> Product | None:
    """Find the service that a Host header names; None for any other host."""
    try:
        name = host_name(host)
    except OSSError:
        return None
    return next((product for product in PRODUCTS if product.is_host(name)), None)


async def answer(guard: Guard, request: Request, product: Product, service: Service) -> RPCAnswer:
    """Answer by a service; raises `OSSError` for a body that is incomplete or too large."""
    environment = rpc.RPCEnvironment(service.accounts, service.token_key, service.settings.region)
    data, material = await body.read_document(guard), secrets.token_bytes(rpc.MATERIAL_SIZE)
    return rpc.answer(product, request, data, environment, material)
