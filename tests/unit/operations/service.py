"""A service without a socket, and its answers as a test reads them."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request

NOW = 1_750_000_000.0


@dataclass(frozen=True)
class Answer:
    """A response whose body is all there."""

    status: int
    headers: dict[str, str]
    body: bytes

    def text(self, path: str) -> str | None:
        """The text of the first element at a path below the root."""
        found: str | None = etree.fromstring(self.body).findtext(path)
        return found

    @property
    def code(self) -> str:
        """The code of an error, "" where there is none."""
        return (self.text("Code") or "") if self.status >= 400 else ""


class Caller:
    """Asks a service in the name of its owner, at a time the test sets."""

    def __init__(self) -> None:
        self.service = Service()
        self.now = NOW

    def __call__(self, method: str, target: str, body: str | bytes = b"", **headers: str) -> Answer:
        """Send a request; a header's `_` stands for `-`."""
        fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
        request = Request.parse(method, target, [("Host", "localhost"), *fields], self.now)
        data = body.encode() if isinstance(body, str) else body
        owner = self.service.accounts.owner
        response = self.service.handle(request, data, caller=owner)
        assert isinstance(response.body, bytes)
        return Answer(response.status, dict(response.headers), response.body)
