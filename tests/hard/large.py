"""Upload and download a large object, and measure the peak memory of the server.

`python -m tests.hard.large [GIB]` is the long form.
"""

from __future__ import annotations

import http.client
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.cli.process import Running, serving
from tests.hard.traffic import FLAGS, OWNER

CHUNK = bytes(1024 * 1024)
MOST = 100 * 1024**2
"""The bytes of memory that the server may use at most."""


def chunks(size: int) -> Iterator[bytes]:
    for _ in range(size // len(CHUNK)):
        yield CHUNK


def peak(running: Running) -> int:
    """Return the peak memory of a process in bytes."""
    lines = Path(f"/proc/{running.process.pid}/status").read_text().splitlines()
    (found,) = [line.split()[1] for line in lines if line.startswith("VmHWM:")]
    return int(found) * 1024


def up_and_down(running: Running, size: int) -> None:
    """Put an object of this size, and read it as a whole and in part."""
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=600)
    for target, body in (("/large", None), ("/large/object", size)):
        headers = {**OWNER, "Content-Length": str(body or 0)}
        connection.request("PUT", target, chunks(body) if body else None, headers)
        answer = connection.getresponse()
        assert answer.read() == b""
        assert answer.status == 200
    for part in ({}, {"Range": f"bytes={size // 3}-"}):
        connection.request("GET", "/large/object", headers={**OWNER, **part})
        answer = connection.getresponse()
        length = size - size // 3 if part else size
        assert (answer.status, answer.length) == (206 if part else 200, length)
        while chunk := answer.read(len(CHUNK)):
            assert chunk == CHUNK[: len(chunk)]
            length -= len(chunk)
        assert length == 0
    connection.close()


if __name__ == "__main__":
    gib = float(sys.argv[1]) if len(sys.argv) > 1 else 5.0
    for kind in ((), ("--data", "data")):
        with tempfile.TemporaryDirectory(prefix="oss-emulator-") as scratch:
            place = [str(Path(scratch, word)) if word == "data" else word for word in kind]
            with serving(Path(scratch), *place, *FLAGS) as server:
                up_and_down(server, int(gib * 1024**3))
                print(kind or "memory", f"{peak(server) / 1024**2:.1f} MiB at most for {gib} GiB")
