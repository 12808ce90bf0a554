"""Scenarios: typical requests for an object, each with the Referer that it carries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from oss_emulator.referer.assumptions import DEFAULT, Assumptions
from oss_emulator.referer.decision import Decision
from oss_emulator.referer.model import RefererConfiguration
from oss_emulator.referer.policy import RefererPolicy
from oss_emulator.referer.request import Signing

from . import browser
from .browser import ReferrerPolicy

OBJECT_URL = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg"
"""The default object."""

MINI_PROGRAM = "https://servicewechat.com/wx0123456789abcdef/1/page-frame.html"
CONSOLE = "https://oss.console.aliyun.com/"
STYLE_SHEET = "https://static.example.net/site.css"


class Group(StrEnum):
    """The groups of scenarios."""

    PAGES = "Pages that show the object"
    POLICIES = "The site's page asks for a Referrer-Policy"
    BROWSER = "Other ways of a browser"
    OTHERS = "Other clients"
    SIGNED = "Signed requests"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A request with its Referer."""

    group: Group
    name: str
    referer: str | None
    signed: Signing = field(default=Signing.NONE)
    wanted: bool | None = None
    """Whether an owner wants it allowed; None if that depends on the owner."""


@dataclass(frozen=True, slots=True)
class ScenarioOutcome:
    """The decision on a scenario."""

    scenario: Scenario
    decision: Decision

    @property
    def as_wanted(self) -> bool:
        """Whether the decision is what an owner wants, if that is clear."""
        return self.scenario.wanted in (None, self.decision.allowed)


def play(
    configuration: RefererConfiguration,
    site: str,
    object_url: str = OBJECT_URL,
    assumptions: Assumptions = DEFAULT,
) -> tuple[ScenarioOutcome, ...]:
    """Decide on every scenario for a site that shows the object; `site` is the URL of a page."""
    policy = RefererPolicy.compile(configuration, assumptions)
    return tuple(
        ScenarioOutcome(scenario, policy.decide(scenario.referer, signed=scenario.signed))
        for scenario in _all(site, object_url)
    )


def _all(site: str, target: str) -> Iterator[Scenario]:
    yield from _pages(site, target)
    yield from _policies(site, target)
    yield from _browser(site, target)
    yield from _others(site, target)
    yield from _signed(site, target)


def _page(site: str, *, scheme: str = "", host: str = "") -> str:
    url = urlsplit(site)
    path = url.path if url.path.strip("/") else "/album/today.html"
    return f"{scheme or url.scheme}://{host or url.netloc.rpartition('@')[2]}{path}"


def _pages(site: str, target: str) -> Iterator[Scenario]:
    host = urlsplit(site).hostname or ""
    domain = host.removeprefix("www.")
    other = "http" if urlsplit(site).scheme == "https" else "https"
    for name, page, wanted in (
        ("the site", _page(site), True),
        (f"the site over {other}", _page(site, scheme=other), None),
        ("the domain without www", _page(site, host=domain), None),
        ("a sub-domain", _page(site, host=f"m.{domain}"), None),
        ("another site", _page(site, host="evil.test"), False),
        ("a host that begins like the site", _page(site, host=f"{host}.evil.test"), False),
        ("a host that ends like the site", _page(site, host=f"not{domain}"), False),
    ):
        referer = browser.send(page, _by(page, target))
        if not (name == "the domain without www" and domain == host):
            yield Scenario(Group.PAGES, name, referer, wanted=wanted)


def _by(page: str, target: str) -> str:
    """Return the object's URL, with https for an https page: browsers upgrade images (B-01)."""
    return target.replace("http://", "https://", 1) if page.startswith("https:") else target


def _policies(site: str, target: str) -> Iterator[Scenario]:
    page = _page(site)
    for policy in ReferrerPolicy:
        name = f"{policy.value} (the default)" if policy is browser.DEFAULT else policy.value
        yield Scenario(Group.POLICIES, name, browser.send(page, _by(page, target), policy))


def _browser(site: str, target: str) -> Iterator[Scenario]:
    page, evil = _page(site), _page(site, host="evil.test")
    plain = target.replace("https://", "http://", 1)
    secure = _page(site, scheme="https")
    send = browser.send
    for name, referer, wanted in (
        ("the address bar, a bookmark, a new tab", None, None),
        ("an http image in an https page", send(secure, _by(secure, target)), None),  # B-01
        ("an http link or download in an https page", send(secure, plain), None),  # B-01
        (
            "an image in a style sheet of another host",
            send(STYLE_SHEET, _by(STYLE_SHEET, target)),
            None,
        ),  # B-04
        ("a sandboxed iframe, a data: or blob: page", None, None),  # B-05
        ("a link with rel=noreferrer", None, None),
        ("an iframe of the site, inside another site", send(page, _by(page, target)), None),
        ("the object as an iframe of another site", send(evil, _by(evil, target)), False),
        ("another site with referrerpolicy=no-referrer", None, None),
        (
            "another site with the site's address in its path",
            send(f"https://evil.test/{site}/", _by(evil, target), ReferrerPolicy.UNSAFE_URL),
            False,
        ),
        ("an MP4 in the address bar, first request", None, None),
        ("an MP4 in the address bar, second request", send(target, target), None),
    ):
        yield Scenario(Group.BROWSER, name, referer, wanted=wanted)


def _others(site: str, target: str) -> Iterator[Scenario]:
    page, evil = _page(site), _page(site, host="evil.test")
    for name, referer, wanted in (
        ("an app, curl, a script", None, None),
        ("a WeChat mini program", MINI_PROGRAM, None),
        ("the preview of the OSS console", CONSOLE, None),
        ("a CDN's back-to-origin, first asked by the site", browser.send(page, target), None),
        ("a CDN's back-to-origin, first asked by another site", browser.send(evil, target), None),
    ):
        yield Scenario(Group.OTHERS, name, referer, wanted=wanted)


def _signed(site: str, target: str) -> Iterator[Scenario]:
    page, evil = _page(site), _page(site, host="evil.test")
    url, header = Signing.URL, Signing.HEADER
    for name, referer, signed, wanted in (
        ("a server-side SDK, signed in the header", None, header, True),
        ("a signed URL in the address bar", None, url, None),
        ("a signed URL in a page of the site", browser.send(page, _by(page, target)), url, True),
        ("a signed URL in another site", browser.send(evil, _by(evil, target)), url, None),
    ):
        yield Scenario(Group.SIGNED, name, referer, signed, wanted)
