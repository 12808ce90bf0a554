"""The console: pages below `/_emulator/` about requests, rules, buckets and the emulator itself.

A page is one file of routes with one template, and at most one script. A page is loaded when it is
first requested, so that a server without visitors starts faster.
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
"""The modules of this package with the routes, by the first word of the path."""

HTML: Final = "text/html"

LOGIN: Final = "X-OSS-Emulator-Login"
"""The header of an error that tells a page's script that the user has to log in."""

_DOORS: Final = frozenset({"/", PREFIX.rstrip("/")})
"""The paths of the endpoint that redirect a browser to the console."""

EMBED_DOMAIN: Final = "embed.localhost"
"""The domain of the embed test's pages. Names of buckets have no dot, so none has a host below."""


def find(request: Request) -> tuple[Route, str]:
    """Find the route of a request, of a page or of the API; raises `ApiError`.

    A path that ends with `.json` selects the same page.
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
    """Return whether a request accepts a page instead of JSON."""
    return HTML in request.headers.get("accept", "") and not request.path.endswith(".json")


def is_host(host: str) -> bool:
    """Whether a Host header names a page of the embed test."""
    return host.partition(":")[0].endswith(f".{EMBED_DOMAIN}")


def show(request: Request, is_endpoint: Callable[[str], bool]) -> Response | None:
    """Answer a request outside of `/_emulator/`; None for a request that is not for the console.

    A browser that opens the endpoint itself is redirected to the console, and hosts below
    `embed.localhost` serve the pages of the embed test.
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
    """Answer a refused request with JSON, a page, or a redirect to the login.

    A request of a page's script is not redirected; the script asks the user to log in. A browser
    gets the sentence in the language of the pages, except for the service's own errors. A program
    that sends no Accept-Language gets English.
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
