"""`/_emulator/health` and `/_emulator/metrics`: the state of the server."""

from oss_referer.version import __version__

from oss_emulator.control.api.route import (
    PLAIN,
    ApiRequest,
    Content,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import TEXT, record
from oss_emulator.control.metrics import CONTENT_TYPE
from oss_emulator.protocol.message import Response


def get_health(asked: ApiRequest) -> Response:
    """Return that the server is up, and its version."""
    return reply({"status": "ok", "version": __version__})


def get_metrics(asked: ApiRequest) -> Response:
    """Return the page that Prometheus reads."""
    return Response(200, {"Content-Type": CONTENT_TYPE}, asked.metrics.format().encode())


ROUTES = (
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
