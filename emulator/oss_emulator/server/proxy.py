"""The proxy for the service's host names: it answers a CONNECT itself and forwards nothing."""

import ssl

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name, split_host
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.server.tls import Certificates

HTTP, HTTPS = 80, 443
"""The ports that clients ask for, whichever port this server listens on."""


def connect(
    service: Service, certificates: Certificates | None, authority: str, request: Request
) -> ssl.SSLContext | None:
    """Grant a CONNECT to a host of the service; the client is then connected to this server.

    Returns the context to begin TLS with, None for the port of plain HTTP. Raises `BadRequest` if
    the authority is not a host with a port, and `ProxyForbidden` for any other host.
    """
    host_name(request.host)  # its value is not used, but it must be a host
    host, port = split_host(authority)
    if port is None:
        raise OSSError(ErrorCase.BAD_REQUEST, ErrorDetail="CONNECT needs HOST:PORT.")
    if not service.addresses.serves(authority) or port not in (HTTP, HTTPS):
        raise OSSError(ErrorCase.NOT_FORWARDED, Host=authority)
    if port == HTTP:
        return None
    if certificates is None:
        raise OSSError(ErrorCase.NO_CERTIFICATES, Host=host)
    return certificates.context(host)
