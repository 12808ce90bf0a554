"""Routes of the API: handlers, and schemas of OpenAPI 3.1 for requests and answers."""

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from oss_referer.sources import json_text
from oss_referer.sources.toml import SourceError

from oss_emulator.control.contents import WriteRunner
from oss_emulator.control.controls import Controls
from oss_emulator.control.journal import JournalEntry
from oss_emulator.control.metrics import Metrics
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.parameters import is_number

Schema: TypeAlias = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
FLAG: Schema = {"type": "boolean"}

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON parser represents exactly."""

COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER}


def record(**properties: Schema) -> Schema:
    """Make the schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def array(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def one_of(*schemas: Schema) -> Schema:
    return {"oneOf": list(schemas)}


def described(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def reference(name: str) -> Schema:
    """Refer to a schema among the components of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


PREFIX = "/_emulator/"
"""The prefix of the API's paths, at the server's own host names."""

JSON = "application/json"
PLAIN = "text/plain"
EVENTS = "text/event-stream"


class ApiError(Exception):
    """The error that answers a request."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class ServiceRefusalError(ApiError):
    """An error of OSS in the service's own words, which are not translated."""


class ApiRequest(NamedTuple):
    """A request to the API, and the service and controls that it acts on."""

    controls: Controls
    change: WriteRunner
    """Runs functions that change the contents."""
    metrics: Metrics
    send: Callable[[Request], Awaitable[JournalEntry]]
    """Performs a request to OSS that no client has sent; returns its entry of the journal."""
    request: Request
    data: bytes
    rest: str
    """The end of the path that matches a route's `{name}`; "" for other routes."""

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    def json(self) -> dict[str, Any]:
        """Parse the body as a JSON object; raises `ApiError`."""
        try:
            value = json_text.parse(self.data or b"{}")
        except SourceError as error:
            raise ApiError(400, f"The body cannot be read: {error}.") from None
        if not isinstance(value, dict):
            raise ApiError(400, "The body must be a JSON object.")
        return value

    def number(self, name: str) -> float:
        """Parse a number in the query; 0 without a value. Raises `ApiError`."""
        text = self.query.get(name) or "0"
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 2**53:
            raise ApiError(400, f"{name} must be a number from 0 to 2^53 - 1, not {text!r}.")
        return value

    def since(self) -> int:
        """Return the number after which entries are requested; raises `ApiError`.

        It is `since`, or if greater Last-Event-ID, which a browser sends when it reconnects.
        """
        last = self.request.headers.get("last-event-id", "")
        known = int(last) if is_number(last) else 0
        return max(known, int(self.number("since")))


class OwnerRequest(NamedTuple):
    """A request to OSS that the server performs as the owner, without a signature."""

    request: Request
    finish: Callable[[Response], Response]
    """Converts the answer of OSS to the answer to send."""
    data: bytes | None = None
    """The body; None to use the body of the request to the API."""


Handler: TypeAlias = Callable[[ApiRequest], Response | OwnerRequest | Awaitable[Response]]


class Parameter(NamedTuple):
    """One parameter of a route; `place` is `query`, `header` or `path`."""

    name: str
    schema: Schema
    description: str = ""
    place: str = "query"


class Content(NamedTuple):
    """The media types of a body, each with its schema."""

    schemas: Mapping[str, Schema]
    description: str = ""


def json_content(schema: Schema, description: str = "") -> Content:
    return Content({JSON: schema}, description)


_NOT_DESCRIBED = Content({})


class Route(NamedTuple):
    """A method and a path, and the handler for them."""

    method: str
    path: str
    """The path below the prefix; its last part may be a name in braces."""
    handler: Handler
    answer: Content = _NOT_DESCRIBED
    """Shown in the OpenAPI document, like the next four fields; it omits the console's routes."""
    status: int = 200
    """The status of a successful answer."""
    parameters: tuple[Parameter, ...] = ()
    body: Content | None = None
    errors: tuple[int, ...] = ()
    """The statuses of errors other than 403."""
    open_to_all: bool = False
    """Whether other machines may use it without the token."""
    stream: Callable[[ApiRequest], AsyncGenerator[bytes]] | None = None
    """Yields the events of an endless answer, for `Accept: text/event-stream`."""
    takes_object: bool = False
    """Whether the body is the content of an object, which is stored while it arrives."""

    @property
    def summary(self) -> str:
        """The first sentence of the handler's docstring."""
        return (self.handler.__doc__ or "").partition(".")[0]

    @property
    def stem(self) -> str:
        """The path before its name in braces."""
        return self.path.partition("{")[0]

    def streams(self, request: Request) -> bool:
        return self.stream is not None and EVENTS in request.headers.get("accept", "")


def choose(routes: Sequence[Route], request: Request) -> tuple[Route, str]:
    """Choose the route of a request, and the name at the end of its path; raises `ApiError`."""
    path = request.path.removeprefix(PREFIX)
    if request.method == "GET":  # a DELETE of faults/ lacks its id, and must not delete all
        path = path.removesuffix("/")
    methods = set()
    for route in routes:
        stem = route.stem
        if path == stem or (stem != route.path and path.startswith(stem)):
            if route.method == request.method:
                return route, path.removeprefix(stem)
            methods.add(route.method)
    if methods:
        raise ApiError(405, f"{request.path} takes {', '.join(sorted(methods))}.")
    paths = ", ".join(dict.fromkeys(PREFIX + route.path for route in routes))
    raise ApiError(404, f"{request.path} does not exist; use {paths}.")


def reply(value: Any, status: int = 200) -> Response:
    """Make a JSON answer."""
    document = json.dumps(value, ensure_ascii=False, indent=2).encode(errors="replace")
    return Response(status, {"Content-Type": JSON}, document + b"\n")
