"""A service that answers RPC requests: its actions, its addresses and its words for errors."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from oss_emulator.protocol.message import Request
from oss_emulator.protocol.xml import Children
from oss_emulator.rpc.call import RPCCall
from oss_emulator.rpc.errors import ErrorTable, RPCErrorSpec
from oss_emulator.rpc.message import RPCRequest


class Action(NamedTuple):
    """An action of a service."""

    perform: Callable[[RPCCall], Children]
    signed: bool = True


@dataclass(frozen=True)
class Product:
    """A service, such as STS."""

    name: str
    """The code of the product, such as `Sts`."""
    version: str
    """The version of its API."""
    actions: Mapping[str, Action]
    """The actions by name."""
    errors: Mapping[ErrorTable, RPCErrorSpec] = field(default_factory=dict)
    """The errors for which this service has its own codes and messages."""
    error_root: str = "Error"
    """The root of an error in XML."""
    error_has_status: bool = False
    """Whether an error repeats its HTTP status."""

    @property
    def path(self) -> str:
        """The path of the service at the emulator's own endpoint."""
        return f"/_emulator/{self.name.lower()}"

    def is_host(self, name: str) -> bool:
        """Return whether a host belongs to the service; in lower case, without a port."""
        return self._match(name) is not None

    def region(self, name: str) -> str:
        """Return the region that a host of the service names; "" for none."""
        found = self._match(name)
        return "" if found is None else found["region"] or ""

    def is_at_endpoint(self, request: Request) -> bool:
        """Return whether a request to the emulator's own endpoint is for this service.

        It is if its path is that of the service. Clients whose endpoint cannot have a path send
        requests to `/` and name the action in the query or in headers.
        """
        return self._has_path(request) or (request.path == "/" and self._names_action(request))

    def endpoint_host(self, request: Request) -> str:
        """Return the host and the port of a Host header.

        SDKs whose endpoint is `HOST:PORT/_emulator/sts` send all of it as the Host.
        """
        return request.host.removesuffix(self.path) if self._has_path(request) else request.host

    def _has_path(self, request: Request) -> bool:
        # aliyun-python-sdk-core appends a slash to every endpoint.
        return request.path.removesuffix("/") == self.path

    def _names_action(self, request: Request) -> bool:
        asked = RPCRequest(request, b"", request.query)
        return asked.version == self.version and bool(asked.action)

    def _match(self, name: str) -> re.Match[str] | None:
        # With or without a region; `sts.oss-cn-hangzhou.aliyuncs.com` is a bucket named sts.
        return re.fullmatch(
            rf"{self.name.lower()}(?:-vpc)?(?:\.(?P<region>(?!oss-)[a-z]+-[a-z0-9-]+))?"
            r"\.aliyuncs\.com",
            name,
        )
