"""Answers the requests below `/_emulator/`."""

from typing import NamedTuple

from aiohttp import web

from oss_emulator.control import console
from oss_emulator.control.api import journal
from oss_emulator.control.api.access import check_allowed, check_no_callback
from oss_emulator.control.api.route import (
    ApiError,
    ApiRequest,
    OwnerRequest,
    Route,
    ServiceRefusalError,
)
from oss_emulator.control.controls import Controls
from oss_emulator.control.metrics import Metrics
from oss_emulator.operations.admission import Refused
from oss_emulator.operations.call import NO_BODY, Body
from oss_emulator.operations.operation import Takes
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.message import Request, Response
from oss_emulator.server import body, wire
from oss_emulator.server.guard import Guard
from oss_emulator.server.runner import RequestRunner, error_of
from oss_emulator.server.waiting import Waiting
from oss_emulator.server.wire import Exchange


class Administration(NamedTuple):
    """Answers requests by the routes of the API and the console."""

    controls: Controls
    metrics: Metrics
    runner: RequestRunner
    waiting: Waiting

    async def answer(
        self, http: web.BaseRequest, guard: Guard, request: Request
    ) -> Response | None:
        """Answer a request; None for a stream of events, which has been sent on return."""
        try:
            asked, route = await self._read(guard, request)
            with self.waiting.hold():
                if route.stream is None or not route.streams(request):
                    response = await self._handle(guard, asked, route)
                    if request.method != "GET":
                        self.controls.note_change()
                    return response
            stream = route.stream(asked)
        except Exception as failed:
            error = _api_error_of(request, failed)
            return console.show_error(request, error, self.controls.service.settings)
        with self.waiting.hold():
            await wire.send_events(http, journal.HEADERS, stream)
        return None

    async def _read(self, guard: Guard, request: Request) -> tuple[ApiRequest, Route]:
        """Check a request, read its body and find its route."""
        settings = self.controls.service.settings
        check_no_callback(request)
        route, rest = console.find(request)
        if not route.open_to_all:
            check_allowed(request, settings.admin_token)
        return ApiRequest(
            controls=self.controls,
            change=self.runner.change,
            metrics=self.metrics,
            send=self.runner.send,
            request=request,
            data=b"" if route.takes_object else await body.read_document(guard),
            rest=rest,
        ), route

    async def _handle(self, guard: Guard, asked: ApiRequest, route: Route) -> Response:
        """Call a route and, if it returns an `OwnerRequest`, run that too; raises `OSSError`."""
        given = route.handler(asked)
        if not isinstance(given, OwnerRequest):
            return given if isinstance(given, Response) else await given
        service = self.controls.service
        result = service.admit(given.request, service.accounts.owner)
        if isinstance(result, Refused):
            raise result.error
        content = NO_BODY
        if given.data is not None:
            content = Body.of(given.data)
        elif result.operation.takes is not Takes.NOTHING:
            content = await body.read(guard, result, service.environment)
        exchange = Exchange(result, body=content)
        await self.runner.run(exchange)
        return given.finish(exchange.response)


def _api_error_of(request: Request, failed: Exception) -> ApiError:
    if isinstance(failed, ApiError):
        return failed
    error = error_of(request, failed)
    if not isinstance(failed, OSSError):
        return ApiError(error.status, "The emulator failed; its log says why.")
    said = str(error.details.get("ErrorDetail", error.message))
    return ServiceRefusalError(error.status, said)
