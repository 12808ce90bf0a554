"""Scenarios: typical requests for an object, each with its Referer."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from oss_referer.browser import browser
from oss_referer.browser.browser import Embedding, ReferrerPolicy
from oss_referer.browser.default_domain import find_rule_of_url
from oss_referer.engine import Decision, RefererPolicy, Sentence, Signing
from oss_referer.search.entry import choose_stranger
from oss_referer.search.url import WebURL, decode_host, domain_of

OBJECT_URL = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg"
"""The default object."""

MINI_PROGRAM = "https://servicewechat.com/wx0123456789abcdef/1/page-frame.html"
CONSOLE = "https://oss.console.aliyun.com/"
STYLE_SHEET = "https://static.example.net/site.css"
PATH = "/album/today.html"
"""The path of the page if the site's URL has none."""


class ScenarioGroup(StrEnum):
    PAGES = "Pages that show the object"
    POLICIES = "The site's page asks for a Referrer-Policy"
    BROWSER = "Other ways of a browser"
    OTHERS = "Other clients"
    SIGNED = "Signed requests"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request with its Referer."""

    group: ScenarioGroup
    name: Sentence
    referer: str | None
    wanted: bool | None
    """Whether an owner wants the request to be allowed; None if that depends on the owner."""
    signed: Signing = Signing.NONE


_Row = tuple[Sentence, str | None, bool | None] | tuple[Sentence, str | None, bool | None, Signing]
"""The fields of a scenario after its group."""


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """The decision on a scenario."""

    scenario: Scenario
    decision: Decision

    @property
    def as_wanted(self) -> bool:
        """Whether the decision is the wanted one; True if that depends on the owner."""
        return self.scenario.wanted in (None, self.decision.allowed)


def play(
    policy: RefererPolicy, site: str, object_url: str = OBJECT_URL
) -> tuple[ScenarioResult, ...]:
    """Decide on every scenario for a site that shows the object.

    `site` is the URL of a page. Raises WebURLError.
    """
    page, target = page_of(WebURL.parse(site)), WebURL.parse(object_url)
    scenarios = (
        Scenario(group, *row) for group, rows in _ROWS.items() for row in rows(page, target)
    )
    return tuple(
        ScenarioResult(scenario, policy.decide(scenario.referer, signed=scenario.signed))
        for scenario in scenarios
    )


def warn(object_url: str = OBJECT_URL) -> Sentence | None:
    """Return a warning if the address bar does not show the object; None if it does."""
    target = WebURL.parse(object_url)
    rule = find_rule_of_url(target.host, target.path)
    if rule is None:
        return None
    return Sentence(
        "In the address bar, the object of a new bucket is {} at {} ({}), regardless of the rules; "
        "your own domain shows it.",
        Sentence("refused") if rule.refuses else Sentence("downloaded"),
        target.host,
        rule.fact,
    )


def page_of(site: WebURL) -> WebURL:
    """Return a page with a path, so that a Referer shows how much of the path is sent."""
    return site if site.path.strip("/") else replace(site, path=PATH)


def _stranger(page: WebURL) -> WebURL:
    return replace(page, host=choose_stranger([page.host]), port="")


def _show(
    page: WebURL,
    target: WebURL,
    policy: ReferrerPolicy = browser.DEFAULT,
    element: Embedding = Embedding.IMG,
    *,
    stop: WebURL | None = None,
    upgrades: bool = False,
) -> str | None:
    sent = browser.predict(
        element, page, target, policy=policy, file=page, stop=stop, upgrades=upgrades
    )
    return None if sent is None else sent.referer


def _pages(page: WebURL, target: WebURL) -> Iterator[_Row]:
    other = "http" if page.scheme == "https" else "https"
    yield Sentence("the site"), _show(page, target), True
    yield Sentence("the site over {}", other), _show(page.by(other), target), None
    yield from _neighbours(page, target)
    yield Sentence("another site"), _show(_stranger(page), target), False


def _neighbours(page: WebURL, target: WebURL) -> Iterator[_Row]:
    """Yield scenarios for hosts with names similar to the site's; none for an IP address."""
    if page.is_address:
        return
    host = page.host.rstrip(".")
    domain = host.removeprefix("www.")
    glued = f"not{decode_host(domain_of(host) or domain)}"
    for name, resembling, wanted in (
        (Sentence("the domain without www"), domain, None),
        (Sentence("a sub-domain"), f"m.{domain}", None),
        (Sentence("a host that begins like the site"), f"{host}.{choose_stranger([host])}", False),
        (Sentence("a host that ends like the site"), glued, False),
    ):
        if resembling != host:
            yield name, _show(page.at(resembling), target), wanted


