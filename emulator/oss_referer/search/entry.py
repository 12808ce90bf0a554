"""An entry of a list: its pattern, its parts (scheme, host, port, rest), and an example."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, count
from typing import Final

from oss_referer.engine import Pattern
from oss_referer.engine.header import WHITE_SPACE

STRANGER_HOST: Final = "evil.test"
"""The host of another site in examples, if nothing else names it."""


def is_blank(entry: str) -> bool:
    """Return whether an entry is blank; blank entries are ignored (R-25)."""
    return not entry.strip(WHITE_SPACE)


def parse_entry(entry: str) -> Pattern:
    """Compile an entry without the white space around it (R-25).

    Raises ValueError for a blank entry, which would match everything.
    """
    if is_blank(entry):
        raise ValueError("a blank entry cannot be matched")
    return Pattern.of(entry, entry.strip(WHITE_SPACE))


# In an entry `?` is a wildcard, so it may occur in a host.
_ENTRY = re.compile(
    r"(?:(?P<scheme>[^/:]*)://)?(?P<host>\[[^\]/]*\]|[^/:#]*)(?::(?P<port>[0-9*?]+))?(?P<rest>.*)",
    re.DOTALL,
)

FIXED_HOST = re.compile(r"https?://(?P<host>[^/:*?\[\]]+)(?::[0-9*?]*)?/")
"""The beginning of an entry with a fixed host: every Referer that it matches has this host."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an entry, made by `split`; `join` reverses it."""

    scheme: str | None
    """The text before `://`; None without it."""
    host: str
    port: str | None
    rest: str
    """The text after host and port, usually a path."""

    @classmethod
    def split(cls, entry: str) -> "Parts":
        """Split an entry, without the white space around it (R-25)."""
        found = _ENTRY.fullmatch(entry.strip(WHITE_SPACE))
        assert found is not None  # noqa: S101 - every part may be empty
        return cls(found["scheme"], found["host"], found["port"], found["rest"])

    @property
    def names_host(self) -> bool:
        """Whether the host contains a letter or a digit."""
        return any(character.isalnum() for character in self.host)

    @property
    def authority(self) -> str:
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """The entry up to its host and port."""
        return self.authority if self.scheme is None else f"{self.scheme}://{self.authority}"

    def join(self) -> str:
        return self.origin + self.rest


def choose_stranger(texts: Iterable[str]) -> str:
    """Return a host for examples of strangers that none of the texts names.

    A text such as `*test*` or `*.test` names all hosts with this label.
    """
    written = [text.lower() for text in texts]
    named = "\n".join(written)
    labels = {Parts.split(text).host.strip("*?.") for text in written}
    domains = [one for one in ("invalid", "example", "onion") if one not in labels] or ["invalid"]
    hosts = [] if {*STRANGER_HOST.split(".")} & labels else [STRANGER_HOST]
    others = (f"wxyz-{number}.{domains[0]}" for number in count())
    return next(host for host in chain(hosts, others) if host not in named)


def admits_all(pattern: Pattern, scheme: str) -> bool:
    """Return whether an entry matches unrelated sites of a scheme."""
    return all(pattern.matches(f"{scheme}://{host}/") for host in (STRANGER_HOST, "wxyz-0.invalid"))


def example(entry: str, *, stranger: str = "") -> str:
    """Return a Referer that an entry matches: a URL in which text replaces the wildcards.

    The URL is that of a plausible page on the site that the entry names, or on another site such
    as `stranger` if given. An entry with a name only in its path, such as
    `https://*/*.example.com/`, always gets another site.
    """
    parts = Parts.split(entry)
    if not parts.names_host and parts.rest.strip("/*"):
        stranger = stranger or STRANGER_HOST
    schemes = {None: "https", "*": "https", "http*": "https", "http?": "https"}
    scheme = schemes.get(parts.scheme, parts.scheme or "")
    host = "*" if parts.scheme is None and parts.host in ("http*", "https*") else parts.host
    if parts.scheme is None and not stranger and re.match(r"\*[^.*?-]", host):
        host = host[1:]
    filled = Parts(
        scheme, _fill_host(host, stranger), fill_port(parts.port), fill(parts.rest, "")
    ).join()
    return filled if parts.rest.strip("*") else f"{filled}/"


def _fill_host(host: str, stranger: str) -> str:
    """Replace the wildcards of a host; a `*` beside a letter mostly becomes an empty text."""
    host = re.sub(r"\*+", "*", host).replace("?", "x")
    if host == "*":
        return stranger or "www.example.com"
    if not stranger and re.fullmatch(r"[0-9]+[0-9.]*\*", host):  # the beginning of addresses
        begun = [*filter(None, host[:-1].split("."))]
        return ".".join([*begun, *"00"[len(begun) - 1 :], "10"][:4])
    is_name = "." in host or host == "localhost*"
    if host.endswith("*") and (stranger or not is_name):
        host = f"{host[:-1].rstrip('.')}.{stranger or 'example.com'}"
    first, middle = ("evil", "evil") if stranger else ("www", "example")
    host = re.sub(r"^\*" if stranger else r"^\*(?=[.-])", first, host)
    host = re.sub(r"(?<=\.)\*$", "com", host)
    return re.sub(r"(?<=[.-])\*(?=[.-])", middle, host).replace("*", "")


def fill_port(port: str | None) -> str | None:
    """Return a port that a port with wildcards matches."""
    return port and (port.replace("*", "").replace("?", "8") or "8443")


def fill(text: str, star: str) -> str:
    """Replace each `*` by `star` and each `?` by a letter."""
    return text.replace("*", star).replace("?", "x")
