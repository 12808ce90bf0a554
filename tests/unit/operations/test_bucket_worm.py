"""Retention policies of buckets: their states over time, and the objects they protect."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.operations.service import Caller

DAY = 24 * 60 * 60
INITIATE = "<InitiateWormConfiguration>%s</InitiateWormConfiguration>"
EXTEND = "<ExtendWormConfiguration>%s</ExtendWormConfiguration>"
DAYS = "<RetentionPeriodInDays>%s</RetentionPeriodInDays>"


def initiate(ask: Caller, days: int = 2) -> str:
    answer = ask("POST", "/bucket?worm", INITIATE % (DAYS % days))
    assert answer.status == 200
    return answer.headers["x-oss-worm-id"]


def lock(ask: Caller, days: int = 2) -> str:
    worm_id = initiate(ask, days)
    assert ask("POST", f"/bucket?wormId={worm_id}").status == 200
    return worm_id


def extend(ask: Caller, worm_id: str, days: int) -> str:
    # SDK V2 sends the parameters in this order, oss2 in the reverse order.
    return ask("POST", f"/bucket?wormExtend&wormId={worm_id}", EXTEND % (DAYS % days)).code


def test_policy_is_in_progress_until_it_is_locked(ask: Caller) -> None:
    assert ask("GET", "/bucket?worm").code == "NoSuchWORMConfiguration"
    worm_id = initiate(ask)
    got = ask("GET", "/bucket?worm")
    assert (got.text("WormId"), got.text("State")) == (worm_id, "InProgress")
    assert got.text("CreationDate") == "2025-06-15T15:06:40.000Z"
    assert got.text("ExpirationDate") == "2025-06-16T15:06:40.000Z"
    assert ask("POST", f"/bucket?wormId={worm_id}").status == 200
    got = ask("GET", "/bucket?worm")
    assert (got.text("State"), got.text("RetentionPeriodInDays")) == ("Locked", "2")
    assert got.text("ExpirationDate") is None


@pytest.mark.parametrize(("seconds", "void"), [(DAY - 1, False), (DAY, True)])
def test_policy_is_void_unless_it_is_locked_within_a_day(
    ask: Caller, seconds: int, void: bool
) -> None:
    worm_id = initiate(ask)
    ask("PUT", "/bucket/a", "x")
    ask.now += seconds
    assert (ask("GET", "/bucket?worm").code == "NoSuchWORMConfiguration") is void
    assert (ask("DELETE", "/bucket/a").code == "") is void
    assert (ask("POST", f"/bucket?wormId={worm_id}").code == "NoSuchWORMConfiguration") is void


def test_only_an_unlocked_policy_can_be_deleted(ask: Caller) -> None:
    ask("PUT", "/bucket/a", "x")
    initiate(ask)
    assert ask("DELETE", "/bucket?worm").status == 204
    assert ask("DELETE", "/bucket/a").status == 204
    lock(ask)
    answer = ask("DELETE", "/bucket?worm")
    assert (answer.status, answer.code) == (403, "WORMConfigurationLocked")


def test_second_policy_is_refused(ask: Caller) -> None:
    initiate(ask)
    answer = ask("POST", "/bucket?worm", INITIATE % (DAYS % 1))
    assert (answer.status, answer.code) == (409, "WORMConfigurationAlreadyExists")


def test_locked_policy_can_only_be_extended(ask: Caller) -> None:
    worm_id = initiate(ask, 5)
    assert extend(ask, worm_id, 6) == "InvalidWORMConfiguration"
    ask("POST", f"/bucket?wormId={worm_id}")
    assert extend(ask, worm_id, 5) == "InvalidWORMConfiguration"
    assert extend(ask, "other", 6) == "NoSuchWORMConfiguration"
    assert extend(ask, worm_id, 6) == ""
    assert ask("GET", "/bucket?worm").text("RetentionPeriodInDays") == "6"


@pytest.mark.parametrize("days", ["0", "25551", "-1"])
def test_period_is_a_day_to_seventy_years(ask: Caller, days: str) -> None:
    answer = ask("POST", "/bucket?worm", INITIATE % (DAYS % days))
    assert (answer.code, answer.text("ArgumentName")) == (
        "InvalidArgument",
        "RetentionPeriodInDays",
    )


DELETE_MANY = "<Delete><Object><Key>other</Key></Object><Object><Key>a</Key></Object></Delete>"
CHANGES: dict[str, Callable[[Caller], str]] = {
    "put": lambda ask: ask("PUT", "/bucket/a", "y").code,
    "delete": lambda ask: ask("DELETE", "/bucket/a").code,
    "delete many": lambda ask: ask.delete_many(DELETE_MANY).code,
    "copy": lambda ask: ask("PUT", "/bucket/a", x_oss_copy_source="/bucket/other").code,
}


@pytest.mark.parametrize("change", CHANGES)
def test_protection_begins_with_the_last_change_of_the_object(ask: Caller, change: str) -> None:
    ask("PUT", "/bucket/a", "x")
    ask.now += DAY
    lock(ask, 2)
    ask("PUT", "/bucket/other", "y")
    ask.now += DAY - 1
    assert CHANGES[change](ask) == "FileImmutable"
    assert ask("GET", "/bucket/a").body == b"x"
    assert ask("GET", "/bucket/other").body == b"y"
    assert ask("PUT", "/bucket/new", "z").status == 200
    ask.now += 1
    # `other` was put a day later, so a deletion of both is refused as a whole.
    assert CHANGES[change](ask) == ("FileImmutable" if change == "delete many" else "")


def test_versions_are_protected_and_delete_markers_are_not(ask: Caller) -> None:
    enabled = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    ask("PUT", "/bucket?versioning", enabled)
    first = ask("PUT", "/bucket/a", "x").headers["x-oss-version-id"]
    lock(ask)
    assert ask("PUT", "/bucket/a", "y").status == 200
    marker = ask("DELETE", "/bucket/a").headers["x-oss-version-id"]
    assert ask("DELETE", f"/bucket/a?versionId={first}").code == "FileImmutable"
    assert ask("DELETE", f"/bucket/a?versionId={marker}").status == 204
    assert ask("GET", "/bucket/a").body == b"y"
