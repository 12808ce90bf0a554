"""An application server that receives callbacks and GETs and sends the replies that a test sets.

It runs on the event loop of the test by the fixture `aiohttp_server` of pytest-aiohttp. The clients
of the tests block, so these tests run `in_thread`.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec

from aiohttp import web
from aiohttp.test_utils import TestServer

StartServer = Callable[[web.Application], Awaitable[TestServer]]
"""The type of `aiohttp_server`."""

Arguments = ParamSpec("Arguments")


def in_thread(test: Callable[Arguments, None]) -> Callable[Arguments, Coroutine[Any, Any, None]]:
    """Run a test in a thread, while its event loop runs the application."""

    @wraps(test)
    async def run(*arguments: Arguments.args, **named: Arguments.kwargs) -> None:
        await asyncio.to_thread(test, *arguments, **named)

    return run


@dataclass(frozen=True)
class Reply:
    """The answer of the application."""

    body: bytes = b'{"a":"b"}'
    status: int = 200
    has_length: bool = True
    """Whether Content-Length is sent."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """A request that arrived."""

    line: str
    headers: Mapping[str, str]
    """The headers by name, in lower case."""
    body: bytes


@dataclass
class Application:
    """The replies by path, and the requests that have arrived."""

    replies: dict[str, Reply] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    holds: set[str] = field(default_factory=set)
    """Paths whose requests wait until `release` and get no reply."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set when a request has arrived."""
    port: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.get_running_loop)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def release(self) -> None:
        """End the requests that wait without a reply; later ones wait again."""
        self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Send the reply that the test has set."""
        version = f"HTTP/{request.version.major}.{request.version.minor}"
        line = f"{request.method} {request.raw_path} {version}"
        headers = {name.lower(): value for name, value in request.headers.items()}
        taken = Taken(line, headers, await request.read())
        held = request.raw_path in self.holds
        self.taken.append(taken)
        self.arrived.set()
        if held:
            await self._released.wait()
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        reply = self.replies.get(request.raw_path, Reply())
        if reply.has_length:
            return web.Response(body=reply.body, status=reply.status, headers=reply.headers)
        response = web.StreamResponse(status=reply.status, headers=reply.headers)
        await response.prepare(request)
        await response.write(reply.body)
        return response


@asynccontextmanager
async def run(start_server: StartServer) -> AsyncIterator[Application]:
    """Run an application on a free port."""
    application = Application()
    routes = web.Application()
    routes.router.add_route("*", "/{path:.*}", application.answer)
    application.port = (await start_server(routes)).port or 0
    yield application
    application.release()


class Names:
    """Resolves `*.example` to this machine and counts how often."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._resolve = socket.getaddrinfo

    def __call__(self, host: Any, *arguments: Any, **named: Any) -> Any:
        if str(host).endswith(".example"):
            self.asked.append(host)
            host = "127.0.0.1"
        return self._resolve(host, *arguments, **named)
