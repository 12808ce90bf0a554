"""What the hard tests send: plain HTTP to a server that verifies no signature."""

from __future__ import annotations

import http.client
import random
from collections.abc import Mapping
from typing import NamedTuple

FLAGS = ("--auth", "off", "--log-level", "error")
"""With these a request is the owner's when it says that it is signed."""

OWNER = {"Authorization": "OSS oss-emulator:unverified"}


class Content(NamedTuple):
    """The bytes of an object, by what they are made of; size -1 is none."""

    text: str = ""
    size: int = -1

    @property
    def data(self) -> bytes:
        piece = self.text.encode() + b"\n"
        return (piece * (self.size // len(piece) + 1))[: self.size]


ABSENT = Content()


def size(chance: random.Random) -> int:
    """A size as objects have them: many small, a few of some MiB, some of nothing."""
    return chance.choice((0, 1, 1_000, 1_000, 10_000, 100_000, 300_000, 2_000_000))


def rules(number: int) -> bytes:
    """Hotlink protection that lets in one site and nobody else."""
    return (
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList>"
        f"<Referer>https://{number}.example/</Referer></RefererList></RefererConfiguration>"
    ).encode()


class Client:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def send(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """The status and body of the answer; raises `OSError` or `HTTPException` without one."""
        self._connection.request(method, target, body, {**OWNER, **(headers or {})})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()
