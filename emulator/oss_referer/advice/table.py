"""The decision table of the rules for some sites, which tests each entry in CI."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from oss_referer.browser.strangers import MINI_PROGRAMS
from oss_referer.engine import Reason, Sentence
from oss_referer.plan import Plan, Site, read_site
from oss_referer.search.entry import Parts, choose_stranger
from oss_referer.search.url import is_address
from oss_referer.sources.tables import Case, Expected


def format_table(plan: Plan, about: str, say: Callable[[Sentence], str] = str) -> str:
    """Format the cases of a plan as a decision table; `about` names the sites.

    `say` translates the comment and the names of the cases.
    """
    title = Sentence("What the rules for {} must decide.", json.dumps(about))
    blocks = [f"# {say(title)}\n"]
    for case in make_cases(plan):
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


def make_cases(plan: Plan) -> tuple[Case, ...]:
    """Return what the corrected rules of a plan must decide, one case for each Referer."""
    cases: dict[tuple[str, ...], Case] = {}
    for case in _cases(plan):
        cases.setdefault(case.referer, case)
    return tuple(cases.values())


def _allow(name: Sentence, referer: str) -> Case:
    return Case(name, Expected.ALLOW, referer=(referer,))


def _deny(name: Sentence, referer: str, reason: Reason = Reason.NOT_WHITELISTED) -> Case:
    return Case(name, Expected.DENY, referer=(referer,), ec=reason.ec)


def _cases(plan: Plan) -> Iterator[Case]:
    rules, sites, wish = plan.corrected, plan.owned.sites, plan.wish
    cdn = {site.host for host in wish.cdn for site in read_site(host)}
    for site in sites:
        for scheme in site.schemes:
            for label in ("www", "m"):  # of a sub-domain
                page = site.page(scheme, label)
                yield _allow(_name(site, scheme, page, cdn), page)
    if wish.mini_programs:
        program = f"{MINI_PROGRAMS}wx0000000000000000/1/page-frame.html"
        yield _deny(Sentence("another mini program"), program)
    stranger = choose_stranger((*rules.whitelist, *rules.blacklist))
    yield _deny(Sentence("another site"), f"https://{stranger}/")
    yield _deny(Sentence("another site by http"), f"http://{stranger}/")
    plain = [
        site
        for site in sites
        if not (site.is_mini_program or site.is_console or site.is_wild or site.host in cdn)
    ]
    for site in plain:
        for name, other in _resembling(site, stranger):
            # A host that resembles one site may belong to another of the sites.
            if not plan.owned.find(other.join()):
                yield _deny(name, other.join())
    for entry in rules.blacklist:
        address = entry.replace("*/*", f"{stranger}/x")
        yield _deny(Sentence("another site that {} keeps out", entry), address, Reason.BLACKLISTED)
    for site in () if rules.blacklist else plain:
        address = f"https://{stranger}/{site.host}/"
        yield _deny(Sentence("{} in the path of another site", site.host), address)
    if rules.allow_empty_referer:
        yield Case(Sentence("no Referer"), Expected.ALLOW)
    else:
        yield Case(Sentence("no Referer"), Expected.DENY, ec=Reason.EMPTY_DENIED.ec)


def _name(site: Site, scheme: str, page: str, cdn: Iterable[str]) -> Sentence:
    if site.is_mini_program:
        return Sentence("the mini program {}", site.path.strip("/"))
    if site.is_console:
        return Sentence("the preview of the console")
    if site.host in cdn:
        return Sentence("a style sheet of {} by {}", site.host, scheme)
    return Sentence("a sub-domain {}", page) if site.is_wild else Sentence("the site {}", page)


def _resembling(site: Site, stranger: str) -> Iterator[tuple[Sentence, Parts]]:
    """Yield pages with addresses that resemble those of a site, each with its name."""
    if is_address(site.host):
        return
    base = site.host.removeprefix("www.")
    first = Parts(site.schemes[0], f"{site.host}.{stranger}", None, "/")
    if "." in base:
        for scheme in site.schemes:
            page = Parts(scheme, f"m.{base}", site.port, "/")
            yield Sentence("a sub-domain {}", page.join()), page
    yield Sentence("a host that begins like the site {}", first.join()), first
    page = replace(first, host=f"not{base}", port=site.port)
    yield Sentence("a host that ends like the site {}", page.join()), page
