"""Cells: the questions to a browser, along the axes of the Web Platform Tests.

The axes are those of the tests of Referrer Policy: the scheme of the page, how it sets which
policy, the element, and the origin of the object. `UNASKED` says what is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from oss_emulator.lab import browser
from oss_emulator.lab.browser import (
    BEHAVIOURS,
    Delivery,
    Embedding,
    Mixed,
    ReferrerPolicy,
    Sender,
    Sent,
)
from oss_emulator.lab.url import WebURL

ELSEWHERE = "elsewhere.test"
"""A host of another site, which redirects."""

AWAY = (
    Embedding.REDIRECT_AWAY,
    Embedding.REDIRECT_LOOSE,
    Embedding.LINK_AWAY,
)
"""The elements whose object is behind a redirect of another site."""

UNASKED: Mapping[str, str] = {
    "attribute or option on other elements": (
        "only img, picture, iframe, script, link and fetch let one request have its own policy"
    ),
    "a policy of the page for a worker and its fetch": (
        "a worker obeys only the header of its own script, so it is asked with that header"
    ),
    "a worker script of another origin": "browsers refuse to start it; asked once for each policy",
    "area, SVG link": "they are links; the link is asked",
    "dynamic import, shared worker, worklet": "they load scripts, which buckets seldom hold",
    "beacon, WebSocket": "they do not read an object",
    "upgrade-insecure-requests with other policies": (
        "it changes only what is blocked otherwise, which is asked with the header's policies"
    ),
    "http and https on one port": "a site or an object with a port answers one scheme there",
}
"""What the Web Platform Tests cover but no cell asks, with the reason."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, with the policy that it sets; several cells share it."""

    page: WebURL
    delivery: Delivery = Delivery.NONE
    policy: ReferrerPolicy | None = None
    upgrades: bool = False
    """Whether the page has the header `Content-Security-Policy: upgrade-insecure-requests`."""

    @property
    def worker(self) -> WebURL:
        """The script of a worker of the page."""
        return replace(self.page, path="/worker.js")

    @property
    def style(self) -> WebURL:
        """The style sheet of the page."""
        return replace(self.page, path="/site.css")


class Relation(StrEnum):
    """How the hosts of the page and of the object are related."""

    SAME_HOST = "same host"
    SAME_SITE = "same site"
    CROSS_SITE = "cross-site"


@dataclass(frozen=True, slots=True)
class Cell:
    """One question: what does the browser send for an element of a page?"""

    number: int
    sheet: Sheet
    element: Embedding
    target: WebURL
    """The object as the page writes it."""
    relation: Relation
    delivery: Delivery
    policy: ReferrerPolicy | None
    """The policy that counts for the element; None for the default."""

    @property
    def stop(self) -> WebURL | None:
        """The URL that redirects to the object."""
        if self.element is Embedding.REDIRECT:
            return replace(self.sheet.page, path="/redirect", query=f"?stop={self.number}")
        if self.element in AWAY:
            away = replace(self.sheet.page, host=ELSEWHERE, port="", path="/redirect")
            loose = "&loose=1" if self.element is Embedding.REDIRECT_LOOSE else ""
            return replace(away, query=f"?stop={self.number}{loose}")
        return None

    @property
    def file(self) -> WebURL | None:
        """The style sheet, the worker or the frame that asks for the object."""
        if BEHAVIOURS[self.element].sender is not Sender.FILE:
            return None
        if self.element is Embedding.SANDBOX_OF_ORIGIN:
            return self.frame
        is_style = self.element is Embedding.STYLE_SHEET
        return self.sheet.style if is_style else self.sheet.worker

    @property
    def frame(self) -> WebURL:
        """The page of a sandboxed iframe that shows the object."""
        shown = quote(self.target.text, safe="")
        page = self.sheet.page
        return replace(page, query=f"{page.query}&frame=1&shows={shown}&as={self.number}")

    @property
    def predicted(self) -> Sent | None:
        """What the browser should send."""
        policy = self.policy or browser.DEFAULT
        if self.delivery is Delivery.REL:
            policy = self.sheet.policy or browser.DEFAULT
        page, delivery = self.sheet.page, self.delivery
        return browser.predict(
            self.element,
            page,
            self.target,
            delivery,
            policy,
            file=self.file,
            stop=self.stop,
            upgrades=self.sheet.upgrades,
        )


def plan(site: WebURL, objects: Mapping[Relation, WebURL]) -> tuple[Cell, ...]:
    """Make the cells for a page and for objects, over http and https where possible."""
    pages = [site.by(scheme) for scheme in _schemes(site)]
    cells: list[Cell] = []
    for page in pages:
        for relation, target in objects.items():
            for scheme in _schemes(target):
                if target.port and page.scheme != scheme:
                    continue  # the browser may use https although the port answers http
                asked = target.by(scheme)
                ways = [(False, *way) for way in _combine()]
                if (page.scheme, scheme) == ("https", "http"):
                    ways += [(True, *way) for way in _combine() if _is_upgraded(*way[:2])]
                for upgrades, element, delivery, policy in ways:
                    sheet = _sheet(page, delivery, policy, upgrades=upgrades)
                    number = len(cells)
                    named = _number(asked, number)
                    cell = Cell(
                        number, sheet, element, named, relation, delivery=delivery, policy=policy
                    )
                    cells.append(cell)
    return tuple(cells)


def _schemes(url: WebURL) -> tuple[str, ...]:
    return (url.scheme,) if url.port else ("https", "http")


def _combine() -> Iterator[tuple[Embedding, Delivery, ReferrerPolicy | None]]:
    for element, behaviour in BEHAVIOURS.items():
        for delivery in behaviour.deliveries:
            policies: Iterable[ReferrerPolicy | None] = ReferrerPolicy
            if delivery in (Delivery.NONE, Delivery.REL):
                policies = (None,)
            for policy in policies:
                yield element, delivery, policy


def _is_upgraded(element: Embedding, delivery: Delivery) -> bool:
    """Whether an element is asked on a page with upgrade-insecure-requests."""
    is_blocked = BEHAVIOURS[element].mixed is Mixed.BLOCKED
    return delivery is Delivery.NONE or (is_blocked and delivery is Delivery.HEADER)


def _sheet(
    page: WebURL, delivery: Delivery, policy: ReferrerPolicy | None, *, upgrades: bool
) -> Sheet:
    """Return the page that sets a policy; an attribute overrides another policy of the page."""
    if delivery in (Delivery.NONE, Delivery.HEADER, Delivery.META):
        chosen, by = policy, delivery
    else:
        by = Delivery.HEADER
        hidden = delivery is Delivery.ATTRIBUTE and policy is not ReferrerPolicy.NO_REFERRER
        chosen = ReferrerPolicy.NO_REFERRER if hidden else ReferrerPolicy.UNSAFE_URL
    name = f"{page.scheme}.{by.value}.{chosen.value if chosen else 'default'}.{delivery.value}"
    name += ".upgrade" * upgrades
    return Sheet(replace(page, query=f"?sheet={name}"), by, chosen, upgrades)


def _number(target: WebURL, number: int) -> WebURL:
    sign = "&" if target.query.strip("?") else "?"
    return replace(target, query=f"{target.query.rstrip('?')}{sign}cell={number}")
