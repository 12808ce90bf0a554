"""What the method, the host, the path and the query of a request determine alone."""

from functools import lru_cache
from typing import Final, NamedTuple

from oss_emulator.documents.access_point import is_alias
from oss_emulator.operations.operation import Operation
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.address import Addresses, Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request

MOST: Final = 1024
"""The most destinations to remember, and the most characters of a path and query of one."""


class Destination(NamedTuple):
    """The target and the operation of a request, where nothing else decides them."""

    target: Target | None
    """None for a domain that only the storage may have bound, and for a refused address."""
    operation: Operation | None
    """None if a header decides it, if there is none, and for the alias of an access point."""


class Destinations:
    """The destinations of requests; those that were asked for last are remembered."""

    def __init__(self, addresses: Addresses, dispatcher: Dispatcher) -> None:
        self._addresses = addresses
        self._dispatcher = dispatcher
        self._find_cached = lru_cache(MOST)(self._find)

    def find(self, request: Request) -> Destination:
        """Find the destination of a request, as if it were one of OSS."""
        method, host = request.method, request.headers.get("host", "")
        path, query = request.path, request.query_string
        find = self._find if len(path) + len(query) > MOST else self._find_cached
        return find(method, host, path, query)

    def _find(self, method: str, host: str, path: str, query_string: str) -> Destination:
        try:
            target = self._addresses.locate_unbound(host, path)
        except OSSError:
            target = None
        if target is None or is_alias(target.bucket):
            return Destination(target, None)
        operation = self._dispatcher.find_by_query(method, target, query_string)
        return Destination(target, operation)
