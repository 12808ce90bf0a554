"""The WHATWG URL standard: by ada-url, and by the browser itself for where ada-url cannot run.

Chromium escapes `*` in a host, and characters that the standard refuses there. Both are undone, so
that each URL is read alike.
"""

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import Any, Protocol

_MEMBERS = ("protocol", "hostname", "port", "pathname", "search", "href")


class UrlStandard(Protocol):
    """Parses a URL into the members of a browser's URL object."""

    def __call__(self, text: str, /) -> Mapping[str, str]:
        """Raises ValueError for a text that is not a URL."""


def parse_with_ada(text: str) -> Mapping[str, str]:
    """Read a URL with ada-url."""
    import ada_url

    return {name: str(value) for name, value in ada_url.parse_url(text).items()}


def browser_parser(new: Callable[[str], Any], refused: type[Exception]) -> UrlStandard:
    """Return what reads URLs with the class URL of a browser; it raises `refused`."""

    def parse(text: str) -> Mapping[str, str]:
        text.encode()  # half of a character, which the browser would replace
        try:
            url = new(text)
        except refused:
            raise ValueError(text) from None
        members = {name: str(getattr(url, name)) for name in _MEMBERS}
        members["hostname"] = members["hostname"].replace("%2A", "*")
        if "%" in members["hostname"]:
            raise ValueError(text)
        return members

    return parse


def choose() -> UrlStandard:
    """Return ada-url where it is installed, and the browser's own URL where this runs in one."""
    if find_spec("ada_url"):
        return parse_with_ada
    from js import URL
    from pyodide.ffi import JsException

    return browser_parser(URL.new, JsException)
