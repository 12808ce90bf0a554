"""The scenarios about Referer rules: their requests, and how the answers are judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.cli.play import INCLUDED
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.facts import FactResult, FactStatus, conclude, format_assumptions
from oss_emulator.recording.playing import (
    IN_A_ROW,
    TRIES,
    PlayedAnswer,
    PlayedStep,
    Send,
    play,
    prepare,
)
from oss_emulator.recording.scenario import RecordedRequest
from oss_referer import Assumptions, Decision, RefererConfiguration, RefererPolicy, Signing
from oss_referer.engine.assumptions import DEFAULT, FACTS, CheckedRequests, RepeatedHeader
from oss_referer.sources import assumptions as toml

from tests.rows import rows
from tests.thorough import cases
from tests.unit.recording import model
from tests.unit.recording.model import ModelService, error

RECORDING = scenarios.read(INCLUDED["referer"])
STEPS = [step for one in RECORDING.scenarios for step in one.steps]
QUESTIONS = RECORDING.questions
VARIANTS = {str(variant) for chosen in DEFAULT.chosen().values() for variant in type(chosen)}


def ask(
    send: Send, assumed: Assumptions = DEFAULT, pause: Callable[[], None] = lambda: None
) -> list[PlayedStep]:
    """Play all scenarios in turn against one service."""
    refused: dict[str, str] = {}
    for request in prepare(RECORDING):
        if send(request, b"").status >= 300:
            refused.setdefault(request.opens, str(request))
    played: list[PlayedStep] = []
    for one in RECORDING.scenarios:
        for request in one.before:
            if send(request, b"").status >= 300:
                refused.setdefault(request.opens, str(request))
        played += play(one, send, assumed=assumed, pause=pause, refused=refused)
    return played


@cache
def ask_model(assumptions: Assumptions = DEFAULT) -> tuple[PlayedStep, ...]:
    return tuple(ask(ModelService(assumptions).send))


def judge(played: Iterable[PlayedStep], expected: Assumptions = DEFAULT) -> dict[str, FactResult]:
    names = {about: name for name, about in QUESTIONS.items()}
    return {names[one.about]: one for one in conclude([*played], QUESTIONS, expected)}


def statuses(results: Mapping[str, FactResult]) -> set[FactStatus]:
    return {result.conclusion for result in results.values()}


# --- The requests


def test_every_visible_fact_is_asked() -> None:
    assumed = {f"{FACTS[name]} {name}" for name in DEFAULT.chosen()}
    documented = (
        *("R-01", "R-02", "R-03", "R-04", "R-10", "R-11", "R-12", "R-13", "R-15", "R-20", "R-21"),
        *("R-22", "R-23", "R-26", "R-27", "R-30", "R-31", "R-32", "R-33", "R-34", "R-35", "R-42"),
        *("R-45", "R-46"),
    )
    assert set(QUESTIONS) >= assumed
    assert {name.partition(" ")[0] for name in set(QUESTIONS) - assumed} == {*documented}
    assert set(QUESTIONS) == {name for step in STEPS for name in step.facts}
    assert all(len(about) <= 54 for about in QUESTIONS.values())  # it fits next to the conclusion


def test_at_least_120_answers_are_about_facts() -> None:
    assert sum(bool(step.facts) for step in STEPS) >= 120
    signatures = {str(step.request.signature) for step in STEPS}
    assert {f"signed in the url, V{version}" for version in (1, 2, 4)} <= signatures


def test_variants_are_those_of_the_assumptions() -> None:
    assert {name for step in STEPS for name in step.variants} <= VARIANTS
    assert not any(step.variants for step in STEPS if step.until)


def test_model_gives_the_answer_of_each_variant() -> None:
    assert statuses(judge(ask_model())) == {FactStatus.CONFIRMED}
    assert [str(item) for step in ask_model() for item in step.differences] == []
    for _, assumptions in DEFAULT.alternatives():
        played = ask(ModelService(assumptions).send, assumptions)
        assert [str(item) for step in played for item in step.differences] == [], assumptions


def test_rules_of_the_scenario_before_do_not_pass_for_new_ones() -> None:
    """The rules of the previous scenario give a waiting step another answer."""
    service = ModelService()
    for one in RECORDING.scenarios:
        waits = [step for step in one.steps if step.until]
        before = replace(one, steps=tuple(replace(step, until=False) for step in waits))
        acl = [request for request in one.before if "acl" in request.query]
        if waits and not acl:
            assert any(step.differences for step in play(before, service.send)), one.name
        for request in one.before:
            service.send(request, b"")
        list(play(one, service.send))


# --- Rules take a moment to take effect


@rows("delay", 4, 20)
def test_rules_are_waited_for(delay: int) -> None:
    service = ModelService(delay=delay)
    pauses: list[None] = []
    played = ask(service.send, pause=lambda: pauses.append(None))
    assert statuses(judge(played)) == {FactStatus.CONFIRMED}
    assert pauses
    assert len(service.sent) > len(STEPS) + sum(step.until for step in STEPS) * (IN_A_ROW - 1)


def test_rules_that_never_take_effect_show_nothing() -> None:
    results = judge(ask(ModelService(delay=10**6).send))
    assert results["R-20"].conclusion is FactStatus.UNSEEN
    assert results["R-20"].why == f"the new rules did not take effect within {TRIES} tries"
    assert results["R-33"].conclusion is FactStatus.CONFIRMED


# --- Facts that cannot be seen


def altered(
    answer: PlayedAnswer, changed: Callable[[RecordedRequest], bool]
) -> Mapping[str, FactResult]:
    """Judge a service that gives the same answer to some requests."""
    service = ModelService()

    def send(request: RecordedRequest, body: bytes) -> PlayedAnswer:
        reply = service.send(request, body)
        return answer if changed(request) else reply

    return judge(ask(send))


def is_of_version(version: int) -> Callable[[RecordedRequest], bool]:
    return lambda request: request.signature is not None and request.signature.version == version


def test_version_that_is_refused_is_not_allowed_here() -> None:
    """P-60"""
    results = altered(error(403, "AccessDenied", "0002-00000080"), is_of_version(1))
    assert results["R-01 V1"].conclusion is FactStatus.NOT_ALLOWED
    assert results["R-01 V1"].why == (
        "GET referer/open, signed in the url, V1: "
        "the service answered 403 AccessDenied 0002-00000080"
    )
    del results["R-01 V1"]  # type: ignore[attr-defined]
    assert statuses(results) == {FactStatus.CONFIRMED}


def test_blocked_public_access_is_not_allowed_here() -> None:
    """P-45"""

    def is_public(request: RecordedRequest) -> bool:
        return request.path in model.PUBLIC

    results = altered(error(403, "AccessDenied", "0003-00000001"), is_public)
    assert results["R-01"].conclusion is FactStatus.NOT_ALLOWED
    assert statuses(results) == {FactStatus.NOT_ALLOWED, FactStatus.CONFIRMED}
    assert results["R-20"].conclusion is FactStatus.CONFIRMED


def test_signed_urls_that_are_not_checked_differ() -> None:
    """R-01: anonymous requests show that the rules are in effect."""

    def is_url(request: RecordedRequest) -> bool:
        return request.signature is not None and request.signature.place is Signing.URL

    assert altered(PlayedAnswer(200), is_url)["R-01"].conclusion is FactStatus.DIFFERS


@rows(("status", "trouble"), (500, True), (503, True), (429, True), (501, 0))
def test_failures_of_the_service_decide_no_fact(status: int, trouble: bool) -> None:
    results = altered(error(status, "Trouble"), lambda request: request.bucket == "missing")
    expected = FactStatus.UNSEEN if trouble else FactStatus.DIFFERS
    assert results["R-32"].conclusion is expected


def test_without_answers_no_fact_is_decided() -> None:
    results = judge([])
    assert statuses(results) == {FactStatus.UNSEEN}
    assert {result.why for result in results.values()} == {"it was not asked"}


# --- Conclusions from answers: each variant is found, and nothing is found without evidence

ANY_ASSUMPTIONS = st.builds(
    Assumptions,
    **{name: st.sampled_from(list(type(variant))) for name, variant in DEFAULT.chosen().items()},
)


@pytest.mark.thorough
@settings(max_examples=cases(6, 100))
@given(ANY_ASSUMPTIONS)
def test_any_combination_of_variants_is_found(assumptions: Assumptions) -> None:
    results = judge(ask_model(assumptions))
    hidden = assumptions.checked_requests is CheckedRequests.ALL_SIGNED_URLS
    if hidden:  # the copy is denied as a signed URL, whatever the rules say about its source
        assert results["R-45 copy_source"].conclusion is FactStatus.UNSEEN
        assumptions = replace(assumptions, copy_source=DEFAULT.copy_source)
    wanted = {**assumptions.chosen(), **({"copy_source": None} if hidden else {})}
    assert {one.assumption: one.found for one in results.values() if one.assumption} == wanted
    for result in results.values():
        same = result.found is result.expected
        if result.conclusion is not FactStatus.UNSEEN:
            assert result.conclusion is (FactStatus.CONFIRMED if same else FactStatus.DIFFERS)
    written = format_assumptions([*results.values()], "Found today.")
    assert written.startswith("# Found today.\nchecked_requests = ") or hidden
    assert toml.parse(written) == assumptions


def test_other_assumptions_may_be_expected() -> None:
    expected = Assumptions(repeated_header=RepeatedHeader.LAST)
    assert statuses(judge(ask_model(expected), expected)) == {FactStatus.CONFIRMED}
    found = judge(ask_model(), expected)["R-29 repeated_header"]
    assert (found.conclusion, found.found) == (FactStatus.DIFFERS, RepeatedHeader.FIRST)


def test_results_are_sorted_by_fact() -> None:
    numbers = [result.fact for result in judge(ask_model()).values()]
    assert numbers == sorted(numbers)
    assert len(numbers) == len(QUESTIONS)


def test_answer_that_no_variant_gives_differs() -> None:
    """R-14"""
    place = "R-14 empty_whitelist"
    asked = [step.request for step in STEPS if place in step.facts]
    results = altered(error(418, "Teapot"), lambda request: request in asked)
    assert (results[place].conclusion, results[place].found) == (FactStatus.DIFFERS, None)
    written = format_assumptions([*results.values()], "")
    assert "# empty_whitelist was not decided: no variant fits" in written


def lost(question: str, keep: Sequence[int] = ()) -> FactResult:
    """Judge without the answers to a question, except for those at the places in `keep`."""
    played = [*ask_model(Assumptions(repeated_header=RepeatedHeader.JOINED))]
    about = [place for place, step in enumerate(played) if question in step.step.facts]
    for number, place in enumerate(about):
        if number not in keep:
            played[place] = replace(played[place], unseen="lost")
    return judge(played)[question]


def test_answers_that_fit_several_variants_decide_nothing() -> None:
    """R-29: "joined" and "last" allow the first Referer only if it comes last."""
    assert lost("R-29 repeated_header", keep=(0, 1)).found is RepeatedHeader.JOINED
    result = lost("R-29 repeated_header", keep=(1,))
    assert (result.conclusion, result.why) == (FactStatus.UNSEEN, "lost")


def test_answer_counts_although_another_is_missing() -> None:
    """R-13"""
    played = [*ask_model()]
    allowed, denied, *_ = (n for n, step in enumerate(played) if "R-13" in step.step.facts)
    played[allowed] = replace(played[allowed], unseen="lost")
    assert judge(played)["R-13"].conclusion is FactStatus.UNSEEN
    played[denied] = play_one(played[denied], PlayedAnswer(200))
    assert judge(played)["R-13"].conclusion is FactStatus.DIFFERS


def play_one(step: PlayedStep, answer: PlayedAnswer) -> PlayedStep:
    one = scenarios.RecordedScenario(step.scenario, (step.step,))
    return next(play(one, lambda *_: answer))


# --- Each documented fact that a service breaks is noticed

Decide = Callable[..., Decision]

compile_once = lru_cache(RefererPolicy.compile)


@dataclass(frozen=True)
class Double:
    """A policy that breaks one documented fact."""

    right: RefererPolicy
    fault: Decide

    def decide(self, referer: str | None, *further: str, **request: Any) -> Decision:
        return self.fault(self.right, referer, *further, **request)


def rules_changed(change: Callable[[RefererConfiguration], RefererConfiguration]) -> Decide:
    """Decide by a changed version of the rules."""

    def decide(
        right: RefererPolicy, referer: str | None, *further: str, **request: Any
    ) -> Decision:
        rules = change(right.configuration)
        return compile_once(rules, right.assumptions).decide(referer, *further, **request)

    return decide


def entries_changed(change: Callable[[str], str]) -> Decide:
    """Decide by changed entries of the whitelist."""
    return rules_changed(
        lambda rules: replace(rules, whitelist=tuple(change(entry) for entry in rules.whitelist))
    )


def exempt_signed_urls(
    right: RefererPolicy, referer: str | None, *further: str, **request: Any
) -> Decision:
    if request["signed"] is Signing.URL:
        request["signed"] = Signing.HEADER
    return right.decide(referer, *further, **request)


def check_signed_headers(
    right: RefererPolicy, referer: str | None, *further: str, **request: Any
) -> Decision:
    if request["signed"] is Signing.HEADER and request["method"] == "GET":
        request["signed"] = Signing.NONE
    return right.decide(referer, *further, **request)


def take_blank_for_a_referer(
    right: RefererPolicy, referer: str | None, *further: str, **request: Any
) -> Decision:
    blank = referer == "" and not further
    return right.decide("https://blank/" if blank else referer, *further, **request)


def name_another_reason(
    right: RefererPolicy, referer: str | None, *further: str, **request: Any
) -> Decision:
    decision = right.decide(referer, *further, **request)
    if decision.ec != "0003-00000503":
        return decision
    empty = RefererConfiguration(allow_empty_referer=False, whitelist=("x",))
    return RefererPolicy.compile(empty).decide(None)


def deny_by_default(rules: RefererConfiguration) -> RefererConfiguration:
    return replace(rules, whitelist=("x",)) if rules == RefererConfiguration() else rules


def deny_empty_by_default(
    right: RefererPolicy, referer: str | None, *further: str, **request: Any
) -> Decision:
    if right.configuration == RefererConfiguration() and referer is None:
        rules = RefererConfiguration(allow_empty_referer=False, whitelist=("x",))
        return RefererPolicy.compile(rules).decide(referer, *further, **request)
    return right.decide(referer, *further, **request)


FAULTS: dict[str, tuple[str, Decide]] = {
    "signed URLs are not checked": ("R-01", exempt_signed_urls),
    "signed headers are checked": ("R-01", check_signed_headers),
    "a blank Referer is not empty": ("R-10", take_blank_for_a_referer),
    "AllowEmptyReferer is always true": (
        "R-11",
        rules_changed(lambda rules: replace(rules, allow_empty_referer=True)),
    ),
    "the whitelist goes before the blacklist": (
        "R-12",
        rules_changed(
            lambda rules: replace(
                rules, blacklist=tuple(sorted(set(rules.blacklist) - set(rules.whitelist)))
            )
        ),
    ),
    "a denial has the wrong EC": ("R-13", name_another_reason),
    "a bucket without rules denies": ("R-15", rules_changed(deny_by_default)),
    "entries match anywhere": ("R-20", entries_changed(lambda entry: f"*{entry.strip('*')}")),
    "? stands for any number of characters": (
        "R-21",
        entries_changed(lambda entry: entry.replace("k?", "k*")),
    ),
    "ports are ignored": ("R-22", entries_changed(lambda entry: entry.replace(":8080", ""))),
    "an entry without a scheme matches all schemes": (
        "R-23",
        entries_changed(lambda entry: f"*://{entry}" if entry.startswith("www.") else entry),
    ),
    "queries are never cut": (
        "R-26",
        rules_changed(
            lambda rules: replace(rules, allow_truncate_query_string=rules.truncate_path)
        ),
    ),
    "paths are never cut": (
        "R-27",
        rules_changed(lambda rules: replace(rules, truncate_path=False)),
    ),
    "cleared rules deny empty Referers": ("R-34", deny_empty_by_default),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_documented_fact_differs(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number, decide = FAULTS[fault]
    compile_rules = model.compile_rules

    def break_rules(document: bytes, assumptions: Assumptions) -> Double:
        return Double(compile_rules(document, assumptions), decide)

    monkeypatch.setattr(model, "compile_rules", break_rules)
    assert judge(ask(ModelService().send))[number].conclusion is FactStatus.DIFFERS


@rows(
    ("number", "old", "new"),
    ("R-31", b"<TruncatePath>false</TruncatePath>", b""),
    ("R-32", b"NoSuchBucket", b"BucketMissing"),
    ("R-33", b"0033-00000001", b"0015-00000231"),
    ("R-35", b"You are denied by bucket referer policy.", b"You are denied."),
)
def test_broken_answer_differs(number: str, old: bytes, new: bytes) -> None:
    service = ModelService()

    def alter(request: RecordedRequest, body: bytes) -> PlayedAnswer:
        reply = service.send(request, body)
        return replace(reply, body=reply.body.replace(old, new))

    assert judge(ask(alter))[number].conclusion is FactStatus.DIFFERS


def test_service_that_ignores_a_signed_referer_differs() -> None:
    """R-46"""
    service = ModelService()

    def forgive(request: RecordedRequest, body: bytes) -> PlayedAnswer:
        signature = request.signature and replace(request.signature, referer="")
        return service.send(replace(request, signature=signature), body)

    assert judge(ask(forgive))["R-46"].conclusion is FactStatus.DIFFERS
