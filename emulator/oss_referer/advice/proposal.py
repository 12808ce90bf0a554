"""Proposals: rules for sites, in the safe forms that the linter knows, with a decision table.

The decision table of a proposal tests each entry, so `oss-emulator test` can check in CI that the
rules still do what the owner wants.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from oss_referer.advice.sites import BOTH, Site, make_console, make_mini_program
from oss_referer.browser.strangers import APPID, CONSOLE, MINI_PROGRAMS
from oss_referer.engine import Reason, RefererConfiguration, Sentence
from oss_referer.engine.policy import MAX_SIZE
from oss_referer.search.entry import Parts, choose_stranger
from oss_referer.search.url import DEFAULT_PORTS, encode_host, is_address, is_host, registered
from oss_referer.sources.tables import Case, Expected


class ProposalError(ValueError):
    """No rules can be proposed for a wish; the text says why."""


@dataclass(frozen=True, slots=True)
class SiteProfile:
    """The sites and clients that may show the objects of a bucket."""

    sites: tuple[str, ...]
    """The URL of a page for each site."""
    subdomains: bool = False
    mini_programs: tuple[str, ...] = ()
    """The appids of WeChat mini programs."""
    console: bool = False
    cdn: tuple[str, ...] = ()
    """Hosts of CDNs with style sheets that name objects (B-04)."""
    allow_empty: bool = False


@dataclass(frozen=True, slots=True)
class Proposal:
    """Rules, and the cases that they must decide."""

    configuration: RefererConfiguration
    cases: tuple[Case, ...]


def propose(wish: SiteProfile) -> Proposal:
    """Propose rules for a wish. Raises ProposalError."""
    sites = tuple(dict.fromkeys(map(_read_site, wish.sites)))
    white, black = _lists(wish, sites)
    configuration = RefererConfiguration(
        allow_empty_referer=wish.allow_empty, whitelist=white, blacklist=black
    )
    if configuration.size > MAX_SIZE:
        raise ProposalError(
            f"the rules would have {configuration.size:,} bytes of entries, and a bucket accepts "
            f"{MAX_SIZE:,}; name fewer sites, hosts and mini programs"
        )
    cases: dict[tuple[str, ...], Case] = {}
    for case in _cases(wish, sites, configuration):
        cases.setdefault(case.referer, case)
    return Proposal(configuration, tuple(cases.values()))


def format_table(proposal: Proposal, about: str, say: Callable[[Sentence], str] = str) -> str:
    """Format the cases of a proposal as a decision table; `about` names the sites.

    `say` translates the comment and the names of the cases.
    """
    title = Sentence("What the rules for {} must decide.", json.dumps(about))
    blocks = [f"# {say(title)}\n"]
    for case in proposal.cases:
        members = {"name": say(case.name) if isinstance(case.name, Sentence) else case.name}
        if case.referer:
            members["referer"] = case.referer[0]
        members["verdict"] = case.verdict.value
        if case.ec:
            members["ec"] = case.ec
        lines = [
            f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in members.items()
        ]
        blocks.append("".join(["[[case]]\n", *lines]))
    return "\n".join(blocks)


def _read_site(url: str) -> Site:
    """Read the URL of a page. A site on http may move to https one day, so it gets both schemes."""
    try:
        split = urlsplit(url if "://" in url else f"https://{url}")
        host, port = split.hostname or "", split.port
    except ValueError:
        split, host, port = urlsplit(""), "", None
    ascii_host = _read_host(host)
    whole = url.isprintable() and " " not in url  # `urlsplit` would remove line ends
    if split.scheme not in DEFAULT_PORTS or ascii_host is None or not whole:
        raise ProposalError(
            f"{url!r} is not the address of a site; write one such as https://www.example.com"
        )
    written = None if port is None or str(port) == DEFAULT_PORTS[split.scheme] else str(port)
    both = split.scheme == "http" and written is None
    return Site(BOTH if both else (split.scheme,), ascii_host, written)


def _read_host(host: str) -> str | None:
    """Return a host as browsers send it (B-02); None if it is not valid."""
    found = encode_host(host.strip().lower())
    found = f"[{found}]" if found and ":" in found else found
    return found if found and is_host(found) and not set(found) & set("*?_") else None


def read_appid(appid: str) -> Site:
    """Return the site of the mini program with an appid. Raises ProposalError."""
    if not APPID.fullmatch(appid):
        raise ProposalError(f"{appid!r} is not an appid; write one such as wx0123456789abcdef")
    return make_mini_program(appid)


def _base(site: Site) -> str:
    return site.host.removeprefix("www.")


def _is_below(host: str, scheme: str, port: str | None, sites: Iterable[Site]) -> bool:
    """Return whether a host is a sub-domain of a site with the same scheme and port."""
    return any(
        scheme in site.schemes and port == site.port and host.endswith(f".{_base(site)}")
        for site in sites
    )


def _schemes_of_cdn(sites: Iterable[Site]) -> tuple[str, ...]:
    """Return the schemes of a CDN's style sheets; an http page may use both."""
    return BOTH if any("http" in site.schemes for site in sites) else ("https",)


