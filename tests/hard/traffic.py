"""Requests of the hard tests: plain HTTP to a server that does not verify signatures."""

from __future__ import annotations

import http.client
import random
from collections.abc import Mapping
from typing import NamedTuple

FLAGS = ("--auth", "off", "--log-level", "error")
"""With these flags, a request with any signature acts as the owner."""

OWNER = {
    "Authorization": "OSS oss-emulator:unverified",
    "Date": "Sun, 22 Sep 2024 06:32:38 GMT",  # a signature needs a date, but it is not compared
}


class Content(NamedTuple):
    """The content of an object, from a text and a size; -1 means that there is no object."""

    text: str = ""
    size: int = -1

    @property
    def data(self) -> bytes:
        piece = self.text.encode() + b"\n"
        return (piece * (self.size // len(piece) + 1))[: self.size]


ABSENT = Content()


def size(chance: random.Random) -> int:
    """Choose a realistic size: many objects are small, a few have some MiB, some are empty."""
    return chance.choice((0, 1, 1_000, 1_000, 10_000, 100_000, 300_000, 2_000_000))


def rules(number: int) -> bytes:
    """Return Referer rules that allow only one site."""
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
        """Return status and body; raises `OSError` or `HTTPException` without an answer."""
        self._connection.request(method, target, body, {**OWNER, **(headers or {})})
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def close(self) -> None:
        self._connection.close()
