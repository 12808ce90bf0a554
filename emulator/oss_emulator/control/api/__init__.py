"""The API below `/_emulator/`: inspect the server, set it up, and plan faults.

One file per resource lists its routes; dispatch and the OpenAPI document follow from them.
"""

import json
from functools import cache

from oss_emulator.control.api import (
    clock,
    faults,
    health,
    journal,
    openapi,
    referer,
    seed,
    snapshots,
)
from oss_emulator.control.api.access import (
    HEADER,
    TOKEN_HEADER,
    check_allowed,
    check_no_callback,
    protect,
)
from oss_emulator.control.api.journal import EVENTS
from oss_emulator.control.api.route import (
    JSON,
    PREFIX,
    Asked,
    Handler,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.protocol.message import Request, Response

__all__ = [
    "HEADER",
    "PREFIX",
    "ROUTES",
    "TOKEN_HEADER",
    "Asked",
    "Refusal",
    "check_allowed",
    "check_alone",
    "check_no_callback",
    "document",
    "find",
    "follows",
    "protect",
    "reply",
]


@cache
def document() -> bytes:
    """Make the OpenAPI document of these routes, as JSON."""
    schemas = {**clock.SCHEMAS, **faults.SCHEMAS, **journal.SCHEMAS, **referer.SCHEMAS}
    return json.dumps(openapi.describe(ROUTES, schemas), indent=1).encode()


def get_openapi(asked: Asked) -> Response:
    """Return the OpenAPI document of these routes."""
    return Response(200, {"Content-Type": JSON}, document())


ROUTES: tuple[Route, ...] = (
    *health.ROUTES,
    Route(
        "GET",
        "openapi.json",
        "This document",
        get_openapi,
        json_content({"type": "object"}, "An OpenAPI document."),
    ),
    *seed.ROUTES,
    *snapshots.ROUTES,
    *journal.ROUTES,
    *referer.ROUTES,
    *faults.ROUTES,
    *clock.ROUTES,
)


def find(request: Request) -> tuple[Handler, str]:
    """Find the handler of a request, and the name at the end of its path; raises `Refusal`."""
    path = request.path.removeprefix(PREFIX)
    methods = set()
    for route in ROUTES:
        stem = route.stem
        if path == stem or (stem != route.path and path.startswith(stem)):
            if route.method == request.method:
                return route.handler, path.removeprefix(stem)
            methods.add(route.method)
    if methods:
        raise Refusal(405, f"{request.path} takes {', '.join(sorted(methods))}.")
    paths = ", ".join(dict.fromkeys(PREFIX + route.path for route in ROUTES))
    raise Refusal(404, f"{request.path} does not exist; use {paths}.")


_OF_ONE_PROCESS = frozenset(
    route.path.partition("/")[0] for route in ROUTES if route.of_one_process
)


def check_alone(request: Request, workers: int) -> None:
    """Raise `Refusal` if there are several `workers` and the route concerns one process."""
    word = request.path.removeprefix(PREFIX).partition("/")[0]
    if workers > 1 and word in _OF_ONE_PROCESS:
        raise Refusal(
            409,
            f"Each worker would have its own {word}: start the server with one worker to use it.",
        )


def follows(handler: Handler, request: Request) -> bool:
    """Return whether a request asks for a stream of events and the handler has one."""
    return handler is journal.list_entries and EVENTS in request.headers.get("accept", "")
