"""Asking: rules are put, waited for and used, within the announced number of requests."""

from __future__ import annotations

import pytest
from oss_emulator.parity.asking import IN_A_ROW, TRIES, Finding, ask_all, bounds, compare
from oss_emulator.parity.inquiries import (
    CONTRADICTION,
    FRESH,
    INQUIRIES,
    LISTED,
    PUBLIC_READ,
    SETUPS,
    Ask,
    Fetch,
    PutAcl,
    PutRules,
    Reply,
    ServiceRequest,
    plan,
)
from oss_referer import Signing

from tests.unit.parity.service import ModelService, error


def no_pause() -> None:
    """The model takes effect by requests, not by time."""


def test_every_request_is_answered_once() -> None:
    service = ModelService()
    replies = ask_all(service.send, {}, lambda _: "", no_pause)
    assert all(isinstance(reply, Reply) for reply in replies.values())
    assert {ask for inquiry in INQUIRIES for ask in inquiry.asks} <= set(replies)
    assert len(service.sent) <= bounds({})[0]


@pytest.mark.parametrize("delay", [4, 7, 20])
def test_rules_are_waited_for(delay: int) -> None:
    service = ModelService(delay=delay)
    pauses: list[None] = []
    replies = ask_all(service.send, {}, lambda _: "", lambda: pauses.append(None))
    assert {result.finding for result in compare(replies)} == {Finding.CONFIRMED}
    assert pauses
    few, most = bounds({})
    assert few < len(service.sent) <= most


def test_rules_that_never_take_effect_show_nothing() -> None:
    service = ModelService(delay=10**6)
    replies = ask_all(service.send, {}, lambda _: "", no_pause)
    results = {result.inquiry.fact: result for result in compare(replies)}
    assert results["R-20"].finding is Finding.UNSEEN
    assert results["R-20"].why == f"the new rules or ACL did not take effect within {TRIES} tries"
    assert results["R-33"].finding is Finding.CONFIRMED
    assert len(service.sent) <= bounds({})[1]


def test_rules_take_effect_after_several_right_canaries_in_a_row() -> None:
    service = ModelService()
    ask_all(service.send, {}, lambda _: "", no_pause)
    put = next(
        place
        for place, request in enumerate(service.sent)
        if isinstance(request, PutRules) and request.what == ""
    )
    polled = service.sent[put + 1 : put + 1 + IN_A_ROW]
    assert len(set(polled)) == 1
    assert all(isinstance(request, Fetch) for request in polled)


def test_anonymous_canaries_count_where_signed_urls_are_not_checked() -> None:
    """R-01"""
    service = ModelService()

    def send(request: ServiceRequest) -> Reply:
        signed = isinstance(request, Fetch) and request.signing is Signing.URL
        return Reply(200) if signed else service.send(request)

    replies = ask_all(send, {}, lambda _: "", no_pause)
    results = {result.inquiry.fact: result for result in compare(replies)}
    assert results["R-01"].finding is Finding.DIFFERS


def test_refused_rules_leave_their_questions_open() -> None:
    service = ModelService()
    replies = ask_all(
        lambda request: (
            error(400, "InvalidArgument")
            if isinstance(request, PutRules) and b"prefix.test" in request.document
            else service.send(request)
        ),
        {},
        lambda _: "",
        no_pause,
    )
    assert str(replies[Ask(LISTED, None)]) == "400 InvalidArgument"
    unseen = {reply for ask, reply in replies.items() if ask.setup is LISTED and ask.request}
    assert unseen == {"PutBucketReferer was answered 400 InvalidArgument"}
    assert isinstance(replies[Ask(CONTRADICTION, None)], Reply)


def test_refused_acl_leaves_its_questions_open() -> None:
    """R-02"""
    service = ModelService()
    replies = ask_all(
        lambda request: (
            error(403, "AccessDenied") if isinstance(request, PutAcl) else service.send(request)
        ),
        {},
        lambda _: "",
        no_pause,
    )
    unseen = {reply for ask, reply in replies.items() if ask.setup is PUBLIC_READ}
    assert unseen == {"PutBucketAcl public-read was answered 403 AccessDenied"}


def test_left_out_setups_and_withheld_requests_are_not_sent() -> None:
    service = ModelService()

    def withheld(ask: Ask) -> str:
        fetch = ask.request
        return "no writing" if isinstance(fetch, Fetch) and fetch.method == "PUT" else ""

    replies = ask_all(service.send, {FRESH: "old bucket"}, withheld, no_pause)
    assert {reply for ask, reply in replies.items() if ask.setup is FRESH} == {"old bucket"}
    assert list(replies.values()).count("no writing") == 2
    assert "PUT" not in {request.method for request in service.sent if isinstance(request, Fetch)}
    assert bounds({FRESH: "old bucket"})[0] < bounds({})[0]


@pytest.mark.parametrize(("status", "trouble"), [(500, True), (503, True), (429, True), (501, 0)])
def test_failures_of_the_service_decide_no_fact(status: int, trouble: bool) -> None:
    service = ModelService()

    def send(request: ServiceRequest) -> Reply:
        troubled = isinstance(request, Fetch) and request.query == (("referer", ""),)
        return error(status, "Trouble") if troubled else service.send(request)

    results = compare(ask_all(send, {}, lambda _: "", no_pause))
    conclusion = next(item.finding for item in results if item.inquiry.fact == "R-32")
    assert conclusion is (Finding.UNSEEN if trouble else Finding.DIFFERS)


def test_plan_asks_under_every_setup() -> None:
    assert tuple(plan()) == SETUPS
    assert all(asks or setup is CONTRADICTION for setup, asks in plan().items())
