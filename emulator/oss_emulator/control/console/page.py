"""Renders a page as HTML from its template, or its values as JSON."""

import re
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment
from oss_referer.page import rendering
from oss_referer.texts import LANGUAGES, Catalogue
from oss_referer.version import __version__

from oss_emulator.control.api.access import SESSION, cookies
from oss_emulator.control.api.route import PREFIX, ApiRequest, reply
from oss_emulator.control.console import wants_page
from oss_emulator.protocol.message import Request, Response
from oss_emulator.texts import FOLDERS

COOKIE: Final = "oss-emulator-language"


def choose_language(request: Request) -> str:
    """Return the language of a request, by the query, the cookie or the browser's preferences."""
    for chosen in (request.query.get("language", ""), cookies(request).get(COOKIE, "")):
        if chosen in LANGUAGES:
            return chosen
    for part in request.headers.get("accept-language", "").split(","):
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return next(iter(LANGUAGES))


def texts_of(request: Request) -> Catalogue:
    """Return the texts of the pages in the language of a request."""
    return Catalogue(choose_language(request), FOLDERS)


TABS: Final = ("requests", "rules", "buckets", "embed", "emulator")
"""The pages in the navigation."""

FRAGMENT: Final = "x-oss-emulator-fragment"
"""The header with which a page's script requests only the main part of a page."""

_CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; frame-src http://*.embed.localhost:* https://*.embed.localhost:*; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types console"
)

_HEADERS: Final = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": _CSP,
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language, Cookie",
}

_YEAR: Final = 365 * 24 * 3600


def show(asked: ApiRequest, template: str, values: Mapping[str, Any], **shown: Any) -> Response:
    """Answer with a page, or with its `values` as JSON; `shown` is for the template only."""
    if wants_page(asked.request):
        active = len(asked.controls.faults.planned)
        return render(asked.request, template, {"active": active, **values, **shown})
    answer = reply(values)
    # A browser that goes back to the page must not show the JSON of the same address.
    kept = {name: _HEADERS[name] for name in ("Cache-Control", "Vary")}
    return answer._replace(headers={**answer.headers, **kept})


def render(
    request: Request, template: str, values: Mapping[str, Any], status: int = 200
) -> Response:
    language = choose_language(request)
    whole = FRAGMENT not in request.headers
    word = request.path.removeprefix(PREFIX).removesuffix(".json").partition("/")[0]
    found = _environment().get_template(f"{template}.html")
    text = found.render(
        {"active": 0, **values},
        t=Catalogue(language, FOLDERS),
        language=language,
        languages=LANGUAGES,
        path=request.path,
        tabs=TABS,
        tab=_TAB_OF.get(word, word),
        root=PREFIX,
        frame="frame.html" if whole else "fragment.html",
        session=SESSION in cookies(request),
        release=__version__,
    )
    text = _show_directions(text)
    headers = dict(_HEADERS)
    if request.query.get("language") in LANGUAGES:
        headers["Set-Cookie"] = f"{COOKIE}={language}; Path={PREFIX}; Max-Age={_YEAR}; SameSite=Lax"
    return Response(status, headers, text.encode(errors="replace"))


def pick(item: object, names: str) -> dict[str, Any]:
    """Return some attributes of a value, for JSON."""
    return {name: getattr(item, name) for name in names.split()}


_TAB_OF: Final = {
    "objects": "buckets",
    "signed": "buckets",
    "remedies": "requests",
    "resend": "requests",
}
"""The tab to show for a page without its own tab."""


def format_bytes(count: int) -> str:
    """Format a number of bytes for people, such as `1.5 MB`."""
    size = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def format_seconds(seconds: float) -> str:
    """Format a duration for people, such as `1.5 ms`."""
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def format_moment(seconds: float) -> str:
    """Format a time for readers without scripts; one of today without its date."""
    today = rendering.format_utc(time.time()).partition(" ")[0]
    return rendering.format_utc(seconds).removeprefix(f"{today} ")


@cache
def _environment() -> Environment:
    environment = rendering.load(Path(__file__).with_name("templates"))
    environment.filters["bytes"] = format_bytes
    environment.filters["seconds"] = format_seconds
    environment.filters["moment"] = format_moment
    return environment


def fragment(request: Request, template: str, values: Mapping[str, Any]) -> str:
    """Render a part of a page to send in an event."""
    found = _environment().get_template(f"{template}.html")
    return _show_directions(found.render(**values, t=texts_of(request), root=PREFIX))


_TURN: Final = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""A character that changes the direction of text."""
_SHOWN_TURN: Final = re.compile(
    rf"(?P<kept><(?P<whole>textarea|pre)\b.*?</(?P=whole)>|<[^>]*>)|{_TURN.pattern}", re.DOTALL
)
"""Such a character; or a tag, or text to edit or to copy."""


def _show_directions(html: str) -> str:
    """Write characters that change the direction of text as `[U+202E]`, so that no name deceives.

    Tags, text to edit and text to copy stay unchanged.
    """
    if not _TURN.search(html):
        return html
    return _SHOWN_TURN.sub(lambda found: found["kept"] or f"[U+{ord(found[0]):04X}]", html)
