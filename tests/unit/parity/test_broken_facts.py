"""Parity: each documented fact that a service breaks is noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import pytest
from oss_emulator.parity.asking import ParityStatus, Send, ask_all, compare
from oss_emulator.parity.inquiries import Reply, ServiceRequest
from oss_referer import Assumptions, Decision, RefererConfiguration, RefererPolicy, Signing

from tests.unit.parity import service
from tests.unit.parity.service import ModelService

Decide = Callable[..., Decision]

compile_once = lru_cache(RefererPolicy.compile)


@dataclass(frozen=True)
class Double:
    """A policy that decides wrongly about something that is documented."""

    right: RefererPolicy
    fault: Decide

    def decide(self, referer: str | None, *further: str, **request: Any) -> Decision:
        return self.fault(self.right, referer, *further, **request)


def rules_changed(change: Callable[[RefererConfiguration], RefererConfiguration]) -> Decide:
    """Decide by other rules than those that were put."""

    def decide(
        right: RefererPolicy, referer: str | None, *further: str, **request: Any
    ) -> Decision:
        rules = change(right.configuration)
        return compile_once(rules, right.assumptions).decide(referer, *further, **request)

    return decide


def entries_changed(change: Callable[[str], str]) -> Decide:
    """Decide by other entries of the whitelist."""
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
                rules,
                blacklist=tuple(sorted(set(rules.blacklist) - set(rules.whitelist))),
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


def statuses(send: Send, number: str) -> set[ParityStatus]:
    """What is found about a documented fact."""
    results = compare(ask_all(send, {}, lambda _: "", lambda: None))
    return {one.status for one in results if one.inquiry.fact == number and not one.inquiry.field}


@pytest.mark.parametrize("fault", FAULTS)
def test_broken_documented_fact_differs(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    number, decide = FAULTS[fault]
    compile_rules = service.compile_rules

    def break_rules(document: bytes, assumptions: Assumptions) -> Double:
        return Double(compile_rules(document, assumptions), decide)

    monkeypatch.setattr(service, "compile_rules", break_rules)
    assert statuses(ModelService().send, number) == {ParityStatus.DIFFERS}


@pytest.mark.parametrize(
    ("number", "old", "new"),
    [
        ("R-31", b"<RefererConfiguration>", b'<RefererConfiguration xmlns="http://x.test">'),
        ("R-32", b"NoSuchBucket", b"BucketMissing"),
        ("R-33", b"0033-00000001", b"0015-00000231"),
        ("R-35", b"You are denied by bucket referer policy.", b"You are denied."),
    ],
)
def test_broken_answer_differs(number: str, old: bytes, new: bytes) -> None:
    model = ModelService()

    def alter(request: ServiceRequest) -> Reply:
        reply = model.send(request)
        return replace(reply, body=reply.body.replace(old, new))

    assert statuses(alter, number) == {ParityStatus.DIFFERS}