def _lists(wish: SiteProfile, sites: tuple[Site, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    allowed: list[Site] = []
    wide = sites if wish.subdomains else ()
    for site in sites:
        base, names = _base(site), [site.host]
        if wish.subdomains:
            if is_address(site.host) or "." not in base or registered(base) is None:
                raise ProposalError(f"{base} has no sub-domains of its own; leave them out")
            names = [base, f"*.{base}"]
        left = tuple(one for one in site.schemes if not _is_below(base, one, site.port, wide))
        allowed += [replace(site, schemes=left, host=name) for name in names]
    for given in wish.cdn:
        host = _read_host(given)
        if host is None or "." not in host:
            raise ProposalError(f"{given!r} is not a host; write one such as cdn.example.com")
        schemes = (one for one in _schemes_of_cdn(sites) if not _is_below(host, one, None, wide))
        allowed.append(Site(tuple(schemes), host))
    allowed += map(read_appid, wish.mini_programs)
    allowed += [make_console()] if wish.console else []
    pages = [(site, scheme) for site in allowed for scheme in site.schemes]
    white = dict.fromkeys(site.entry(scheme) for site, scheme in pages)
    black = dict.fromkeys(site.guard(scheme) for site, scheme in pages if site.is_wild)
    return tuple(white), tuple(black)


def _allow(name: str, referer: str) -> Case:
    return Case(name, Expected.ALLOW, referer=(referer,))


def _deny(name: str, referer: str, reason: Reason = Reason.NOT_WHITELISTED) -> Case:
    return Case(name, Expected.DENY, referer=(referer,), ec=reason.ec)


def _cases(
    wish: SiteProfile, sites: tuple[Site, ...], rules: RefererConfiguration
) -> Iterator[Case]:
    for site in sites:
        for scheme in site.schemes:
            yield _allow(Sentence("the site {}", site.entry(scheme)), site.entry(scheme))
        if wish.subdomains:
            for scheme in site.schemes:
                hosts = f"m.{_base(site)}", _base(site)
                sub, root = (replace(site, host=host).entry(scheme) for host in hosts)
                yield _allow(Sentence("a sub-domain {}", sub), sub)
                yield _allow(Sentence("the domain {}", root), root)
    for host in map(_read_host, wish.cdn):
        for scheme in _schemes_of_cdn(sites):
            yield _allow(
                Sentence("a style sheet of {} by {}", str(host), scheme), f"{scheme}://{host}/"
            )
    for appid in wish.mini_programs:
        yield _allow(
            Sentence("the mini program {}", appid), f"{MINI_PROGRAMS}{appid}/1/page-frame.html"
        )
    if wish.mini_programs:
        other = f"{MINI_PROGRAMS}wx0000000000000000/1/page-frame.html"
        yield _deny(Sentence("another mini program"), other)
    if wish.console:
        yield _allow(Sentence("the preview of the console"), f"https://oss.{CONSOLE}/")
    stranger = choose_stranger((*rules.whitelist, *rules.blacklist))
    yield _deny(Sentence("another site"), f"https://{stranger}/")
    yield _deny(Sentence("another site by http"), f"http://{stranger}/")
    wide = sites if wish.subdomains else ()
    for site in sites:
        for name, page in _resembling(site, stranger):
            origin = page.join()
            # A host that resembles one site may belong to another of the sites.
            is_below = _is_below(page.host, page.scheme or "", page.port, wide)
            if origin not in rules.whitelist and not is_below:
                yield _deny(name, origin)
    for entry in rules.blacklist:
        address = entry.replace("*/*", f"{stranger}/x")
        yield _deny(Sentence("another site that {} keeps out", entry), address, Reason.BLACKLISTED)
    for site in () if rules.blacklist else sites:
        address = f"https://{stranger}/{site.host}/"
        yield _deny(Sentence("{} in the path of another site", site.host), address)
    if wish.allow_empty:
        yield Case(Sentence("no Referer"), Expected.ALLOW)
    else:
        yield Case(Sentence("no Referer"), Expected.DENY, ec=Reason.EMPTY_DENIED.ec)


def _resembling(site: Site, stranger: str) -> Iterator[tuple[Sentence, Parts]]:
    """Yield pages with addresses that resemble those of a site, each with its name."""
    if is_address(site.host):
        return
    first = site.schemes[0]
    if "." in _base(site):
        for scheme in site.schemes:
            page = Parts(scheme, f"m.{_base(site)}", site.port, "/")
            yield Sentence("a sub-domain {}", page.join()), page
    page = Parts(first, f"{site.host}.{stranger}", None, "/")
    yield Sentence("a host that begins like the site {}", page.join()), page
    page = Parts(first, f"not{_base(site)}", site.port, "/")
    yield Sentence("a host that ends like the site {}", page.join()), page
