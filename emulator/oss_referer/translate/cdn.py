"""Alibaba Cloud CDN: the functions `referer_white_list_set` and `referer_black_list_set`.

The CDN compares domains with the host of the Referer and ignores its scheme and path; `a.com`
includes its sub-domains. There is one list, either a whitelist or a blacklist.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

from oss_referer.browser.probes import Probe
from oss_referer.engine import GramIndex, Pattern, RefererConfiguration, Sentence, header
from oss_referer.engine.pattern import wildcard
from oss_referer.search.entry import Parts, is_blank
from oss_referer.sources import json_text
from oss_referer.sources.toml import SourceError, place_of

_FUNCTIONS = {
    "referer_white_list_set": "refer_domain_allow_list",
    "referer_black_list_set": "refer_domain_deny_list",
}
_HOST = re.compile(r"(?:[^/?#]*://)?(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)")


@dataclass(frozen=True)
class CdnRules:
    """A list of domains."""

    domains: tuple[str, ...] = ()
    is_blacklist: bool = False
    allows_empty: bool = True
    probes: ClassVar[tuple[Probe, ...]] = ()
    """No further probes, because those generated from the entries are enough."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the functions of SetCdnDomainConfig. Raises SourceError."""
        functions = json_text.parse(text)
        if isinstance(functions, dict):
            functions = functions.get("Functions", functions.get("functions", [functions]))
        found = [
            item
            for item in (functions if isinstance(functions, list) else [])
            if isinstance(item, dict) and str(item.get("functionName")) in _FUNCTIONS
        ]
        if len(found) != 1:
            names = " or ".join(_FUNCTIONS)
            raise SourceError(f"the document has {len(found)} Referer functions; write one {names}")
        return cls._parse_function(text, found[0])

    @classmethod
    def _parse_function(cls, text: str, function: dict[str, Any]) -> Self:
        name = str(function["functionName"])
        listed = function.get("functionArgs")
        arguments = {
            str(item.get("argName")): str(item.get("argValue") or "")
            for item in (listed if isinstance(listed, list) else [])
            if isinstance(item, dict)
        }
        place = place_of(text[: text.find(name)])
        if _FUNCTIONS[name] not in arguments:
            raise SourceError(f"{name} has no argument {_FUNCTIONS[name]}; add it", *place)
        texts = arguments[_FUNCTIONS[name]].split(",")
        domains = tuple(filter(None, map(str.strip, texts)))
        if name == "referer_white_list_set" and not domains:
            raise SourceError(
                f"{_FUNCTIONS[name]} is empty, and an empty whitelist of OSS allows everybody; "
                "name a domain",
                *place,
            )
        return cls(
            domains,
            name == "referer_black_list_set",
            arguments.get("allow_empty", "on") == "on",
        )

    def format(self, say: Callable[[Sentence], str] = str) -> str:
        """Format the functions of SetCdnDomainConfig, which contain no comments to translate."""
        name = list(_FUNCTIONS)[self.is_blacklist]
        arguments = {
            _FUNCTIONS[name]: ",".join(self.domains),
            "allow_empty": "on" if self.allows_empty else "off",
        }
        function = {
            "functionName": name,
            "functionArgs": [
                {"argName": argument, "argValue": value} for argument, value in arguments.items()
            ],
        }
        return json.dumps([function], ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_oss(cls, configuration: RefererConfiguration) -> Self:
        """Return rules with the hosts of the whitelist, or of the blacklist without a whitelist."""
        white = [entry for entry in configuration.whitelist if not is_blank(entry)]
        black = [entry for entry in configuration.blacklist if not is_blank(entry)]
        hosts = tuple(dict.fromkeys(Parts.split(entry).host for entry in white or black))
        # A domain already includes its sub-domains.
        domains = tuple(
            host for host in hosts if not (host.startswith("*.") and host[2:] in hosts) and host
        )
        empty = configuration.allow_empty_referer or not white
        return cls(domains, not white, empty)

    def to_oss(self) -> RefererConfiguration:
        """Return rules with an entry for each domain, its sub-domains and each scheme."""
        if self.is_blacklist:
            # OSS denies empty Referers only with a whitelist, so `*` is needed.
            everybody = () if self.allows_empty else ("*",)
            return RefererConfiguration(
                self.allows_empty, whitelist=everybody, blacklist=self.entries
            )
        return RefererConfiguration(self.allows_empty, whitelist=self.entries)

    def allows(self, referer: str | None) -> bool:
        sent = header.trim(referer)
        if not sent:
            return self.allows_empty
        found = _HOST.match(sent)
        host = found[1].lower() if found else ""
        return self._names(host) != self.is_blacklist

    @property
    def entries(self) -> tuple[str, ...]:
        """An entry for each domain, its sub-domains and each scheme."""
        names: list[str] = []
        for domain in self.domains:
            names += [domain] if "*" in domain else [domain, f"*.{domain}"]
        return tuple(f"{scheme}://{name}/" for name in names for scheme in ("https", "http"))

    def _names(self, host: str) -> bool:
        dots = (place for place, character in enumerate(host) if character == ".")
        if host in self._plain or any(host[dot + 1 :] in self._plain for dot in dots):
            return True
        candidates = self._wild.candidates(host)
        return any(wildcard(item.text).match(host) for item in candidates)

    @cached_property
    def _plain(self) -> frozenset[str]:
        return frozenset(domain.lower() for domain in self.domains if "*" not in domain)

    @cached_property
    def _wild(self) -> GramIndex:
        domains = (domain.lower() for domain in self.domains if "*" in domain)
        return GramIndex(Pattern.of(domain, domain) for domain in domains)
