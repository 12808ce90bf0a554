"""The WHATWG URL standard: by ada-url, and by the browser itself for where ada-url cannot run.

Chromium escapes `*` in a host, and characters that the standard refuses there. Firefox refuses `*`,
and punycode that stands for nothing. All of that is undone, so that each URL is read alike.
"""

import re
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
            url, host = new(text), None
        except refused:
            try:
                url, host = _ask_otherwise(new, text)
            except refused:
                raise ValueError(text) from None
        members = {name: str(getattr(url, name)) for name in _MEMBERS}
        members["hostname"] = (host or members["hostname"]).replace("%2A", "*")
        if "%" in members["hostname"]:
            raise ValueError(text)
        return members

    return parse


_HOST = re.compile(r"://(?:[^/\\?#]*@)?(?P<host>[^/\\?#]*)")
_WILDCARD = re.compile(r"[*\ufe61\uff0a]|%2a", re.IGNORECASE)
_PUNYCODE = re.compile("xn--", re.IGNORECASE)


def _ask_otherwise(new: Callable[[str], Any], text: str) -> tuple[Any, str]:
    """Read a URL with `_` in its host in place of what Firefox refuses; return it and its host.

    Raises `ValueError`, or what `new` raises, for a URL that every browser refuses.
    """
    found = _HOST.search(text)
    if found is None:
        raise ValueError(text)
    plain, wildcards = _WILDCARD.subn("_", found["host"])
    codes = 0
    if plain.isascii():  # beside other letters, every browser refuses such punycode
        plain, codes = _PUNYCODE.subn("xn-_", plain)
    url = new(f"{text[: found.start('host')]}{plain}{text[found.end('host') :]}")
    if wildcards:
        return url, "*"
    host = str(url.hostname)
    if "xn--" in host or host.count("xn-_") != codes:  # the text itself has `xn-_`, or hides `xn--`
        raise ValueError(text)
    return url, host.replace("xn-_", "xn--")


def choose() -> UrlStandard:
    """Return ada-url where it is installed, and the browser's own URL where this runs in one."""
    if find_spec("ada_url"):
        return parse_with_ada
    from js import URL
    from pyodide.ffi import JsException

    return browser_parser(URL.new, JsException)
