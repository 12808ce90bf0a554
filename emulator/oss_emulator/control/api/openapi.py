"""The OpenAPI document, generated from the routes."""

from collections.abc import Iterable, Mapping
from typing import Any

from oss_referer.version import __version__

from oss_emulator.control.api.access import HEADER, TOKEN_HEADER
from oss_emulator.control.api.route import (
    PLAIN,
    PREFIX,
    TEXT,
    ApiRequest,
    Content,
    Parameter,
    Route,
    Schema,
    json_content,
    record,
    reference,
    reply,
)
from oss_emulator.control.metrics import CONTENT_TYPE
from oss_emulator.pipeline.steps import READS
from oss_emulator.protocol.message import Response


def get_health(asked: ApiRequest) -> Response:
    """Return that the server is up, and its version."""
    return reply({"status": "ok", "version": __version__})


def get_metrics(asked: ApiRequest) -> Response:
    """Return the page that Prometheus reads."""
    return Response(200, {"Content-Type": CONTENT_TYPE}, asked.metrics.format().encode())


HEALTH_ROUTES = (
    Route(
        "GET",
        "health",
        get_health,
        json_content(record(status=TEXT, version=TEXT), "The server is well."),
        open_to_all=True,
    ),
    Route("HEAD", "health", get_health, Content({}, "The server is well."), open_to_all=True),
    Route("GET", "metrics", get_metrics, Content({PLAIN: TEXT}, "The text format of Prometheus.")),
)


_ERRORS: Mapping[int, str] = {
    400: "The request is malformed; the message says what is expected.",
    403: "Sent from another machine without the token, from a page of another origin, or without "
    f"{HEADER}.",
    404: "The bucket, snapshot or fault does not exist.",
    409: "The settings of the server do not allow the request; the message says why.",
}
_TOKEN = "token"  # noqa: S105 - the name of a security scheme

_MARK = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "schema": {**TEXT, "default": "1"},
    "description": f"Any value. {TOKEN_HEADER} may take its place.",
}
"""The parameter of all requests that change something."""


def describe(routes: Iterable[Route], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """Make the document; `schemas` has the schemas that routes refer to by name."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(PREFIX + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "oss-emulator administration",
            "version": "1",
            "description": (
                f"The administration API below {PREFIX}. It answers only this machine, unless the "
                f"server was started with --admin-token and the request sends it in "
                f"{TOKEN_HEADER}. All methods except GET and HEAD need {HEADER} or {TOKEN_HEADER}, "
                "which no form of a web page can send."
            ),
        },
        "security": [{}, {_TOKEN: []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                _TOKEN: {
                    "type": "apiKey",
                    "in": "header",
                    "name": TOKEN_HEADER,
                    "description": "The value of --admin-token; not needed on this machine.",
                }
            },
            "schemas": {"Error": record(error=TEXT), **schemas},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    name = route.handler.__name__
    operation: dict[str, Any] = {
        "operationId": f"head_{name}" if route.method == "HEAD" else name,
        "summary": route.summary,
        "responses": _responses(route),
    }
    parameters = [_parameter(parameter) for parameter in route.parameters]
    if route.method not in READS:
        parameters.append(_MARK)
    if parameters:
        operation["parameters"] = parameters
    if route.body is not None:
        operation["requestBody"] = {"required": True, **_content(route.body)}
    if route.open_to_all:
        operation["security"] = []
    return operation


def _responses(route: Route) -> dict[str, Any]:
    statuses = set(route.errors)
    if not route.open_to_all:
        statuses.add(403)
    errors = {status: json_content(reference("Error"), _ERRORS[status]) for status in statuses}
    answers = {route.status: route.answer, **dict(sorted(errors.items()))}
    return {str(status): _content(answer) for status, answer in answers.items()}


def _content(content: Content) -> dict[str, Any]:
    described = {"description": content.description} if content.description else {}
    schemas = {media: {"schema": schema} for media, schema in content.schemas.items()}
    return {**described, **({"content": schemas} if schemas else {})}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described = {"description": parameter.description} if parameter.description else {}
    return {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "schema": parameter.schema,
        **described,
    }
