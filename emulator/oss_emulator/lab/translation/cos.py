"""Tencent Cloud COS: its own RefererConfiguration, with either a whitelist or a blacklist.

A domain is compared by prefix with what follows the scheme, so `a.com` matches any port, and
`a.com:8080` only that port. `*` stands for labels of a host; `*.b.com` matches `b.com` too. A
request that is signed in its header or its URL is never checked.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Self

from oss_emulator.lab.entry import is_blank
from oss_emulator.lab.probes import Probe
from oss_emulator.markup import writing
from oss_emulator.markup.document import XmlDocument
from oss_emulator.markup.writing import Tag
from oss_emulator.referer import header
from oss_emulator.referer.gram_index import GramIndex
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.pattern import Pattern
from oss_emulator.referer.request import Signing
from oss_emulator.toml import SourceError
from oss_emulator.wildcard import wildcard

_SCHEME = re.compile(r"\A(?:[A-Za-z][A-Za-z0-9+.-]*|\*)://")
_VALUES = {
    "Status": ("Enabled", "Disabled"),
    "RefererType": ("White-List", "Black-List"),
    "EmptyReferConfiguration": ("Allow", "Deny"),
}


@dataclass(frozen=True)
class CosRules:
    """The configuration that PUT Bucket referer sets."""

    domains: tuple[str, ...] = ()
    is_blacklist: bool = False
    allows_empty: bool = False
    enabled: bool = True
    probes: ClassVar[tuple[Probe, ...]] = ()
    """It needs none: those generated from the entries suffice."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the XML of COS. Raises SourceError."""
        parsed = XmlDocument.parse(text.encode())
        root = parsed.root
        if root.name != "RefererConfiguration" or root.find("RefererType") is None:
            raise SourceError(
                "the document has no RefererType; write the RefererConfiguration of COS"
            )
        values = {name: _value(parsed, name, allowed) for name, allowed in _VALUES.items()}
        listed = root.find("DomainList")
        return cls(
            tuple(item.text.strip() for item in listed.find_all("Domain")) if listed else (),
            values["RefererType"] == "Black-List",
            values["EmptyReferConfiguration"] == "Allow",
            values["Status"] != "Disabled",
        )

    def format(self) -> str:
        """Format the XML of COS."""
        content = [
            Tag("Status", "Enabled" if self.enabled else "Disabled"),
            Tag("RefererType", "Black-List" if self.is_blacklist else "White-List"),
            Tag("DomainList", [Tag("Domain", domain) for domain in self.domains]),
            Tag("EmptyReferConfiguration", "Allow" if self.allows_empty else "Deny"),
        ]
        return writing.format(Tag("RefererConfiguration", content), indent="  ") + "\n"

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """Return the whitelist, or the blacklist if there is no whitelist: COS has one list."""
        white = [entry for entry in configuration.whitelist if not is_blank(entry)]
        black = [entry for entry in configuration.blacklist if not is_blank(entry)]
        domains = tuple(dict.fromkeys(_without_scheme(entry.strip()) for entry in white or black))
        empty = configuration.allow_empty_referer or not white
        return cls(domains, not white, empty, enabled=bool(domains))

    def to_oss(self) -> RefererConfiguration:
        """Return an entry for each domain and scheme, and for the domain of a wildcard."""
        if not self.enabled:
            return RefererConfiguration()
        if self.is_blacklist:
            # OSS denies empty Referers only with a whitelist, so `*` is needed.
            everybody = () if self.allows_empty else ("*",)
            return RefererConfiguration(
                self.allows_empty, whitelist=everybody, blacklist=self.entries
            )
        return RefererConfiguration(self.allows_empty, whitelist=self.entries)

    def allows(self, referer: str | None, signed: Signing) -> bool:
        """Return whether COS allows a request."""
        if not self.enabled or signed is not Signing.NONE:
            return True
        sent = header.trim(referer)
        if not sent:
            return self.allows_empty
        rest = _without_scheme(sent)
        candidates = self._index.candidates(rest)
        found = any(wildcard(item.text, "[^/]", whole=False).match(rest) for item in candidates)
        return found != self.is_blacklist

    @property
    def entries(self) -> tuple[str, ...]:
        """An entry for each domain and scheme."""
        return tuple(f"{scheme}://{name}" for name in self._names for scheme in ("https", "http"))

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """The domains without a scheme, and the domain of each `*.domain`."""
        names: list[str] = []
        for domain in map(_without_scheme, self.domains):
            names += [domain, domain[2:]] if domain.startswith("*.") else [domain]
        return tuple(dict.fromkeys(names))

    @cached_property
    def _index(self) -> GramIndex:
        return GramIndex(Pattern.of(name, name) for name in self._names)


def _value(document: XmlDocument, name: str, allowed: tuple[str, ...]) -> str:
    found = document.root.find(name)
    if found is None:
        return ""
    value = found.text.strip()
    if value not in allowed:
        sentence = f"{name} is {value[:40]!r}; write {' or '.join(allowed)}"
        raise SourceError(sentence, *document.place(found))
    return value


def _without_scheme(text: str) -> str:
    return _SCHEME.sub("", text, count=1)
