"""The routes of the API: what each takes and returns, and its handler."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from oss_emulator.control.api.schema import Schema
from oss_emulator.control.controls import Controls
from oss_emulator.control.metrics import Metrics
from oss_emulator.protocol.message import Request, Response

PREFIX = "/_emulator/"
"""The prefix of the API's paths, at the server's own host names."""

JSON = "application/json"
PLAIN = "text/plain"


class Refusal(Exception):  # noqa: N818 - an answer, not a failure of the server
    """The error that answers a request."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Asked(NamedTuple):
    """A request to the API, and the service and controls that it acts on."""

    controls: Controls
    metrics: Metrics
    request: Request
    data: bytes
    rest: str
    """The end of the path, in place of a route's `{name}`; "" for other routes."""

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query

    def json(self) -> dict[str, Any]:
        """Parse the body as a JSON object; raises `Refusal`."""
        try:
            value = json.loads(self.data or b"{}")
            # Any text of it may be stored or sent, so it must have an encoding.
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            raise Refusal(400, "The body has an escape such as \\ud800 without its pair.") from None
        except ValueError as error:
            raise Refusal(400, f"The body is not valid JSON: {error}.") from None
        except RecursionError:
            raise Refusal(400, "The body is nested too deeply.") from None
        if not isinstance(value, dict):
            raise Refusal(400, "The body must be a JSON object.")
        return value

    def number(self, name: str) -> float:
        """Parse a number of the query, 0 by default; raises `Refusal`."""
        text = self.query.get(name, "0")
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value < 2**53:
            raise Refusal(400, f"{name} must be a number from 0 to 2^53 - 1, not {text!r}.")
        return value


Handler: TypeAlias = Callable[[Asked], Response | Awaitable[Response]]


class Parameter(NamedTuple):
    """One parameter of a route; `place` is `query`, `header` or `path`."""

    name: str
    place: str
    schema: Schema
    description: str = ""


class Content(NamedTuple):
    """A body: its media types, each with its schema."""

    schemas: Mapping[str, Schema]
    description: str = ""


def json_content(schema: Schema, description: str = "") -> Content:
    """A body of JSON."""
    return Content({JSON: schema}, description)


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path, with their description for the OpenAPI document."""

    method: str
    path: str
    """Below the prefix; its last part may be a name in braces."""
    summary: str
    handler: Handler
    answer: Content
    status: int = 200
    """The status of the answer to a request that succeeds."""
    parameters: tuple[Parameter, ...] = ()
    body: Content | None = None
    errors: tuple[int, ...] = ()
    """The statuses of refusals, besides 403 and the 409 of several workers."""
    open_to_all: bool = False
    """Whether other machines may use it without the token."""
    of_one_process: bool = False
    """Whether it uses the memory of one process and is therefore refused with several workers."""

    @property
    def stem(self) -> str:
        """The path before its name in braces."""
        return self.path.partition("{")[0]


def reply(value: Any, status: int = 200) -> Response:
    """Make a JSON answer."""
    document = json.dumps(value, ensure_ascii=False, indent=2).encode(errors="replace")
    return Response(status, {"Content-Type": JSON}, document + b"\n")
