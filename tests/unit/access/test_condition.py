"""The operators and keys of conditions, one by one."""

from __future__ import annotations

import re
import time
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.access.condition import OPERATORS, Context, PolicyCondition

from tests.rows import read_cases, rows

CASES = read_cases("unit.access")


NOON = 1704110400.0  # 2024-01-01T12:00:00Z


def holds(operator: str, key: str, values: str | list[str], context: Context) -> bool:
    return PolicyCondition.compile(
        operator, key, [values] if isinstance(values, str) else values
    ).holds(context)


def agent(text: str | None) -> Context:
    return Context(user_agent=text)


@rows(("operator", "value", "found", "expected"), *CASES["text_operators_compare_as_documented"])
def test_text_operators_compare_as_documented(
    operator: str, value: str, found: str, expected: bool
) -> None:
    assert holds(operator, "acs:UserAgent", value, agent(found)) is expected


@rows(("operator", "value", "expected"), *CASES["dates_are_compared_as_times"])
def test_dates_are_compared_as_times(operator: str, value: str, expected: bool) -> None:
    assert holds(operator, "acs:CurrentTime", value, Context(time=NOON)) is expected


def test_date_without_zone_is_utc_in_any_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with monkeypatch.context() as patched:
            patched.setenv("TZ", "Asia/Shanghai")
            time.tzset()
            context = Context(time=NOON)
            assert holds("DateEquals", "acs:CurrentTime", "2024-01-01T12:00:00", context)
    finally:
        time.tzset()


@rows(("value", "address", "expected"), *CASES["address_operators_match_addresses_and_blocks"])
def test_address_operators_match_addresses_and_blocks(
    value: str, address: str, expected: bool
) -> None:
    context = Context(source_ip=address)
    assert holds("IpAddress", "acs:SourceIp", value, context) is expected
    assert holds("NotIpAddress", "acs:SourceIp", value, context) is not expected


@given(st.ip_addresses(v=4), st.ip_addresses(v=4), st.integers(0, 32))
def test_block_contains_the_addresses_with_its_prefix(
    address: IPv4Address, block: IPv4Address, length: int
) -> None:
    shift = 32 - length
    expected = int(address) >> shift == int(block) >> shift
    context = Context(source_ip=str(address))
    assert holds("IpAddress", "acs:SourceIp", f"{block}/{length}", context) is expected


@rows("operator", *OPERATORS)
def test_missing_key_satisfies_only_negated_operators(operator: str) -> None:
    value = {"S": "a", "N": "1", "D": "2024-01-01", "B": "true", "I": "::1"}.get(operator[0], "::1")
    value = "::1" if "IpAddress" in operator else value
    assert holds(operator, "ecs:tag/x", value, Context()) is ("Not" in operator)


@rows("operator, values, found, expected", *CASES["one_value_must_match_and_none_for_a_negation"])
def test_one_value_must_match_and_none_for_a_negation(
    operator: str, values: list[str], found: str, expected: bool
) -> None:
    assert holds(operator, "acs:UserAgent", values, agent(found)) is expected


FULL = Context(
    time=NOON,
    secure=True,
    source_ip="10.0.0.1",
    source_vpc="vpc-1",
    user_agent="curl",
    access_key_id="key",
    prefix="p/",
    delimiter="/",
    acl="private",
    object_acl="default",
    bucket_tags={"a/b": "1"},
    object_tags={"k": "2"},
    request_tags={"k": "3"},
)


@rows(
    ("key", "value"),
    ("acs:CurrentTime", "2024-01-01T12:00:00+00:00"),
    ("acs:SecureTransport", "true"),
    ("acs:MFAPresent", "false"),
    ("acs:SourceIp", "10.0.0.1"),
    ("acs:SourceVpc", "vpc-1"),
    ("acs:UserAgent", "curl"),
    ("acs:AccessId", "key"),
    ("oss:Prefix", "p/"),
    ("oss:Delimiter", "/"),
    ("oss:x-oss-acl", "private"),
    ("oss:x-oss-object-acl", "default"),
    ("oss:BucketTag/a/b", "1"),
    ("oss:ExistingObjectTag/k", "2"),
    ("oss:RequestObjectTag/k", "3"),
    ("oss:requestobjecttag/k", "3"),
    ("OSS:PREFIX", "p/"),
    ("oss:RequestObjectTag/K", None),
    ("oss:RequestObjectTag", None),
    ("oss:Prefix/x", None),
    ("acs:ResourceTag/k", None),
)
def test_condition_keys_have_the_values_of_the_request(key: str, value: str | None) -> None:
    assert FULL.value(key) == value


@rows("key", "acs:SourceIp", "acs:UserAgent", "acs:AccessId", "oss:Prefix", "oss:x-oss-acl")
def test_unknown_condition_key_has_no_value(key: str) -> None:
    assert Context().value(key) is None


def test_request_from_outside_a_vpc_has_an_empty_vpc() -> None:
    assert Context().value("acs:SourceVpc") == ""
    assert Context().value("acs:SecureTransport") == "false"


def test_conditions_of_the_same_text_are_equal() -> None:
    """In a message, a condition shows its text and not the functions that test it."""
    one, other = (PolicyCondition.compile("StringLike", "acs:UserAgent", ["a*"]) for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert "tests" not in repr(one)


@rows("value, narrows", *CASES["block_may_be_written_with_any_of_its_addresses"])
def test_block_may_be_written_with_any_of_its_addresses(value: str, narrows: bool) -> None:
    """A-33"""
    condition = PolicyCondition.compile("IpAddress", "acs:SourceIp", [value])
    assert condition.narrows is narrows


@rows(
    ("operator", "key", "values", "narrows"),
    *CASES["condition_that_keeps_a_statement_from_being_public"],
)
def test_condition_that_keeps_a_statement_from_being_public(
    operator: str, key: str, values: list[str], narrows: bool
) -> None:
    """A-33"""
    assert PolicyCondition.compile(operator, key, values).narrows is narrows


@rows("operator, value, message", *CASES["value_that_cannot_be_read_is_named"])
def test_value_that_cannot_be_read_is_named(operator: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        PolicyCondition.compile(operator, "acs:SourceIp", [value])
