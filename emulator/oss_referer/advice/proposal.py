"""Proposals: rules for a site, in the safe forms that the linter knows, and what they must decide.

The decision table of a proposal tests each entry, so `oss-emulator test` can show in CI that the
rules still do what was wanted.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import RefererConfiguration
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.search.entry import Parts
from oss_referer.search.url import DEFAULT_PORTS, encode_host, is_address, is_host, registered
from oss_referer.sources.tables import Case, Expected

CONSOLE = "console.aliyun.com"
MINI_PROGRAMS = "https://servicewechat.com/"
"""What the preview of the console and mini programs send (R-44)."""
APPID = re.compile(r"wx[0-9A-Za-z]{4,30}")
"""The appid of a mini program."""
_EMPTY_DENIED, _BLACKLISTED, _NOT_LISTED = (f"0003-0000050{number}" for number in (1, 2, 3))


class ProposalError(ValueError):
    """No rules can be proposed for a wish; the text says why."""


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """Who may show the objects of a bucket."""

    site: str
    """The URL of a page of the site."""
    subdomains: bool = False
    mini_programs: tuple[str, ...] = ()
    """The appids of WeChat mini programs."""
    console: bool = False
    cdn: tuple[str, ...] = ()
    """Hosts of a CDN whose style sheets name objects (B-04)."""
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rules, and what they must decide."""

    configuration: RefererConfiguration
    cases: tuple[Case, ...]


def propose(wish: SiteProfile) -> Proposal:
    """Propose rules for a wish. Raises ProposalError."""
    site = _read_site(wish.site)
    white, black = _lists(wish, site)
    configuration = RefererConfiguration(
        allow_empty_referer=wish.allow_empty, whitelist=white, blacklist=black
    )
    if configuration.size > MAX_SIZE:
        raise ProposalError(
            f"the rules would have {configuration.size:,} bytes of entries, and a bucket takes "
            f"{MAX_SIZE:,}; name fewer hosts and mini programs"
        )
    return Proposal(configuration, tuple(_cases(wish, site, black)))


def format_table(proposal: Proposal, site: str) -> str:
    """Format the cases of a proposal for a site as a decision table without rules."""
    blocks = [f"# What the rules for {json.dumps(site)} must decide.\n"]
    for case in proposal.cases:
        members = {"name": case.name}
        if case.referer:
            members["referer"] = case.referer[0]
        members["verdict"] = case.verdict.value
        if case.ec:
            members["ec"] = case.ec
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in members.items()]
        blocks.append("".join(["[[case]]\n", *lines]))
    return "\n".join(blocks)


@dataclass(frozen=True, slots=True)
class _Site:
    schemes: tuple[str, ...]
    """The schemes to allow. A site on http will redirect to https one day, so it gets both."""
    host: str
    port: str | None

    @property
    def base(self) -> str:
        return self.host.removeprefix("www.")

    @property
    def cdn_schemes(self) -> tuple[str, ...]:
        """The schemes of a CDN's style sheets: an http page may use either."""
        return ("https", "http") if "http" in self.schemes else ("https",)

    def origin(self, scheme: str, host: str = "") -> str:
        return Parts(scheme, host or self.host, self.port, "/").join()


def _read_site(url: str) -> _Site:
    try:
        split = urlsplit(url if "://" in url else f"https://{url}")
        host, port = split.hostname or "", split.port
    except ValueError:
        split, host, port = urlsplit(""), "", None
    ascii_host = _read_host(host)
    whole = url.isprintable() and " " not in url  # `urlsplit` would leave out line ends
    if split.scheme not in DEFAULT_PORTS or ascii_host is None or not whole:
        raise ProposalError(
            f"{url!r} is not the address of a site; write one such as https://www.example.com"
        )
    written = None if port is None or str(port) == DEFAULT_PORTS[split.scheme] else str(port)
    both = split.scheme == "http" and written is None
    return _Site(("https", "http") if both else (split.scheme,), ascii_host, written)


def _read_host(host: str) -> str | None:
    """Return a host as browsers send it (B-02); None if none can have it."""
    found = encode_host(host.strip().lower())
    found = f"[{found}]" if found and ":" in found else found
    return found if found and is_host(found) and not set(found) & set("*?_") else None


