"""The API below `/_emulator/`: inspect the server, set it up, and plan faults.

One file per resource lists its routes, from which dispatch and the OpenAPI document are made.
"""

import json
from functools import cache

from oss_emulator.control.api import journal, openapi, referer, testing
from oss_emulator.control.api.route import JSON, ApiRequest, Route, choose, json_content
from oss_emulator.protocol.message import Request, Response


@cache
def document() -> bytes:
    schemas = {**testing.SCHEMAS, **journal.SCHEMAS, **referer.SCHEMAS}
    return json.dumps(openapi.describe(ROUTES, schemas), indent=1).encode()


def get_openapi(asked: ApiRequest) -> Response:
    """Return the OpenAPI document of these routes."""
    return Response(200, {"Content-Type": JSON}, document())


ROUTES: tuple[Route, ...] = (
    *openapi.HEALTH_ROUTES,
    Route(
        "GET",
        "openapi.json",
        get_openapi,
        json_content({"type": "object"}, "An OpenAPI document."),
    ),
    *journal.ROUTES,
    *testing.ROUTES,
    *referer.ROUTES,
)


def find(request: Request) -> tuple[Route, str]:
    """Find the route of a request, and the name at the end of its path; raises `ApiError`."""
    return choose(ROUTES, request)
