"""Retention policies of buckets: their periods, and the objects that they protect."""

from __future__ import annotations

from dataclasses import replace

import pytest
from oss_emulator.documents import worm
from oss_emulator.documents.schema import Element
from oss_emulator.documents.worm import DAY, RetentionPolicy
from oss_emulator.protocol.errors import OSSError

POLICY = RetentionPolicy("1666E2CF", 2, 1000.0)
LOCKED = replace(POLICY, locked=True)


@pytest.mark.parametrize(
    ("locked", "now", "in_force"),
    [(False, 1000.0 + DAY - 1, True), (False, 1000.0 + DAY, False), (True, 1000.0 + 9 * DAY, True)],
)
def test_policy_is_void_unless_it_is_locked_within_a_day(
    locked: bool, now: float, in_force: bool
) -> None:
    policy = LOCKED if locked else POLICY
    assert policy.is_in_force(now) is in_force


@pytest.mark.parametrize(("now", "protected"), [(2 * DAY - 1, True), (2 * DAY, False)])
def test_protection_begins_with_the_last_change_of_the_object(now: float, protected: bool) -> None:
    assert LOCKED.protects(0.0, now) is protected


def test_void_policy_protects_nothing() -> None:
    now = POLICY.created + DAY
    assert not POLICY.protects(now, now)


@pytest.mark.parametrize("policy", [POLICY, LOCKED, replace(LOCKED, days=9)])
def test_kept_policy_is_read_back(policy: RetentionPolicy) -> None:
    assert worm.policy({"worm": worm.format(policy)}) == policy


def test_new_bucket_has_no_policy() -> None:
    assert worm.policy({}) is None


@pytest.mark.parametrize("schema", [worm.INITIATE, worm.EXTEND], ids=lambda schema: schema.name)
@pytest.mark.parametrize("days", ["0", "25551", "-1"])
def test_period_is_a_day_to_seventy_years(schema: Element, days: str) -> None:
    period = f"<RetentionPeriodInDays>{days}</RetentionPeriodInDays>"
    with pytest.raises(OSSError) as caught:
        schema.parse(f"<{schema.name}>{period}</{schema.name}>".encode())
    assert caught.value.details["ArgumentName"] == "RetentionPeriodInDays"
