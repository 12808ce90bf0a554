"""Parts: what an entry names, taken apart: scheme, host, port and what follows them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from oss_emulator.referer.header import WHITE_SPACE

DEFAULT_PORTS = {"http": "80", "https": "443"}

# `?` is a wildcard in an entry, so a host may hold it.
_ENTRY = re.compile(
    r"(?:(?P<scheme>[^/:]*)://)?(?P<host>\[[^\]/]*\]|[^/:#]*)(?::(?P<port>[0-9*?]+))?(?P<rest>.*)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Parts:
    """An entry taken apart; `join` puts it together again."""

    scheme: str | None
    """None where the entry has no `://`."""
    host: str
    port: str | None
    rest: str
    """What follows host and port, as a rule a path."""

    @classmethod
    def split(cls, entry: str) -> Parts:
        """Take an entry apart; white space around it is no part of it (R-25)."""
        found = _ENTRY.fullmatch(entry.strip(WHITE_SPACE))
        assert found is not None  # noqa: S101 - every part may be empty
        return cls(found["scheme"], found["host"], found["port"], found["rest"])

    @property
    def names_host(self) -> bool:
        """Whether any letter or digit of a host is written out."""
        return any(character.isalnum() for character in self.host)

    @property
    def authority(self) -> str:
        """The host with its port."""
        return self.host if self.port is None else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """The entry without what follows its host and port."""
        return self.authority if self.scheme is None else f"{self.scheme}://{self.authority}"

    def join(self) -> str:
        """The entry as a whole."""
        return self.origin + self.rest


def example(entry: str, star: str = "www") -> str:
    """An entry as a Referer could be that it matches: its wildcards filled, its scheme there.

    A `*` before a scheme's or path's text becomes what makes a URL of it; any other one `star`.
    """
    parts = Parts.split(entry)
    scheme = {None: "https", "*": "https", "http*": "https"}.get(parts.scheme, parts.scheme or "")
    host = parts.host
    if parts.scheme is None and host.startswith("*") and not host.startswith("*."):
        host = host[1:]
    filled = Parts(scheme, fill(host, star), parts.port, fill(parts.rest, ""))
    return filled.join() if filled.rest else f"{filled.join()}/"


def fill(text: str, star: str) -> str:
    """A text with its wildcards replaced: each `*` by `star`, each `?` by one letter."""
    return text.replace("*", star).replace("?", "x")
