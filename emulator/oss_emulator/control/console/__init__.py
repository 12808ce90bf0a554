"""The console: pages below `/_emulator/` about requests, rules, buckets and the emulator itself.

One page is one file of routes with one template, and at most one module of script. A page is loaded
when it is first asked for, so that a server without visitors does not pay for it.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final

from oss_emulator.control import api
from oss_emulator.control.api.access import LoginNeededError
from oss_emulator.control.api.route import (
    PREFIX,
    ApiError,
    Route,
    ServiceRefusalError,
    choose,
    reply,
)
from oss_emulator.protocol import signature
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings

PAGES: Final[Mapping[str, str]] = {
    "": "emulator",
    "requests": "requests",
    "rules": "rules",
    "buckets": "buckets",
    "objects": "objects",
    "content": "objects",
    "signed": "objects",
    "embed": "embed",
    "emulator": "emulator",
    "remedies": "story",
    "resend": "story",
    "connect": "connect",
    "login": "login",
    "static": "static_files",
}
"""The first words of the paths, each with the module of this package that has its routes."""

HTML: Final = "text/html"

LOGIN: Final = "X-OSS-Emulator-Login"
"""The header of a refusal that tells a script of a page that its reader has to log in."""

_DOORS: Final = frozenset({"/", PREFIX.rstrip("/")})
"""The paths of the endpoint from which a browser is led to the console."""

EMBED_DOMAIN: Final = "embed.localhost"
"""The domain of the pages of the embed test. No bucket has a host below it: its name has no dot."""


def find(request: Request) -> tuple[Route, str]:
    """Find the route of a request, among the pages or in the API; raises `ApiError`.

    A path that ends with `.json` is that of the page without it.
    """
    path = request.path.removeprefix(PREFIX)
    word = path.removesuffix(".json").partition("/")[0]
    if word not in PAGES:
        return api.find(request)
    routes: tuple[Route, ...] = import_module(f"{__name__}.{PAGES[word]}").ROUTES
    if word != "static":
        request = request._replace(path=request.path.removesuffix(".json"))
    return choose(routes, request)


def wants_page(request: Request) -> bool:
    """Return whether a request asks for a page, not for JSON."""
    return HTML in request.headers.get("accept", "") and not request.path.endswith(".json")


def is_host(host: str) -> bool:
    """Whether a Host header names a page of the embed test."""
    return host.partition(":")[0].endswith(f".{EMBED_DOMAIN}")


def show(request: Request, is_endpoint: Callable[[str], bool]) -> Response | None:
    """Answer a visit outside of `/_emulator/`; None for a request that is not for the console.

    A browser that opens the endpoint itself is led to the console, and hosts below
    `embed.localhost` have the pages of the embed test.
    """
    if is_host(request.host):
        from oss_emulator.control.console import embed  # loads the lab

        return embed.answer(request)
    if request.path not in _DOORS or request.method != "GET" or not wants_page(request):
        return None
    if request.query_string or signature.is_signed(request):
        return None
    return Response(302, {"Location": PREFIX}) if is_endpoint(request.host) else None


def show_error(request: Request, error: ApiError, settings: Settings) -> Response:
    """Answer a refused request: with JSON, with a page, or with the way to the login.

    What a script of a page asks for is not led there: the script tells its reader to log in.
    A browser, which says its languages, gets the sentence in that of the pages, unless the service
    says it.
    """
    needs_login = isinstance(error, LoginNeededError) and bool(settings.admin_token)
    if not wants_page(request) and "accept-language" not in request.headers:
        answer = reply({"error": error.sentence}, error.status)
    else:
        from oss_emulator.control.console import login, page  # loads jinja2

        said = error.sentence
        if not isinstance(error, ServiceRefusalError):
            said = page.texts_of(request).message(said)
        if not wants_page(request):
            answer = reply({"error": said}, error.status)
        elif needs_login and request.method == "GET" and page.FRAGMENT not in request.headers:
            return login.lead(request)
        else:
            answer = page.render(request, "error", {"error": error, "said": said}, error.status)
    return answer._replace(headers={**answer.headers, LOGIN: "needed"}) if needs_login else answer
