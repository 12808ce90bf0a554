"""`/_emulator/`: the list of pages, which leads a browser to the first one."""

from oss_emulator.control.api.route import PREFIX, ApiRequest, Route, reply
from oss_emulator.control.console import wants_page
from oss_emulator.control.console.page import TABS
from oss_emulator.protocol.message import Response


def list_pages(asked: ApiRequest) -> Response:
    """Lead a browser to the first page; list the pages for other clients."""
    if not wants_page(asked.request):
        return reply({"pages": [f"{PREFIX}{tab}" for tab in TABS]})
    return Response(302, {"Location": f"{PREFIX}{TABS[0]}"})


ROUTES = (Route("GET", "", list_pages),)
