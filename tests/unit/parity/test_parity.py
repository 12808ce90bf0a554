"""Parity: what is asked, and how the answers are judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.parity.asking import (
    IN_A_ROW,
    TRIES,
    ParityResult,
    ParityStatus,
    ask_all,
    bounds,
    format_assumptions,
)
from oss_emulator.parity.asking import compare as judge
from oss_emulator.parity.inquiries import (
    ALLOWED,
    ANYTHING,
    ASSUMED,
    CONTRADICTION,
    DENIED,
    DOCUMENTED,
    FRESH,
    INQUIRIES,
    LISTED,
    NO_PERMISSION,
    NOT_LISTED,
    PASSED,
    PUBLIC_READ,
    SETUPS,
    Ask,
    Fetch,
    PutAcl,
    PutRules,
    Reply,
    ServiceRequest,
    Setup,
    Wanted,
    plan,
)
from oss_referer import Assumptions, RefererConfiguration, RefererPolicy, Signing
from oss_referer.engine.assumptions import DEFAULT, FACTS, CheckedRequests, RepeatedHeader
from oss_referer.sources import assumptions as toml
from oss_referer.sources import referer_xml

from tests.rows import rows
from tests.thorough import cases
from tests.unit.parity.service import ModelService, error

# --- The questions distinguish all variants, and canaries show when their setups take effect


def test_every_assumed_fact_has_its_number() -> None:
    assert {inquiry.field for inquiry in ASSUMED} == set(DEFAULT.chosen())
    assert all(inquiry.fact == FACTS[inquiry.field] for inquiry in ASSUMED)


def test_visible_documented_facts_are_asked() -> None:
    assert {inquiry.fact for inquiry in DOCUMENTED} == {
        *("R-01", "R-02", "R-10", "R-11", "R-12", "R-13", "R-15"),
        *("R-20", "R-21", "R-22", "R-23", "R-26", "R-27"),
        *("R-30", "R-31", "R-32", "R-33", "R-34", "R-35"),
    }


def test_each_variant_expects_different_replies() -> None:
    for inquiry in ASSUMED:
        wanted = []
        for variant in type(DEFAULT.chosen()[inquiry.field]):
            change: dict[str, Any] = {inquiry.field: variant}
            wanted.append(inquiry.expect(replace(DEFAULT, **change)))
        assert len(set(wanted)) == len(wanted), inquiry.field


def test_every_request_has_a_wanted_reply() -> None:
    for inquiry in INQUIRIES:
        assert len(inquiry.expect(DEFAULT)) == len(inquiry.asks) > 0, inquiry.about
        assert len(inquiry.about) <= 54  # it fits beside the number and the conclusion


def allows(setup: Setup, before: RefererConfiguration, referer: str) -> bool:
    rules = before if setup.rules is None else setup.rules
    return RefererPolicy.compile(rules).decide(referer, signed=Signing.URL).allowed


def test_canaries_show_that_each_setup_is_in_effect() -> None:
    """The previous rules answer a canary differently, so old rules do not pass for new ones."""
    rules = RefererConfiguration()
    for before, setup in pairwise(SETUPS):
        if before.rules is not None:
            rules = before.rules
        if setup.rules is None:
            continue
        wanted = [want.allows is not False for _, want in setup.canaries]
        now = [allows(setup, rules, referer) for referer, _ in setup.canaries]
        old = [
            RefererPolicy.compile(rules).decide(referer, signed=Signing.URL).allowed
            for referer, _ in setup.canaries
        ]
        assert now == wanted != old, setup.name


def test_requests_say_what_they_are() -> None:
    said = [str(ask) for inquiry in INQUIRIES for ask in inquiry.asks]
    assert "GET open, signed URL, Referer 'https://case.test/'" in said
    assert "GET open, wrong signature, Referer 'https://unlisted.test/'" in said
    several = "Referer 'https://several-a.test/', then 'https://unlisted.test/'"
    assert f"GET open, signed URL, {several}" in said
    assert {"PutBucketReferer without RefererList", "GetBucketReferer of a missing bucket"} <= set(
        said
    )
    assert str(Fetch()) == "GET open, signed URL, Referer none"


# --- Replies, and which of them are wanted

DENIAL = error(403, "AccessDenied", "0003-00000503")
BY_ACL = error(403, "AccessDenied", "0003-00000001")
MISSING = error(404, "NoSuchKey")
RULES = RefererConfiguration(whitelist=("https://www.example.com/",))


@rows(
    ("wanted", "fitting", "others"),
    (ALLOWED, [Reply(200), Reply(204)], [DENIAL, BY_ACL, MISSING]),
    (PASSED, [Reply(200), BY_ACL, MISSING], [DENIAL]),
    (DENIED, [DENIAL], [Reply(200), BY_ACL]),
    (NOT_LISTED, [DENIAL], [BY_ACL, error(403, "AccessDenied", "0003-00000502")]),
    (NO_PERMISSION, [BY_ACL], [DENIAL, MISSING]),
    (Wanted((404,), "NoSuchKey"), [MISSING], [error(404, "NoSuchBucket"), Reply(200)]),
    (ANYTHING, [Reply(200), DENIAL, Reply(500)], []),
    (Wanted((200,), empty=True), [Reply(200)], [Reply(200, body=b"x")]),
    (Wanted(lacks="xmlns"), [Reply(200)], [Reply(200, body=b'<a xmlns="b"/>')]),
    (Wanted(contains=("<EC>",)), [DENIAL], [Reply(403)]),
    (Wanted(headers=(("x-oss-ec", "1"),)), [Reply(403, {"x-oss-ec": "1"})], [Reply(403)]),
    (
        Wanted(rules=RULES),
        [Reply(200, body=referer_xml.format(RULES))],
        [
            Reply(200, body=referer_xml.format(RefererConfiguration())),
            Reply(200, body=b"hello"),
        ],
    ),
)
def test_wanted_replies_fit(wanted: Wanted, fitting: list[Reply], others: list[Reply]) -> None:
    assert [wanted.fits(reply) for reply in fitting] == [True] * len(fitting)
    assert [wanted.fits(reply) for reply in others] == [False] * len(others)


def test_reply_is_described_by_status_code_and_ec() -> None:
    assert str(DENIAL) == "403 AccessDenied 0003-00000503"
    assert str(Reply(200, body=b"<Error><Code>Text</Code></Error>")) == "200"
    assert str(Reply(502, body=b"<html>Bad Gateway")) == "502"


def test_ec_is_read_from_the_header_of_a_reply_without_a_body() -> None:
    """R-35"""
    assert Reply(403, {"x-oss-ec": "0003-00000503"}).is_denial


def test_denial_is_recognized_by_its_message_too() -> None:
    """R-35"""
    body = b"<Error><Message>You are denied by bucket referer policy.</Message></Error>"
    assert Reply(403, body=body).is_denial


# --- Asking: rules are put, waited for and used, within the announced number of requests


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
    assert {result.status for result in judge(replies)} == {ParityStatus.CONFIRMED}
    assert pauses
    few, most = bounds({})
    assert few < len(service.sent) <= most


def test_rules_that_never_take_effect_show_nothing() -> None:
    service = ModelService(delay=10**6)
    replies = ask_all(service.send, {}, lambda _: "", no_pause)
    results = {result.inquiry.fact: result for result in judge(replies)}
    assert results["R-20"].status is ParityStatus.UNSEEN
    assert results["R-20"].why == f"the new rules or ACL did not take effect within {TRIES} tries"
    assert results["R-33"].status is ParityStatus.CONFIRMED
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
    results = {result.inquiry.fact: result for result in judge(replies)}
    assert results["R-01"].status is ParityStatus.DIFFERS


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


@rows(("status", "trouble"), (500, True), (503, True), (429, True), (501, 0))
def test_failures_of_the_service_decide_no_fact(status: int, trouble: bool) -> None:
    service = ModelService()

    def send(request: ServiceRequest) -> Reply:
        troubled = isinstance(request, Fetch) and request.query == (("referer", ""),)
        return error(status, "Trouble") if troubled else service.send(request)

    results = judge(ask_all(send, {}, lambda _: "", no_pause))
    conclusion = next(item.status for item in results if item.inquiry.fact == "R-32")
    assert conclusion is (ParityStatus.UNSEEN if trouble else ParityStatus.DIFFERS)


def test_plan_asks_under_every_setup() -> None:
    assert tuple(plan()) == SETUPS
    assert all(asks or setup is CONTRADICTION for setup, asks in plan().items())


# --- What replies say: each variant of each fact is found, and nothing is found without evidence

ANY_ASSUMPTIONS = st.builds(
    Assumptions,
    **{name: st.sampled_from(list(type(variant))) for name, variant in DEFAULT.chosen().items()},
)


@cache
def ask(assumptions: Assumptions = DEFAULT) -> Mapping[Ask, Reply | str]:
    return ask_all(ModelService(assumptions).send, {}, lambda _: "", lambda: None)


def found(results: tuple[ParityResult, ...]) -> Mapping[str, str | None]:
    return {result.inquiry.field: result.found for result in results if result.inquiry.field}


def by_fact(results: tuple[ParityResult, ...], fact: str) -> ParityResult:
    return next(result for result in results if result.inquiry.fact == fact)


@pytest.mark.thorough
@settings(max_examples=cases(6, 100))
@given(ANY_ASSUMPTIONS)
def test_any_combination_of_variants_is_found(assumptions: Assumptions) -> None:
    results = judge(ask(assumptions))
    hidden = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    if hidden:  # the copy is denied as a signed URL, whatever holds for its source
        assert by_fact(results, "R-45").status is ParityStatus.UNSEEN
        assumptions = replace(assumptions, copy_source=DEFAULT.copy_source)
    wanted = {**assumptions.chosen(), **({"copy_source": None} if hidden else {})}
    assert found(results) == wanted
    for result in results:
        same = result.found is result.expected
        if result.status is not ParityStatus.UNSEEN:
            assert result.status is (ParityStatus.CONFIRMED if same else ParityStatus.DIFFERS)
    written = format_assumptions(results, "Found today.")
    assert written.startswith("# Found today.\nchecked_requests = ") or hidden
    assert toml.parse(written) == assumptions


def test_other_assumptions_may_be_expected() -> None:
    expected = Assumptions(repeated_header=RepeatedHeader.LAST)
    results = judge(ask(expected), expected)
    assert {result.status for result in results} == {ParityStatus.CONFIRMED}
    assert by_fact(judge(ask(), expected), "R-29").status is ParityStatus.DIFFERS
    assert toml.parse(format_assumptions(judge({}, expected), "")) == expected


def test_results_are_sorted_by_fact() -> None:
    facts = [result.inquiry.fact for result in judge(ask())]
    assert facts == sorted(facts)
    assert len(facts) == 32


def test_reply_that_no_variant_gives_differs() -> None:
    """R-14"""
    replies = dict(ask())
    (answered,) = by_fact(judge(replies), "R-14").answers
    replies[answered.ask] = error(418, "Teapot")
    result = by_fact(judge(replies), "R-14")
    assert (result.status, result.found) == (ParityStatus.DIFFERS, None)
    assert "418 Teapot" in [str(item.reply) for item in result.answers]
    assert "# empty_whitelist was not decided: no variant fits" in (
        format_assumptions(judge(replies), "")
    )


def test_without_replies_no_fact_is_decided() -> None:
    results = judge({})
    assert {result.status for result in results} == {ParityStatus.UNSEEN}
    assert {result.why for result in results} == {"it was not asked"}
    assert toml.parse(format_assumptions(results, "")) == DEFAULT


def test_undecided_fact_has_a_reason() -> None:
    """R-15"""
    replies = ask_all(
        ModelService().send, {FRESH: "the bucket existed before"}, lambda _: "", lambda: None
    )
    result = by_fact(judge(replies), "R-15")
    assert (result.status, result.why) == (ParityStatus.UNSEEN, "the bucket existed before")


def test_contradicting_reply_counts_although_another_is_missing() -> None:
    """R-13"""
    replies = dict(ask())
    allowed, denied = by_fact(judge(replies), "R-13").answers
    replies |= {allowed.ask: "lost", denied.ask: Reply(200)}
    assert by_fact(judge(replies), "R-13").status is ParityStatus.DIFFERS


def test_variant_is_found_from_some_of_the_replies() -> None:
    """R-28"""
    replies = dict(ask())
    listed = next(item.ask for item in by_fact(judge(replies), "R-28").answers)
    assert listed.setup is LISTED
    replies[listed] = "lost"
    assert by_fact(judge(replies), "R-28").status is ParityStatus.CONFIRMED


def test_replies_that_fit_several_variants_decide_nothing() -> None:
    """R-29"""
    replies = dict(ask())
    first, _ = by_fact(judge(replies), "R-29").answers
    replies[first.ask] = "lost"
    result = by_fact(judge(replies), "R-29")
    assert result.status is ParityStatus.CONFIRMED  # "last" and "joined" allow the second
    replies = dict(ask(Assumptions(repeated_header=RepeatedHeader.JOINED)))
    replies[first.ask] = "lost"
    result = by_fact(judge(replies), "R-29")
    assert (result.status, result.why) == (ParityStatus.UNSEEN, "lost")


def test_every_assumption_has_a_question() -> None:
    assert {item.name for item in fields(Assumptions)} <= found(judge({})).keys()
