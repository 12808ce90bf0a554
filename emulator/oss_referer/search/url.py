"""The URLs of pages and objects, parsed as browsers do, with their hosts and registered domains.

ada-url parses URLs by the WHATWG URL standard (B-02). Where ada-url cannot run, the browser itself
parses them. The public suffix list says which part of a host is a registered domain.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList


DEFAULT_PORTS = {"http": "80", "https": "443"}
_MEMBERS = ("protocol", "hostname", "port", "pathname", "search", "href")


class UrlStandard(Protocol):
    """Parses a URL into the members of a browser's URL object."""

    def __call__(self, text: str, /) -> Mapping[str, str]:
        """Raise ValueError for a text that is not a URL."""


def parse_with_ada(text: str) -> Mapping[str, str]:
    import ada_url

    return {name: str(value) for name, value in ada_url.parse_url(text).items()}


def browser_parser(new: Callable[[str], Any], refused: type[Exception]) -> UrlStandard:
    """Return a parser that uses the class URL of a browser, which raises `refused`.

    Chromium escapes `*` in a host, and characters that the standard refuses there. Firefox refuses
    `*`, and punycode that encodes nothing. The parser undoes this, so that all browsers agree.
    """

    def parse(text: str) -> Mapping[str, str]:
        text.encode()  # raise ValueError for half of a surrogate pair, which browsers replace
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


_HOST_OF_URL = re.compile(r"://(?:[^/\\?#]*@)?(?P<host>[^/\\?#]*)")
_WILDCARD = re.compile(r"[*\ufe61\uff0a]|%2a", re.IGNORECASE)
_PUNYCODE = re.compile("xn--", re.IGNORECASE)


def _ask_otherwise(new: Callable[[str], Any], text: str) -> tuple[Any, str]:
    """Parse a URL with `_` in place of the parts of its host that Firefox refuses.

    Return the URL and its real host. Raises `ValueError`, or what `new` raises, for a URL that
    every browser refuses.
    """
    found = _HOST_OF_URL.search(text)
    if found is None:
        raise ValueError(text)
    plain, wildcards = _WILDCARD.subn("_", found["host"])
    codes = 0
    if plain.isascii():  # with other letters, every browser refuses such punycode
        plain, codes = _PUNYCODE.subn("xn-_", plain)
    url = new(f"{text[: found.start('host')]}{plain}{text[found.end('host') :]}")
    if wildcards:
        return url, "*"
    host = str(url.hostname)
    if "xn--" in host or host.count("xn-_") != codes:  # the text contains `xn-_`, or hides `xn--`
        raise ValueError(text)
    return url, host.replace("xn-_", "xn--")


@cache
def url_parser() -> UrlStandard:
    """Return the parser of ada-url if it is installed, else that of the browser (Pyodide)."""
    if find_spec("ada_url"):
        return parse_with_ada
    from js import URL
    from pyodide.ffi import JsException

    return browser_parser(URL.new, JsException)


RESERVED = frozenset(
    {"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"}
)
"""Top-level names that nobody can register (RFC 2606, 6762, 7686, 9476 and ICANN's `internal`)."""

_LOCAL = frozenset({"internal", "local", "localhost"})

_LABEL = r"[a-z0-9_*?](?:[a-z0-9_*?-]{0,61}[a-z0-9_*?])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\]")
_ADDRESS = re.compile(r"[0-9?]+(?:\.[0-9?]+){3}|\[.*\]")
MAX_HOST = 253
"""The most characters of a DNS name."""


def is_host(host: str) -> bool:
    """Return whether a browser may send a host; `*` and `?` stand for letters."""
    return len(host) <= MAX_HOST and _HOST.fullmatch(host) is not None


def is_port(port: str) -> bool:
    """Return whether a port exists; `*` and `?` stand for digits."""
    return bool(set(port) & set("*?")) or (port.isdigit() and len(port) < 6 and int(port) < 65536)


def is_address(host: str) -> bool:
    return _ADDRESS.fullmatch(host) is not None


def is_machine(host: str) -> bool:
    """Return whether a host is an address or a name of a local machine."""
    return is_address(host) or "." not in host or host.rpartition(".")[2] in _LOCAL


def registered(host: str) -> str | None:
    """Return the registered domain of a host, such as `example.com.cn`.

    Return None for a public suffix, such as `com.cn` or `github.io`, and the whole host for an
    address or a reserved name.
    """
    if host.rpartition(".")[2] in RESERVED or is_address(host):
        return host
    found: str | None = suffix_list().privatesuffix(host)
    return found


