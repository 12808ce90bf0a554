"""The worst known requests for images and rows, all at once, and their cost for other requests.

The scenario of `tests/hard/test_overload.py` and of the section "Overload" of the benchmarks.
"""

from __future__ import annotations

import base64
import http.client
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image

PATIENCE: Final = 600.0
BUCKET: Final = "/examplebucket"
SMALL: Final = f"{BUCKET}/small.bin"
SEED: Final = '[[bucket]]\nname = "examplebucket"\nacl = "public-read-write"\n'
MEMORY: Final = 1536.0
"""MiB that the server and its processes may have together."""

SELECTS: Final = 12

_SIDE: Final = 15_800
"""The side of a square image with nearly as many pixels as the service allows."""
_WIDE: Final = 9_000
"""The side of an image that is served, but alone."""
_ROWS: Final = 600_000


class Heavy(NamedTuple):
    """A request that uses as much memory or time as possible."""

    name: str
    method: str
    target: str
    body: bytes = b""


def _image(name: str, key: str, process: str) -> Heavy:
    return Heavy(name, "GET", f"{BUCKET}/{key}?x-oss-process=image/{process}")


def _watermark() -> str:
    key = base64.urlsafe_b64encode(b"mark.png?x-oss-process=image/resize,P_100").decode()
    return "/".join(["watermark,image_" + key.rstrip("=")] * 3)


SMALL_IMAGE: Final = _image("small", "little.png", "resize,w_100")
BLUR: Final = _image("blur", "photo.png", "blur,r_50,s_50")
BLURS: Final = _image("blurs", "photo.png", "/".join(["blur,r_50,s_50"] * 300))
MARKS: Final = _image("watermark", "photo.png", _watermark())
HUE: Final = _image("average-hue", "mark.png", "average-hue")
LARGE: Final = _image("large", "wide.jpg", "resize,w_100")

_SQL: Final = "select count(*) from ossobject where " + " and ".join(
    f"cast(_{column} as timestamp) < cast('2024-0{month}-01' as timestamp)"
    for column, month in ((2, 9), (2, 8), (2, 7))
)
_EXPRESSION: Final = base64.b64encode(_SQL.encode()).decode()
SELECT: Final = Heavy(
    "select",
    "POST",
    f"{BUCKET}/rows.csv?x-oss-process=csv/select",
    f"<SelectRequest><Expression>{_EXPRESSION}</Expression></SelectRequest>".encode(),
)

WORST: Final = (MARKS, HUE, LARGE, BLURS) * 2 + (SELECT,) * SELECTS
"""Eight requests for images and twelve for rows."""

REFUSALS: Final = {(503, "CpuLimitExceeded"), (503, "ServiceUnavailable")}
ANSWERS: Final = REFUSALS | {(200, ""), (206, "")}


def _encode(image: Image.Image, kind: str) -> bytes:
    target = BytesIO()
    image.save(target, kind)
    return target.getvalue()


def photo(side: int) -> bytes:
    """Return a square image with this number of pixels on each side."""
    return _encode(Image.radial_gradient("L").resize((side, side)), "PNG")


def contents() -> dict[str, bytes]:
    """Return the contents of the objects of the scenario, by key."""
    return {
        "small.bin": os.urandom(1024),
        "photo.png": photo(4096),
        "mark.png": _encode(Image.new("P", (_SIDE, _SIDE)), "PNG"),
        "wide.jpg": _encode(Image.new("RGB", (_WIDE, _WIDE)), "JPEG"),
        "little.png": _encode(Image.radial_gradient("L"), "PNG"),
        "rows.csv": b"0123456789,2024-06-01 00:00:00\n" * _ROWS,
    }


def prepare(port: int) -> None:
    """Upload the objects."""
    for key, data in contents().items():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"x-oss-object-acl": "public-read"}
        connection.request("PUT", f"{BUCKET}/{key}", data, headers)
        assert connection.getresponse().status == 200
        connection.close()


class Underway:
    """Requests that were sent, each on a connection of its own."""

    def __init__(self, port: int, requests: Sequence[Heavy]) -> None:
        self.answers: Counter[tuple[str, int, str]] = Counter()
        """How often each kind of request got a status and a code; 0 for no answer."""
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in requests]
        self._threads = [
            threading.Thread(target=self._ask, args=pair)
            for pair in zip(self._sockets, requests, strict=True)
        ]
        self._lock = threading.Lock()
        for thread in self._threads:
            thread.start()

    def _ask(self, connection: socket.socket, heavy: Heavy) -> None:
        head = f"{heavy.method} {heavy.target} HTTP/1.1\r\nHost: localhost\r\n"
        head += f"Connection: close\r\nContent-Length: {len(heavy.body)}\r\n\r\n"
        got = b""
        try:
            connection.sendall(head.encode() + heavy.body)
            while data := connection.recv(1 << 20):
                got = (got + data)[: 1 << 16]
        except OSError:
            got = b""
        status = int(got[9:12] or 0)
        code = got.partition(b"<Code>")[2].partition(b"</Code>")[0].decode()
        with self._lock:
            self.answers[heavy.name, status, code] += 1

    def leave(self) -> None:
        """Close all connections, like clients that stop waiting."""
        for connection in self._sockets:
            connection.shutdown(socket.SHUT_RDWR)

    def wait(self) -> None:
        """Wait for all answers, or for the ends of the connections."""
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "a request got no answer"
        for connection in self._sockets:
            connection.close()


def processes(pid: int) -> list[int]:
    """Return the ids of a process and of its children."""
    children: list[str] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread has just ended
            children += task.read_text().split()
    return [pid, *map(int, children)]


def cpu(pid: int) -> float:
    """Return the seconds of CPU time that a process has used, without its children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Return MiB of memory of a process and its children."""
    total = 0
    for each in processes(pid):
        try:
            total += int(Path(f"/proc/{each}/statm").read_text().split()[1])
        except (OSError, IndexError):  # the process has ended meanwhile
            continue
    return total * os.sysconf("SC_PAGE_SIZE") / 2**20


class Peak:
    """The most memory that a server and its processes had."""

    def __init__(self) -> None:
        self.resident = 0.0
        self._over = threading.Event()

    def watch(self, pid: int) -> None:
        while not self._over.wait(0.02):
            with suppress(FileNotFoundError, ProcessLookupError):  # the server has just ended
                self.resident = max(self.resident, resident(pid))

    def end(self) -> None:
        self._over.set()


@contextmanager
def watching(pid: int) -> Iterator[Peak]:
    """Watch the memory while the block runs."""
    peak = Peak()
    thread = threading.Thread(target=peak.watch, args=(pid,))
    thread.start()
    try:
        yield peak
    finally:
        peak.end()
        thread.join()


def get(port: int) -> float:
    """Read the small object; return the seconds that it took."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", SMALL)
    answer = connection.getresponse()
    assert (answer.status, len(answer.read())) == (200, 1024)
    connection.close()
    return time.perf_counter() - began
