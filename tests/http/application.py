"""An application server that receives callbacks and GETs and sends the replies that a test sets."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Reply:
    """What the application answers."""

    body: bytes = b'{"a":"b"}'
    status: int = 200
    length: str | None = ""
    """The Content-Length: "" for the length of the body, None to leave it out."""
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

    port: int = 0
    replies: dict[str, Reply] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    holds: set[str] = field(default_factory=set)
    """Paths whose requests wait for the end of the test and get no reply."""
    arrived: threading.Event = field(default_factory=threading.Event)
    """Set when a request has arrived."""
    ended: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def run() -> Iterator[Application]:
    """Run an application on a free port in threads of its own."""
    application = Application()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])))

        def do_GET(self) -> None:
            self._reply(b"")

        def _reply(self, body: bytes) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            application.taken.append(Taken(self.requestline, headers, body))
            application.arrived.set()
            if self.path in application.holds:
                application.ended.wait(20)
                return
            reply = application.replies.get(self.path, Reply())
            self.send_response(reply.status)
            if reply.length is not None:
                self.send_header("Content-Length", reply.length or str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    application.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield application
    finally:
        application.ended.set()
        server.shutdown()
        thread.join(20)
        server.server_close()
