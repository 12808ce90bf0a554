"""Debian's nginx as a reference: it answers many locations over a socket in a folder."""

import re
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.cli.process import wait_for
from tests.client import PATIENCE
from tests.rows import read_cases

CASES = read_cases("others.nginx")

_MAIN = CASES["main"]


@dataclass(frozen=True)
class Request:
    """A request: the location, the values of Referer headers, and the Host."""

    path: str
    referers: tuple[bytes, ...] = ()
    host: str = "nginx.test"

    def format(self) -> bytes:
        lines = [f"GET {self.path} HTTP/1.1".encode(), f"Host: {self.host}".encode()]
        lines += [b"Referer:" + (b" " + value if value else b"") for value in self.referers]
        return b"\r\n".join(lines) + b"\r\n\r\n"


def refusal(program: str, folder: Path, http: str) -> str:
    """Return why nginx refuses the contents of an `http` block; "" if it accepts them."""
    (folder / "temp").mkdir(exist_ok=True)
    path = folder / "nginx.conf"
    path.write_text(_MAIN.format(http=http), encoding="utf-8")
    command = [program, "-t", "-q", "-p", str(folder), "-c", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    return "" if done.returncode == 0 else done.stderr


@contextmanager
def answering(program: str, folder: Path, http: str) -> Iterator[Path]:
    """Run nginx, and yield the path of the socket that `listening` names by default."""
    if said := refusal(program, folder, http):
        pytest.fail(said, pytrace=False)
    for left in folder.glob("socket*"):
        left.unlink()
    path = folder / "socket"
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, cwd=folder)
    try:
        # nginx opens one socket after the other, so the first one may answer alone for a moment.
        sockets = [Path(found) for found in re.findall(r"listen unix:([^;]+);", http)]
        wait_for(lambda: process.poll() is not None or all(map(_connects, sockets)))
        assert process.poll() is None, (folder / "error.log").read_text()
        yield path
    finally:
        process.terminate()
        process.wait(PATIENCE)


def listening(folder: Path, name: str = "socket") -> str:
    """Return the directive of a server; a socket of a folder needs no free port."""
    return f"listen unix:{folder / name};"


def ask(path: Path, requests: Sequence[Request]) -> list[bytes]:
    """Send all requests over one connection and return the bodies of their answers."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
        with connection.makefile("rb") as file:
            answers: list[bytes] = []
            for batch in _batches(requests):
                connection.sendall(b"".join(request.format() for request in batch))
                answers += [_read_body(file) for _ in batch]
            return answers


def _batches(requests: Sequence[Request], size: int = 50) -> Iterable[Sequence[Request]]:
    return (requests[start : start + size] for start in range(0, len(requests), size))


def _read_body(file: BinaryIO) -> bytes:
    length = 0
    status = file.readline()
    assert status.startswith(b"HTTP/1.1 200"), status
    while line := file.readline().strip():
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return bytes(file.read(length))


def _connects(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError:
            return False
        return True