def _lists(wish: SiteProfile, site: _Site) -> tuple[tuple[str, ...], tuple[str, ...]]:
    white, black = [], []
    names = [site.host]
    if wish.subdomains:
        if is_address(site.host) or "." not in site.base or registered(site.base) is None:
            raise ProposalError(f"{site.base} has no sub-domains of its own; leave them out")
        names = [site.base, f"*.{site.base}"]
    white += [site.origin(scheme, name) for name in names for scheme in site.schemes]
    if wish.subdomains:
        tail = Parts(None, f".{site.base}", site.port, "/").join()
        black += [f"{scheme}://*/*{tail}" for scheme in site.schemes]
    for given in wish.cdn:
        host = _read_host(given)
        if host is None or "." not in host:
            raise ProposalError(f"{given!r} is not a host; write one such as cdn.example.com")
        is_listed = wish.subdomains and not site.port and f".{host}".endswith(f".{site.base}")
        if not is_listed:
            white += [f"{scheme}://{host}/" for scheme in site.cdn_schemes]
    for appid in wish.mini_programs:
        if not APPID.fullmatch(appid):
            raise ProposalError(f"{appid!r} is not an appid; write one such as wx0123456789abcdef")
        white.append(f"{MINI_PROGRAMS}{appid}/")
    if wish.console:
        white.append(f"https://*.{CONSOLE}/")
        black.append(f"https://*/*.{CONSOLE}/")
    return tuple(dict.fromkeys(white)), tuple(dict.fromkeys(black))


def _allow(name: str, referer: str) -> Case:
    return Case(name, Expected.ALLOW, referer=(referer,))


def _deny(name: str, referer: str, ec: str = _NOT_LISTED) -> Case:
    return Case(name, Expected.DENY, referer=(referer,), ec=ec)


def _cases(wish: SiteProfile, site: _Site, black: tuple[str, ...]) -> Iterator[Case]:
    for scheme in site.schemes:
        yield _allow(f"the site by {scheme}", site.origin(scheme))
    yield from _sub_domain_cases(wish, site)
    for host in wish.cdn:
        for scheme in site.cdn_schemes:
            yield _allow(f"a style sheet of {host} by {scheme}", f"{scheme}://{_read_host(host)}/")
    for appid in wish.mini_programs:
        yield _allow(f"the mini program {appid}", f"{MINI_PROGRAMS}{appid}/1/page-frame.html")
    if wish.mini_programs:
        other = f"{MINI_PROGRAMS}wx0000000000000000/1/page-frame.html"
        yield _deny("another mini program", other)
    if wish.console:
        yield _allow("the preview of the console", f"https://oss.{CONSOLE}/")
    yield _deny("another site", STRANGER)
    yield _deny("another site by http", STRANGER.replace("https", "http", 1))
    if not is_address(site.host):
        longer = Parts(site.schemes[0], f"{site.host}.evil.test", None, "/").join()
        yield _deny("a host that begins like the site", longer)
        glued = site.origin(site.schemes[0], f"not{site.base}")
        yield _deny("a host that ends like the site", glued)
    for entry in black:
        address = entry.replace("*/*", "evil.test/x")
        yield _deny(f"another site that {entry} keeps out", address, _BLACKLISTED)
    if not black:
        yield _deny("the site in the path of another site", f"{STRANGER}{site.host}/")
    if wish.allow_empty:
        yield Case("no Referer", Expected.ALLOW)
    else:
        yield Case("no Referer", Expected.DENY, ec=_EMPTY_DENIED)


def _sub_domain_cases(wish: SiteProfile, site: _Site) -> Iterator[Case]:
    if is_address(site.host) or "." not in site.base:
        return
    for scheme in site.schemes:
        sub, root = (site.origin(scheme, host) for host in (f"m.{site.base}", site.base))
        if wish.subdomains:
            yield _allow(f"a sub-domain by {scheme}", sub)
            yield _allow(f"the domain itself by {scheme}", root)
        elif f"m.{site.base}" not in wish.cdn:
            yield _deny(f"a sub-domain by {scheme}", sub)
