"""The forward proxy for the service's host names: a CONNECT ends here, nothing is forwarded."""

import ssl

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name, split_host
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Request
from oss_emulator.server.tls import Certificates

HTTP, HTTPS = 80, 443
"""The ports that clients ask for, whatever this server's own is."""


def connect(
    authority: str, request: Request, service: Service, certificates: Certificates | None
) -> ssl.SSLContext | None:
    """Grant a CONNECT to one of the service's hosts; the client will then find this very server.

    Returns what to begin TLS with, None for the port of plain HTTP. Raises `BadRequest` for what
    is not a host with a port, and `ProxyForbidden` for any other host.
    """
    host_name(request.host)  # it counts for nothing, but must be a host
    host, port = split_host(authority)
    if port is None:
        raise OSSError(Code.BAD_REQUEST, ErrorDetail="CONNECT needs a host and a port.")
    if not service.addresses.serves(authority) or port not in (HTTP, HTTPS):
        raise OSSError(Code.NOT_FORWARDED, Host=authority)
    if port == HTTP:
        return None
    if certificates is None:
        raise OSSError(Code.NO_CERTIFICATES, Host=host)
    return certificates.context(host)
