"""Requests to the API and to pages without a socket."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, TypeVar

from oss_emulator.control.api.route import PREFIX, ApiError, ApiRequest, OwnerRequest, reply
from oss_emulator.control.console import find
from oss_emulator.control.controls import Controls
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import Journal, JournalEntry
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response

T = TypeVar("T")


async def change(work: Callable[[], T]) -> T:
    """Run a change of the contents at once."""
    return work()


class ApiAnswer(NamedTuple):
    """The status and the JSON of an answer."""

    status: int
    json: Any


class ApiCaller:
    """Asks the API of a service."""

    def __init__(self) -> None:
        self.controls = Controls()
        self.service = self.controls.service
        self.metrics = Metrics()

    @property
    def journal(self) -> Journal:
        """The journal of the API."""
        return self.controls.journal

    def oss(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        """Send a request to OSS in the name of the owner."""
        request = _request(method, target, {"content_length": str(len(body)), **headers})
        return self.service.handle(request, body, caller=self.service.accounts.owner)

    def record(
        self,
        target: str,
        referer: str | None = None,
        method: str = "GET",
        answer: Response | None = None,
        fault: Fault | None = None,
        **headers: str,
    ) -> JournalEntry:
        """Record an anonymous request as the next entry of the journal, with its refusal if any."""
        fields = headers if referer is None else {"referer": referer, **headers}
        outcome = self.service.admit(_request(method, target, fields))
        refusal = self.service.render(outcome) if isinstance(outcome, Refused) else Response()
        return self.journal.record(outcome, answer or refusal, 0, 0.0, fault=fault)

    def asked(self, method: str, path: str, body: bytes = b"", **headers: str) -> ApiRequest:
        """Return a request in the form that handlers get."""
        request = _request(method, PREFIX + path, headers)
        _, rest = find(request)
        return ApiRequest(self.controls, change, self.metrics, self.send, request, body, rest)

    async def send(self, request: Request) -> JournalEntry:
        """Record a request without a body as the next entry of the journal."""
        outcome = self.service.admit(request)
        response = self.service.handle(request)
        return self.journal.record(outcome, response, 0, 0.0)

    def response(self, method: str, path: str, body: bytes = b"", **headers: str) -> Response:
        """Return the response to a request; raises `ApiError`."""
        asked = self.asked(method, path, body, **headers)
        route, _ = find(asked.request)
        response = route.handler(asked)
        if isinstance(response, OwnerRequest):
            data = body if response.data is None else response.data
            owner = self.service.accounts.owner
            answer = self.service.handle(response.request, data, caller=owner)
            if answer.status >= 300:
                raise ApiError(answer.status, "The request of the owner failed.")
            return response.finish(answer)
        return response if isinstance(response, Response) else asyncio.run(_finish(response))

    def html(self, path: str, body: object = None, **headers: str) -> str:
        """Return the page that a browser gets for a GET, or for a POST with JSON."""
        method, data = ("GET", b"") if body is None else ("POST", json.dumps(body).encode())
        response = self.response(method, path, data, accept="text/html", **headers)
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/html")
        assert isinstance(response.body, bytes)
        return response.body.decode()

    def __call__(self, method: str, path: str, body: Any = b"", **headers: str) -> ApiAnswer:
        """Send a request; a body that is not bytes is sent as JSON."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            response = self.response(method, path, data, **headers)
        except ApiError as refusal:
            response = reply({"error": refusal.sentence}, refusal.status)
        assert isinstance(response.body, bytes)
        return ApiAnswer(response.status, json.loads(response.body))


def _request(method: str, target: str, headers: dict[str, str]) -> Request:
    """Return a request with the current time; a `_` in the name of a header stands for `-`."""
    fields = {"host": "localhost"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return Request.parse(method, target, fields.items(), time.time())


async def _finish(response: Awaitable[Response]) -> Response:
    return await response
