"""The URLs of pages and objects, as browsers read them: the WHATWG URL standard (B-02)."""

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from ipaddress import ip_address

from . import url_standard
from .parts import DEFAULT_PORTS

MAX_LENGTH = 4096
"""The characters of the longest Referer that browsers send; they cut a longer one (B-03)."""


class WebURLError(ValueError):
    """A text is not the URL of a page or an object; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class WebURL:
    """An http or https URL without user, password and fragment, which no Referer contains."""

    scheme: str
    host: str
    """In lower case and in ASCII, with brackets around an IPv6 address."""
    port: str
    """"" for the default port of the scheme."""
    path: str
    """It begins with `/`."""
    query: str
    """With its `?`; "" without one."""

    @staticmethod
    @lru_cache(1024)
    def parse(text: str) -> "WebURL":
        """Read a URL like the address bar of a browser. Raises WebURLError."""
        if "://" not in text:
            raise WebURLError("it does not begin with https:// or http://")
        try:
            url = _standard()(text)
        except ValueError:
            raise WebURLError(_explain(text)) from None
        scheme = url["protocol"].rstrip(":")
        if scheme not in DEFAULT_PORTS:
            raise WebURLError(f"its scheme is {scheme}, not http or https")
        if "*" in url["hostname"]:
            raise WebURLError("its host has a wildcard")  # valid, but no page has it
        # Chromium encodes this character, which the standard leaves alone.
        path = url["pathname"].replace("|", "%7C")
        # A query without characters is kept: only its question mark is sent.
        query = url["search"] or ("?" if "?" in url["href"].partition("#")[0] else "")
        return WebURL(scheme, url["hostname"], url["port"], path, query)

    @property
    def origin(self) -> str:
        """The scheme, the host and a port that is not the default."""
        return f"{self.scheme}://{self.host}{self.port and f':{self.port}'}"

    @property
    def text(self) -> str:
        """The whole URL."""
        return f"{self.origin}{self.path}{self.query}"

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address."""
        try:
            ip_address(self.host.strip("[]"))
        except ValueError:
            return False
        return True

    def by(self, scheme: str) -> "WebURL":
        """Return the same URL with another scheme; a default port becomes that of the scheme."""
        port = "" if self.port == DEFAULT_PORTS[scheme] else self.port
        return replace(self, scheme=scheme, port=port)

    def at(self, host: str) -> "WebURL":
        """Return the same URL on another host. Raises WebURLError for a host that is not valid."""
        port = self.port and f":{self.port}"
        return WebURL.parse(f"{self.scheme}://{host}{port}{self.path}{self.query}")


_standard = cache(url_standard.choose)

_IGNORED = dict.fromkeys(map(ord, "\t\r\n"))
"""The characters that browsers leave out of a URL."""


def _explain(text: str) -> str:
    """Say why a browser refuses a URL: its scheme, its port, or else its host."""
    scheme, _, rest = text.translate(_IGNORED).strip().partition("://")
    if re.fullmatch(r"[A-Za-z][\w+.-]*", scheme, re.ASCII) and scheme.lower() not in DEFAULT_PORTS:
        return f"its scheme is {scheme.lower()}, not http or https"
    authority = rest.replace("\\", "/").partition("/")[0].rpartition("@")[2]
    port = authority.rpartition("]")[2].rpartition(":")[2]
    if port.isdecimal() and int(port[:9]) > 65535:
        return f"its port {port[:9]} is above 65535"
    if not authority.strip(":?#"):
        return "it has no host"
    return "its host or its port is not valid"
