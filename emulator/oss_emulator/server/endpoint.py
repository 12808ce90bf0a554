"""The URLs at which this machine reaches a server."""

from oss_emulator.server.sockets import EVERY
from oss_emulator.settings import Settings


class Endpoint:
    """The ports of a server and the URLs that lead to them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.port = settings.port
        """The port; never 0 once the server listens."""
        self.tls_port = settings.tls_port
        """The port for https, None without one; never 0 once the server listens."""

    @property
    def ports(self) -> frozenset[int]:
        """All ports that the server listens on."""
        return frozenset(port for port in (self.port, self.tls_port) if port is not None)

    @property
    def endpoint(self) -> str:
        """The URL of the port, such as `http://127.0.0.1:9000`."""
        return self._url("https" if self._settings.tls else "http", self.port)

    @property
    def https_endpoint(self) -> str | None:
        """The URL for https, None without https."""
        if self.tls_port is not None:
            return self._url("https", self.tls_port)
        return self.endpoint if self._settings.tls else None

    def _url(self, scheme: str, port: int) -> str:
        given = self._settings.host
        host = "127.0.0.1" if given in EVERY else given  # oss2 refuses [::1]
        return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