def has_known_suffix(host: str) -> bool:
    """Return whether a host is below a public suffix in the list."""
    found: str | None = suffix_list().privatesuffix(host, accept_unknown=False)
    return found is not None


def domain_of(host: str) -> str | None:
    """Return the registered domain of a host; None for an address or a public suffix."""
    found: str | None = None if is_address(host) else suffix_list().privatesuffix(host)
    return found


@cache
def suffix_list() -> "PublicSuffixList":
    from publicsuffixlist import PublicSuffixList  # the import takes a tenth of a second

    return PublicSuffixList()


def fixed_part(host: str) -> str | None:
    """Return a host, or only the whole labels after its last wildcard; None without any."""
    start = max(host.rfind("*"), host.rfind("?")) + 1
    if start == 0:
        return host
    dot = host.find(".", start)
    return host[dot + 1 :] if dot >= 0 else None


def encode_host(host: str) -> str | None:
    """Return a host in ASCII, as browsers send it (B-02); None if it has no ASCII form."""
    labels = []
    for label in host.split("."):
        encoded = label if label.isascii() else _encode_label(label)
        if label and not encoded:
            return None
        labels.append(encoded)
    return ".".join(labels)


# A label with a wildcard beside other letters has no ASCII form: punycode would change its meaning.
_NOT_IN_HOSTS = re.compile(r"[\x00-\x20#%*/:<>?@\[\\\]^|\x7f]")


def _encode_label(label: str) -> str:
    if _NOT_IN_HOSTS.search(label):
        return ""
    try:  # another label follows, so that digits are not an address
        return url_parser()(f"http://{label}.a/")["hostname"].removesuffix(".a")
    except ValueError:
        return ""


def decode_host(host: str) -> str:
    """Decode the punycode of a host; a label that is not valid punycode stays."""
    return ".".join(map(_decode_label, host.split(".")))


def _decode_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        decoded = label[4:].encode().decode("punycode")
    except UnicodeError:
        return label
    return decoded if _encode_label(decoded) == label else label


MAX_LENGTH = 4096
"""The most characters of a Referer that browsers send; they cut a longer one (B-03)."""


class WebURLError(ValueError):
    """A text is not the URL of a page or an object; the message says why."""


@dataclass(frozen=True, slots=True)
class WebURL:
    """An http or https URL without user, password and fragment, as in a Referer."""

    scheme: str
    host: str
    """The host in lower case and in ASCII, with brackets around an IPv6 address."""
    port: str
    """The port; "" for the default of the scheme."""
    path: str
    """The path, which begins with `/`."""
    query: str
    """The query with its `?`; "" without one."""

    @staticmethod
    @lru_cache(1024)
    def parse(text: str) -> "WebURL":
        """Parse a URL as the address bar of a browser does. Raises WebURLError."""
        if "://" not in text:
            raise WebURLError("it does not begin with https:// or http://")
        try:
            url = url_parser()(text)
        except ValueError:
            raise WebURLError(_explain(text)) from None
        scheme = url["protocol"].rstrip(":")
        if scheme not in DEFAULT_PORTS:
            raise WebURLError(f"its scheme is {scheme}, not http or https")
        if "*" in url["hostname"]:
            raise WebURLError("its host has a wildcard")  # valid, but no page has this host
        # Chromium encodes this character, although the standard does not.
        path = url["pathname"].replace("|", "%7C")
        # Keep an empty query, because browsers send its question mark.
        query = url["search"] or ("?" if "?" in url["href"].partition("#")[0] else "")
        return WebURL(scheme, url["hostname"], url["port"], path, query)

    @property
    def origin(self) -> str:
        """The scheme, the host and a port that is not the default."""
        return f"{self.scheme}://{self.host}{self.port and f':{self.port}'}"

    @property
    def text(self) -> str:
        return f"{self.origin}{self.path}{self.query}"

    @property
    def is_address(self) -> bool:
        return is_address(self.host)

    def by(self, scheme: str) -> "WebURL":
        """Return the same URL with another scheme; a default port becomes that of the scheme."""
        port = "" if self.port == DEFAULT_PORTS[scheme] else self.port
        return replace(self, scheme=scheme, port=port)

    def at(self, host: str) -> "WebURL":
        """Return the same URL on another host. Raises WebURLError for a host that is not valid."""
        port = self.port and f":{self.port}"
        return WebURL.parse(f"{self.scheme}://{host}{port}{self.path}{self.query}")


_IGNORED = dict.fromkeys(map(ord, "\t\r\n"))
"""The characters that browsers remove from a URL."""


def _explain(text: str) -> str:
    """Return why a browser refuses a URL: its scheme, its port, or else its host."""
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
