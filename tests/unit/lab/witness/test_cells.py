"""The questions to a browser: their number, their addresses and their predictions."""

from __future__ import annotations

from collections import Counter

import pytest
from oss_emulator.lab.browser import BEHAVIOURS, Delivery, Embedding, Mixed, ReferrerPolicy, Sent
from oss_emulator.lab.url import WebURL
from oss_emulator.lab.witness.cells import Cell, Relation, plan

SITE = WebURL.parse("https://www.example.com/album/today.html")
BUCKET = WebURL.parse("https://examplebucket.oss-cn-hangzhou.aliyuncs.com/photo.jpg")
CELLS = plan(SITE, {Relation.CROSS_SITE: BUCKET})
UPGRADED = [cell for cell in CELLS if cell.sheet.upgrades]


def one(element: Embedding, **wanted: object) -> Cell:
    """Return the only cell of an element with some properties."""
    schemes = (wanted.pop("page", "https"), wanted.pop("target", "https"))
    (cell,) = (
        cell
        for cell in CELLS
        if cell.element is element
        and not cell.sheet.upgrades
        and (cell.sheet.page.scheme, cell.target.scheme) == schemes
        and cell.delivery is wanted.get("delivery", Delivery.NONE)
        and cell.policy is wanted.get("policy")
    )
    return cell


def test_every_element_is_asked_with_every_policy_by_both_schemes() -> None:
    asked = Counter((cell.element, cell.delivery) for cell in CELLS if not cell.sheet.upgrades)
    for element, behaviour in BEHAVIOURS.items():
        for delivery in behaviour.deliveries:
            policies = 1 if delivery in (Delivery.NONE, Delivery.REL) else len(ReferrerPolicy)
            assert asked[element, delivery] == 4 * policies
    upgraded = Counter((cell.element, cell.policy) for cell in UPGRADED)
    for element, behaviour in BEHAVIOURS.items():
        is_blocked = behaviour.mixed is Mixed.BLOCKED
        policies = sum(upgraded[element, policy] for policy in (None, *ReferrerPolicy))
        assert policies == 1 + is_blocked * len(ReferrerPolicy)
    assert {cell.target.query for cell in CELLS} == {f"?cell={n}" for n in range(len(CELLS))}


def test_site_with_a_port_is_asked_by_its_own_scheme() -> None:
    cells = plan(WebURL.parse("https://www.example.com:8443/"), {Relation.CROSS_SITE: BUCKET})
    assert {cell.sheet.page.scheme for cell in cells} == {"https"}


def test_object_with_a_port_is_asked_by_pages_of_its_scheme() -> None:
    target = WebURL.parse("http://img.example.com:8080/a.jpg")
    cells = plan(SITE, {Relation.SAME_SITE: target})
    assert {(cell.sheet.page.scheme, cell.target.scheme) for cell in cells} == {("http", "http")}
    link = next(cell for cell in cells if cell.element is Embedding.LINK)
    assert link.predicted == Sent("http", "http://www.example.com/")


def test_attribute_overrides_another_policy_of_the_page() -> None:
    for policy in ReferrerPolicy:
        cell = one(Embedding.IMG, delivery=Delivery.ATTRIBUTE, policy=policy)
        assert cell.sheet.delivery is Delivery.HEADER
        assert cell.sheet.policy is not policy


def test_query_of_the_object_is_kept() -> None:
    target = WebURL.parse("https://b.test/a?x-oss-process=style/a")
    cell = plan(SITE, {Relation.CROSS_SITE: target})[7]
    assert cell.target.query == "?x-oss-process=style/a&cell=7"


ORIGIN = "https://www.example.com/"


