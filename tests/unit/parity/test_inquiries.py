"""The questions distinguish all variants, and canaries show when their setups take effect."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from oss_emulator.parity.inquiries import (
    ASSUMED,
    DOCUMENTED,
    INQUIRIES,
    SETUPS,
    Fetch,
    Inquiry,
    Setup,
)
from oss_referer import RefererConfiguration, RefererPolicy, Signing
from oss_referer.engine.assumptions import DEFAULT, FACTS


def test_every_assumed_fact_has_its_number() -> None:
    assert {inquiry.field for inquiry in ASSUMED} == set(DEFAULT.chosen())
    assert all(inquiry.fact == FACTS[inquiry.field] for inquiry in ASSUMED)


def test_visible_documented_facts_are_asked() -> None:
    assert {inquiry.fact for inquiry in DOCUMENTED} == {
        *("R-01", "R-02", "R-10", "R-11", "R-12", "R-13", "R-15"),
        *("R-20", "R-21", "R-22", "R-23", "R-26", "R-27"),
        *("R-30", "R-31", "R-32", "R-33", "R-34", "R-35"),
    }


@pytest.mark.parametrize("inquiry", ASSUMED, ids=lambda inquiry: inquiry.field)
def test_each_variant_expects_different_replies(inquiry: Inquiry) -> None:
    wanted = []
    for variant in type(DEFAULT.chosen()[inquiry.field]):
        change: dict[str, Any] = {inquiry.field: variant}
        wanted.append(inquiry.expect(replace(DEFAULT, **change)))
    assert len(set(wanted)) == len(wanted)


@pytest.mark.parametrize("inquiry", INQUIRIES, ids=lambda inquiry: inquiry.about)
def test_every_request_has_a_wanted_reply(inquiry: Inquiry) -> None:
    assert len(inquiry.expect(DEFAULT)) == len(inquiry.asks) > 0
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
