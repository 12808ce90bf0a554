"""`/_emulator/`: the list of pages, which leads a browser to the first one."""

from oss_emulator.control.api.route import PREFIX, ApiRequest, Route, reply
from oss_emulator.control.console import find, wants_page
from oss_emulator.control.console.page import TABS
from oss_emulator.protocol.message import Response


def list_pages(asked: ApiRequest) -> Response:
    """Lead a browser to the first page that this server has; list the pages for other clients."""
    if not wants_page(asked.request):
        return reply({"pages": [f"{PREFIX}{tab}" for tab in TABS]})
    alone = asked.controls.service.settings.workers == 1
    paths = (f"{PREFIX}{tab}" for tab in TABS)
    first = next(
        path
        for path in paths
        if alone or not find(asked.request._replace(path=path))[0].of_one_process
    )
    return Response(302, {"Location": first})


ROUTES = (Route("GET", "", list_pages),)
