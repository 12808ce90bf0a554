"""The table of what the service changed by date and account (P-60)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from oss_referer.browser.changes import (
    ARN_IN_LOGS,
    BY_DEFAULT,
    CHANGES,
    IMAGES_AT_ENDPOINTS,
    V1_OF_BUCKETS,
    Affected,
    Changes,
    ServiceChange,
)

DAY = timedelta(days=1)
PAGE = Path(__file__).parents[3] / "docs/serve.md"

each_change = pytest.mark.parametrize("change", CHANGES, ids=lambda change: str(change.since))


@each_change
def test_change_is_followed_from_its_date(change: ServiceChange) -> None:
    for_new_accounts, day = change.affected is Affected.NEW_ACCOUNTS, change.since.date()
    assert not Changes(day - DAY, new_account=True).follow(change)
    assert Changes(day, new_account=True).follow(change)
    assert Changes(day).follow(change) is not for_new_accounts


@each_change
def test_new_account_without_a_date_follows_all_changes(change: ServiceChange) -> None:
    assert Changes(new_account=True).follow(change)


def test_changes_that_refuse_older_clients_are_off_by_default() -> None:
    assert [change for change in CHANGES if BY_DEFAULT.follow(change)] == [ARN_IN_LOGS]


@pytest.mark.parametrize(
    ("created", "new"),
    [
        (datetime(2025, 8, 31, 15, 59, 59, tzinfo=UTC), False),
        (datetime(2025, 8, 31, 16, tzinfo=UTC), True),
    ],
)
def test_bucket_is_new_from_midnight_in_beijing(created: datetime, new: bool) -> None:
    changes = Changes(date(2025, 12, 1))
    assert changes.follow(V1_OF_BUCKETS, created.timestamp()) is new
    assert not Changes(date(2025, 8, 31)).follow(V1_OF_BUCKETS, created.timestamp())


def test_bucket_is_new_from_the_minute_of_the_change() -> None:
    at = IMAGES_AT_ENDPOINTS.since.timestamp()
    changes = Changes(date(2025, 12, 1))
    assert changes.follow(IMAGES_AT_ENDPOINTS, at)
    assert not changes.follow(IMAGES_AT_ENDPOINTS, at - 1)


def test_changes_are_in_order() -> None:
    assert list(CHANGES) == sorted(CHANGES, key=lambda change: change.since)


def test_page_of_serve_lists_every_change() -> None:
    rows = re.findall(r"^\| (2\d{3}-\d\d-\d\d) \| (.+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    expected = [
        (
            change.since.date().isoformat(),
            f"{change.name} | {change.affected.value} | {change.effect}",
        )
        for change in CHANGES
    ]
    assert rows == expected
