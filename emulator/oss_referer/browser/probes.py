"""Probes: Referers generated from entries, each to find one common mistake.

`propose_referers` and `guess_site` return defaults for commands without a Referer or a site.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final

from oss_referer.engine import RefererConfiguration
from oss_referer.engine.header import is_sendable
from oss_referer.search.entry import STRANGER_HOST, Parts, choose_stranger, example, fill
from oss_referer.search.url import DEFAULT_PORTS, MAX_LENGTH, WebURL, WebURLError

STRANGER: Final = f"https://{STRANGER_HOST}/"
"""A page of a site that rules hardly ever name."""


class ProbeKind(StrEnum):
    """The subject of a probe, the clearest first."""

    PAGE = "a page of the site"
    ORIGIN = "the origin alone, as browsers send it across sites"
    ROOT_DOMAIN = "the domain without the sub-domain"
    OTHER_SCHEME = "the same host by the other scheme"
    SUB_DOMAIN = "a sub-domain"
    DEEP_SUB_DOMAIN = "a sub-domain of a sub-domain"
    DEEP_PAGE = "a page deeper down"
    QUERY = "a page with a query"
    MISSING = "no Referer header"
    EMPTY = "a Referer header without a value"
    STRANGER = "a stranger"
    LONGER_HOST = "a host that begins with the entry's"
    GLUED_HOST = "a host that ends with the entry's"
    OTHER_ENDING = "the host with one more label at its end"
    IN_PATH = "a stranger with the host in its path"
    IN_QUERY = "a stranger with the host in its query"
    PORT = "the same host on another port"
    NO_SLASH = "an origin without its closing slash"
    NO_SCHEME = "a host without a scheme"
    UPPER_CASE = "the host in upper case"
    VERBATIM = "the entry itself as a Referer"
    NO_HOST = "an address without a host"
    OTHER_PLACE = "what only one of several servers and locations allows"
    FOUND = "a Referer found by search"


STRANGE: Final = (
    ProbeKind.STRANGER,
    ProbeKind.LONGER_HOST,
    ProbeKind.GLUED_HOST,
    ProbeKind.OTHER_ENDING,
    ProbeKind.IN_PATH,
    ProbeKind.IN_QUERY,
)
"""The kinds of probes from strangers, the clearest first."""


@dataclass(frozen=True, slots=True)
class Probe:
    referer: str | None
    """The Referer; None means no header."""
    kind: ProbeKind


def make(entries: Iterable[str]) -> tuple[Probe, ...]:
    """Return the probes for some entries, without duplicates and texts that no header can carry.

    An entry longer than `MAX_LENGTH` has none: no browser sends a Referer that it matches (B-03).
    """
    short = dict.fromkeys(text for text in entries if text.strip() and len(text) <= MAX_LENGTH)
    stranger = choose_stranger(short)
    probes = [
        Probe(None, ProbeKind.MISSING),
        Probe("", ProbeKind.EMPTY),
        *(probe for entry in short for probe in _of(entry)),
        Probe(f"https://{stranger}/", ProbeKind.STRANGER),
        Probe(f"http://{stranger}/", ProbeKind.STRANGER),
    ]
    first: dict[str | None, Probe] = {}
    for probe in probes:
        if is_sendable(probe.referer or ""):
            first.setdefault(probe.referer, probe)
    return tuple(first.values())


def _of(entry: str) -> Iterator[Probe]:
    page, wild = example(entry), Parts.split(entry)
    parts = Parts.split(page)
    if wild.names_host:
        yield Probe(page, ProbeKind.PAGE)
        for kind, vary in _VARIATIONS.items():
            yield Probe(vary(parts), kind)
    else:
        yield Probe(page, ProbeKind.IN_PATH if wild.rest.strip("/*") else ProbeKind.STRANGER)
    if wild.host.startswith("*."):
        root = Parts(parts.scheme, fill(wild.host[2:], "www"), parts.port, parts.rest)
        yield Probe(root.join(), ProbeKind.ROOT_DOMAIN)
    if wild.names_host and "*" in wild.host.rstrip("*"):
        beyond = "evil.test/" if wild.scheme else f"{STRANGER}"
        behind = Parts(wild.scheme, fill(wild.host, beyond), wild.port, parts.rest)
        yield Probe(behind.join(), ProbeKind.IN_PATH)
    if not set(entry) & set("*?"):
        yield Probe(entry.strip(), ProbeKind.VERBATIM)


def _origin(parts: Parts, **changes: str) -> str:
    scheme = changes.get("scheme", parts.scheme or "https")
    return Parts(scheme, changes.get("host", parts.host), parts.port, "/").join()


def _other_port(parts: Parts) -> str:
    return "8443" if parts.port in (None, DEFAULT_PORTS.get(parts.scheme or "")) else "9443"


def _bare(host: str) -> str:
    return host.removeprefix("www.").strip(".")


_VARIATIONS: dict[ProbeKind, Callable[[Parts], str]] = {
    ProbeKind.ORIGIN: _origin,
    ProbeKind.DEEP_PAGE: lambda parts: (
        parts.origin + (parts.rest.rstrip("/") or "") + "/a/page.html"
    ),
    ProbeKind.QUERY: lambda parts: parts.join() + "?page=2",
    ProbeKind.SUB_DOMAIN: lambda parts: _origin(parts, host=f"img.{_bare(parts.host)}"),
    ProbeKind.DEEP_SUB_DOMAIN: lambda parts: _origin(parts, host=f"a.img.{_bare(parts.host)}"),
    ProbeKind.ROOT_DOMAIN: lambda parts: _origin(parts, host=_bare(parts.host)),
    ProbeKind.OTHER_SCHEME: lambda parts: replace(
        parts, scheme="http" if parts.scheme == "https" else "https"
    ).join(),
    ProbeKind.PORT: lambda parts: replace(parts, port=_other_port(parts)).join(),
    ProbeKind.NO_SLASH: lambda parts: parts.origin,
    ProbeKind.NO_SCHEME: lambda parts: parts.authority + parts.rest,
    ProbeKind.UPPER_CASE: lambda parts: replace(parts, host=parts.host.upper()).join(),
    ProbeKind.LONGER_HOST: lambda parts: f"{parts.scheme}://{parts.host}.evil.test/",
    ProbeKind.OTHER_ENDING: lambda parts: f"{parts.scheme}://{parts.host}.cn/",
    ProbeKind.GLUED_HOST: lambda parts: _origin(parts, host=f"not{_bare(parts.host)}"),
    ProbeKind.IN_PATH: lambda parts: f"{STRANGER}{parts.host}/",
    ProbeKind.IN_QUERY: lambda parts: f"{STRANGER}?from={parts.join()}",
}

DEFAULT_SITE: Final = "https://www.example.com"
THIEF: Final = "http://thief.example.org/"

MOST_SITES: Final = 4
"""The most sites of a list to propose."""


def guess_site(rules: RefererConfiguration) -> str:
    """Guess the site of some rules: the first host that their whitelist names.

    Hosts without a wildcard come first. `https://*.example.com/` gives `https://www.example.com`.
    """
    entries = sorted(rules.whitelist, key=lambda entry: bool({*Parts.split(entry).host} & {*"*?"}))
    return next(name_sites(entries), DEFAULT_SITE)


def propose_referers(rules: RefererConfiguration) -> tuple[str, ...]:
    """Propose Referers to try: pages of the sites that rules name, and pages of strangers."""
    named = list(islice(name_sites(rules.whitelist), MOST_SITES)) or [DEFAULT_SITE]
    denied = islice(name_sites(rules.blacklist), MOST_SITES)
    first = named[0]
    return tuple(
        dict.fromkeys(
            [
                f"{first}/",
                f"{first}/page.html?id=1",
                *(f"{site}/" for site in named[1:]),
                *(f"{site}/" for site in denied),
                f"{first}.evil.test/",
                THIEF,
            ]
        )
    )


def name_sites(entries: Iterable[str]) -> Iterator[str]:
    """Yield the origins of pages that entries name, one for each host."""
    seen = set()
    for entry in entries:
        if not Parts.split(entry).names_host:
            continue
        try:
            url = WebURL.parse(example(entry))
        except WebURLError:
            continue
        if url.host not in seen:
            seen.add(url.host)
            yield url.origin
