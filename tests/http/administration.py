"""Requests to an emulator's control API."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import Any, NamedTuple

from oss_emulator import Emulator
from oss_emulator.control.api.access import HEADER
from oss_emulator.control.api.route import PREFIX

REFERER = "http://www.example.com/"
"""The Referer that the rules of `site` allow."""


class Answer(NamedTuple):
    status: int
    text: str
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class Admin(NamedTuple):
    """An emulator, and requests to it."""

    emulator: Emulator

    def send(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.emulator.port, timeout=20)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {**_mark(path), **(headers or {})})
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), dict(response.headers))
        finally:
            connection.close()

    def get(self, target: str, referer: str | None = None) -> Answer:
        return self.send("GET", target, headers={"Referer": referer} if referer else {})


def _mark(path: str) -> dict[str, str]:
    """The header that changes need; on another request it would have to be signed."""
    return {HEADER: "1"} if path.startswith(PREFIX) else {}
