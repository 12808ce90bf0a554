"""The language of a page: the visitor's choice, or what the browser prefers."""

from typing import Final

from oss_referer.texts import LANGUAGES, Catalogue

from oss_emulator.control.api.access import cookies
from oss_emulator.protocol.message import Request
from oss_emulator.texts import FOLDERS

COOKIE: Final = "oss-emulator-language"
"""The cookie with the chosen language."""


def texts(language: str) -> Catalogue:
    """Return what the pages say in a language."""
    return Catalogue(language, FOLDERS)


def choose(request: Request) -> str:
    """Choose the language of a request: a new choice, the cookie's, or what the browser prefers."""
    for chosen in (request.query.get("language", ""), cookies(request).get(COOKIE, "")):
        if chosen in LANGUAGES:
            return chosen
    for part in request.headers.get("accept-language", "").split(","):
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return next(iter(LANGUAGES))