def _policies(page: WebURL, target: WebURL) -> Iterator[_Row]:
    for policy in ReferrerPolicy:
        name = Sentence("{}", policy.value)
        if policy is browser.DEFAULT:
            name = Sentence("{} (the default)", policy.value)
        yield name, _show(page, target, policy), None


def _browser(page: WebURL, target: WebURL) -> Iterator[_Row]:
    evil, sheet = _stranger(page), WebURL.parse(STYLE_SHEET)
    pretender = replace(evil, path=f"/{page.origin}/", query="")
    redirected = _show(page, target, element=Embedding.REDIRECT_LOOSE, stop=evil)
    pretended = _show(pretender, target, ReferrerPolicy.UNSAFE_URL)
    yield Sentence("the address bar, a bookmark, a new tab"), None, None
    yield from _mixed(page.by("https"), target.by("http"))
    yield Sentence("an image in a style sheet of another host"), _show(sheet, target), None  # B-04
    yield from _frames(page, target)
    yield Sentence("a redirect of another site with unsafe-url"), redirected, None  # B-08
    yield Sentence("a link with rel=noreferrer"), None, None
    yield Sentence("an iframe of the site, inside another site"), _show(page, target), None
    yield Sentence("the object as an iframe of another site"), _show(evil, target), False
    yield Sentence("another site with referrerpolicy=no-referrer"), None, None
    yield Sentence("another site with the site's address in its path"), pretended, False
    yield Sentence("an MP4 in the address bar, first request"), None, None
    yield Sentence("an MP4 in the address bar, second request"), _show(target, target), None  # B-06


def _mixed(page: WebURL, target: WebURL) -> Iterator[_Row]:
    """Yield the scenarios of an https page with an http object (B-01)."""
    for name, element, upgrades in (
        (Sentence("an http image in an https page"), Embedding.IMG, False),
        (Sentence("an http script with upgrade-insecure-requests"), Embedding.SCRIPT, True),
        (Sentence("an http iframe with upgrade-insecure-requests"), Embedding.IFRAME, True),
        (Sentence("an http link or download in an https page"), Embedding.LINK, False),
    ):
        yield name, _show(page, target, element=element, upgrades=upgrades), None


def _frames(page: WebURL, target: WebURL) -> Iterator[_Row]:
    """Yield the scenarios of frames without their own URL (B-05)."""
    for name, element in (
        (Sentence("a sandboxed iframe, a data: or blob: page"), Embedding.SANDBOX),
        (Sentence("an iframe with sandbox=allow-same-origin"), Embedding.SANDBOX_OF_ORIGIN),
        (Sentence("an about:blank page filled by document.write"), Embedding.WRITTEN),
    ):
        yield name, _show(page, target, element=element), None


def _others(page: WebURL, target: WebURL) -> Iterator[_Row]:
    own, foreign = _show(page, target), _show(_stranger(page), target)
    yield Sentence("an app, curl, a script"), None, None
    yield Sentence("a WeChat mini program"), MINI_PROGRAM, None
    yield Sentence("the preview of the OSS console"), CONSOLE, None
    yield Sentence("a CDN's back-to-origin, first asked by the site"), own, None
    yield Sentence("a CDN's back-to-origin, first asked by another site"), foreign, None


def _signed(page: WebURL, target: WebURL) -> Iterator[_Row]:
    own, foreign = _show(page, target), _show(_stranger(page), target)
    yield Sentence("a server-side SDK, signed in the header"), None, True, Signing.HEADER
    yield Sentence("a signed URL in the address bar"), None, None, Signing.URL
    yield Sentence("a signed URL in a page of the site"), own, True, Signing.URL
    yield Sentence("a signed URL in another site"), foreign, None, Signing.URL


_ROWS: Mapping[ScenarioGroup, Callable[[WebURL, WebURL], Iterator[_Row]]] = {
    ScenarioGroup.PAGES: _pages,
    ScenarioGroup.POLICIES: _policies,
    ScenarioGroup.BROWSER: _browser,
    ScenarioGroup.OTHERS: _others,
    ScenarioGroup.SIGNED: _signed,
}