@pytest.mark.parametrize(
    ("element", "target", "sent"),
    [
        # An https page with an http object (B-01).
        (Embedding.IMG, "http", Sent("https", ORIGIN)),
        (Embedding.VIDEO, "http", Sent("https", ORIGIN)),
        (Embedding.STYLE_ELEMENT, "http", Sent("https", ORIGIN)),
        (Embedding.SRCSET, "http", None),
        (Embedding.FETCH, "http", None),
        (Embedding.IFRAME, "http", None),
        (Embedding.SCRIPT, "http", None),
        (Embedding.LINK, "http", Sent("https", None)),
        (Embedding.DOWNLOAD, "http", Sent("https", None)),
        # The same by https.
        (Embedding.IMG, "https", Sent("https", ORIGIN)),
        (Embedding.LINK, "https", Sent("https", ORIGIN)),
        (Embedding.WORKER, "https", None),  # of another origin
        (Embedding.SRCDOC, "https", Sent("https", ORIGIN)),
        # Documents without a URL (B-05).
        (Embedding.BLANK, "https", Sent("https", None)),
        (Embedding.SANDBOX, "https", Sent("https", None)),
        (Embedding.DATA, "https", Sent("https", None)),
        (Embedding.BLOB, "https", Sent("https", None)),
        (Embedding.BLOB_WORKER_FETCH, "https", Sent("https", None)),
        # Those that have the origin of the page.
        (Embedding.WRITTEN, "https", Sent("https", ORIGIN)),
        (Embedding.SANDBOX_OF_ORIGIN, "https", Sent("https", ORIGIN)),
    ],
)
def test_page_without_a_policy_is_predicted_by_the_default(
    element: Embedding, target: str, sent: Sent | None
) -> None:
    assert one(element, target=target).predicted == sent


@pytest.mark.parametrize(
    ("element", "sent"),
    [
        (Embedding.FETCH, Sent("https", ORIGIN)),
        (Embedding.SCRIPT, Sent("https", ORIGIN)),
        (Embedding.SRCSET, Sent("https", ORIGIN)),
        (Embedding.OBJECT, Sent("https", ORIGIN)),
        (Embedding.IFRAME, Sent("https", None)),
        (Embedding.BLOB_WORKER_FETCH, Sent("https", None)),
        (Embedding.WORKER_FETCH, None),  # its script has no such header
        (Embedding.LINK, Sent("https", None)),
    ],
)
def test_upgrade_insecure_requests_sends_what_is_blocked(
    element: Embedding, sent: Sent | None
) -> None:
    """B-01"""
    (cell,) = (cell for cell in UPGRADED if cell.element is element and cell.policy is None)
    assert cell.predicted == sent


def test_style_sheet_and_worker_send_their_own_url() -> None:  # B-04
    policy = {"delivery": Delivery.HEADER, "policy": ReferrerPolicy.UNSAFE_URL}
    query = "?sheet=https.header.unsafe-url.header"
    style = one(Embedding.STYLE_SHEET, **policy).predicted
    assert style == Sent("https", f"https://www.example.com/site.css{query}")
    worker = one(Embedding.WORKER_FETCH, **policy).predicted
    assert worker == Sent("https", f"https://www.example.com/worker.js{query}")


def test_style_of_a_page_ignores_its_policy() -> None:  # B-09
    policy = {"delivery": Delivery.META, "policy": ReferrerPolicy.NO_REFERRER}
    assert one(Embedding.INLINE_STYLE, **policy).predicted == Sent("https", ORIGIN)
    assert one(Embedding.IMG, **policy).predicted == Sent("https", None)


def test_saved_object_of_the_same_origin_ignores_noreferrer() -> None:  # B-10
    own = WebURL.parse("https://www.example.com/photo.jpg")
    for cell in plan(SITE, {Relation.SAME_HOST: own}):
        if cell.delivery is Delivery.REL:
            same = cell.sheet.page.scheme == cell.target.scheme
            saved = cell.element is Embedding.DOWNLOAD and same
            assert cell.predicted is not None
            assert (cell.predicted.referer is not None) == saved


def test_navigation_is_upgraded_unless_the_host_has_http_pages() -> None:  # B-07
    assert one(Embedding.LINK, page="http", target="http").predicted == Sent(
        "https", "http://www.example.com/"
    )
    own = WebURL.parse("http://www.example.com/photo.jpg")
    http = [
        cell.predicted
        for cell in plan(SITE, {Relation.SAME_HOST: own})
        if cell.element is Embedding.LINK
        and (cell.sheet.page.scheme, cell.target.scheme) == ("http", "http")
    ]
    assert {sent.scheme for sent in http if sent} == {"http"}


def test_referer_of_a_redirect_is_cut_at_each_step() -> None:
    policy = {"delivery": Delivery.HEADER, "policy": ReferrerPolicy.SAME_ORIGIN}
    assert one(Embedding.REDIRECT, **policy).predicted == Sent("https", None)
    assert one(Embedding.REDIRECT_AWAY).predicted == Sent("https", ORIGIN)
    loose = one(Embedding.REDIRECT_LOOSE)
    assert loose.predicted == Sent("https", ORIGIN)
    assert loose.stop is not None
    assert loose.stop.query.endswith("&loose=1")
