"""The forward proxy for the service's host names: a CONNECT ends here, nothing is forwarded."""

import ssl

from aiohttp import web

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.address import host_name, split_host
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.server.connection import Connection, Granted
from oss_emulator.server.tls import Certificates

HTTP, HTTPS = 80, 443
"""The ports that clients ask for, whatever this server's own is."""


def connect(
    http: web.BaseRequest, service: Service, certificates: Certificates | None
) -> web.StreamResponse:
    """Grant a CONNECT to one of the service's hosts; the client will then find this very server.

    Raises `BadRequest` for what is no host with a port, and `ProxyForbidden` for any other host.
    """
    host_name(http.headers.get("Host", ""))  # counts for nothing, but must be a host
    host, port = split_host(http.raw_path)
    if port is None:
        raise OSSError(Code.BAD_REQUEST, ErrorDetail="CONNECT needs a host and a port.")
    protocol = http.protocol
    if isinstance(protocol, Connection) and protocol.ahead:
        raise OSSError(Code.BAD_REQUEST, ErrorDetail="CONNECT must be answered before more comes.")
    if not service.addresses.serves(http.raw_path) or port not in (HTTP, HTTPS):
        raise OSSError(Code.NOT_FORWARDED, Host=http.raw_path)
    return Granted(None if port == HTTP else _context(host, certificates))


def _context(host: str, certificates: Certificates | None) -> ssl.SSLContext:
    if certificates is None:
        raise OSSError(Code.NO_CERTIFICATES, Host=host)
    return certificates.context(host)
