"""An entry of a list: its pattern, its parts (scheme, host, port, rest), and what it matches."""

import re
from dataclasses import dataclass

from oss_referer.engine import Pattern
from oss_referer.engine.header import WHITE_SPACE


def is_blank(entry: str) -> bool:
    """Return whether an entry is blank; blank entries are ignored (R-25)."""
    return not entry.strip(WHITE_SPACE)


def parse_entry(entry: str) -> Pattern:
    """Compile an entry without the white space around it (R-25).

    Raises ValueError for a blank entry, which would otherwise match everything.
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
"""What such an entry begins with: every Referer that it matches has this host."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an entry, made by `split`; `join` reverses it."""

    scheme: str | None
    """None if the entry has no `://`."""
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


def example(entry: str, star: str = "www") -> str:
    """Return a Referer that an entry matches: a URL in which text replaces the wildcards.

    `star` replaces `*` in the host.
    """
    parts = Parts.split(entry)
    scheme = {None: "https", "*": "https", "http*": "https"}.get(parts.scheme, parts.scheme or "")
    host = parts.host
    if parts.scheme is None and host.startswith("*") and not host.startswith("*."):
        host = host[1:]
    filled = Parts(scheme, fill(host, star), fill_port(parts.port), fill(parts.rest, ""))
    return filled.join() if filled.rest else f"{filled.join()}/"


def fill_port(port: str | None) -> str | None:
    """Return a port that a port with wildcards matches."""
    return port and (port.replace("*", "").replace("?", "1") or "8443")


def fill(text: str, star: str) -> str:
    """Replace each `*` by `star` and each `?` by a letter."""
    return text.replace("*", star).replace("?", "x")
