"""Lines and records of the access log, compared with the documented format."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer.traffic import accesslog
from oss_referer.traffic.accesslog import is_record, parse_record

from tests.rows import read_cases, rows

CASES = read_cases("referer.traffic")

# "Access log line" of the OSS documents: the fields in their order.
FORM = re.compile(
    r"(\S+) - - \[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\] "
    r'"([^"]*)" (\d{3}) (\d+|-) (\d+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "(true|false)" '
    r'"([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" (\d+|-) (\d+) "([^"]*)" (\d+) "([^"]*)" (-?\d+|-) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"'
)

LINE = accesslog.LogLine(
    remote_ip="192.0.2.1",
    time=1_609_657_189.0,
    request="GET /examplebucket/a%20b HTTP/1.1",
    status=403,
    sent_bytes=356,
    request_time=4,
    referer="http://www.example.com/",
    user_agent='curl "8"',
    host="127.0.0.1:9000",
    request_id="5FF16B65F05BC932307A3C3C",
    requester_id="",
    operation="GetObject",
    bucket="examplebucket",
    key="a b/中",
    object_size=None,
    server_cost=3,
    error_code="AccessDenied",
    request_length=0,
    owner_id="16571836914537",
    delta_size=None,
    access_key_id="",
)


def test_fields_are_in_order() -> None:
    match = FORM.fullmatch(accesslog.format(LINE))
    assert match is not None
    assert match.groups() == (
        "192.0.2.1",
        "03/Jan/2021:06:59:49 +0000",
        "GET /examplebucket/a%20b HTTP/1.1",
        "403",
        "356",
        "4",
        "http://www.example.com/",
        "curl \\x228\\x22",
        "127.0.0.1:9000",
        "5FF16B65F05BC932307A3C3C",
        "true",
        "-",
        "GetObject",
        "examplebucket",
        "a%20b/%E4%B8%AD",
        "-",
        "3",
        "AccessDenied",
        "0",
        "16571836914537",
        "-",
        "-",
        "-",
        "-",
        "-",
        "-",
    )


def test_quotation_mark_is_escaped() -> None:
    line = accesslog.format(LINE._replace(user_agent='a" "b\\', referer='"'))
    match = FORM.fullmatch(line)
    assert match is not None
    assert match.group(7, 8) == ("\\x22", "a\\x22 \\x22b\\x5C")


def test_bucket_arn_ends_the_line() -> None:
    """P-60"""
    line = accesslog.format(LINE)
    assert accesslog.format(LINE._replace(bucket_arn="acs:oss:a:1:b")) == f'{line} "acs:oss:a:1:b"'
    assert accesslog.format(LINE._replace(bucket_arn="")) == f'{line} "-"'


any_text = st.text(st.characters(codec="utf-8"), max_size=12) | st.binary(max_size=8).map(
    lambda data: data.decode("utf-8", "surrogateescape")
)
fields = any_text.filter(lambda text: text != "-")
lines = st.builds(
    accesslog.LogLine,
    remote_ip=st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    time=st.integers(0, 4_000_000_000).map(float),
    request=fields,
    status=st.integers(100, 599),
    sent_bytes=st.integers(0, 10**15 - 1),
    request_time=st.integers(0, 10**6),
    referer=fields,
    user_agent=fields,
    host=fields,
    request_id=fields,
    requester_id=fields,
    operation=fields,
    bucket=fields,
    key=fields,
    object_size=st.none() | st.integers(0, 10**15 - 1),
    server_cost=st.integers(0, 10**6),
    error_code=fields,
    request_length=st.integers(0, 10**6),
    owner_id=fields,
    delta_size=st.none() | st.integers(-(10**9), 10**9),
    access_key_id=fields,
    logging=st.booleans(),
    bucket_arn=st.none() | fields,
)


@given(lines)
def test_parsing_returns_the_line_that_was_formatted(line: accesslog.LogLine) -> None:
    text = accesslog.format(line)
    assert "\n" not in text
    assert text.encode()  # without lone surrogates
    assert accesslog.parse(text) == line


TEXT = accesslog.format(LINE)


@rows(
    "text",
    TEXT,
    f"{TEXT} ",
    TEXT.replace(' "', '  "'),
    TEXT.replace("\\x22", '\\"'),
    f'{TEXT} "acs:oss:a:1:b" "appended" 17',
    TEXT.replace("192.0.2.1", "2001:db8::1"),
    TEXT.partition('"16571836914537"')[0] + '"16571836914537"',
    TEXT.replace("03/Jan/2021:06:59:49 +0000", "03/Jan/2021:14:59:49 +0800"),
    TEXT.replace("03/Jan/2021:06:59:49 +0000", "03/Jan/2021:03:29:49 -0330"),
)
def test_variants_of_a_line_are_read_alike(text: str) -> None:
    found = accesslog.parse(text)
    same = found._replace(remote_ip=LINE.remote_ip, time=LINE.time, bucket_arn=None)
    assert same == LINE
    assert found.time == 1_609_657_189


@rows(
    ("text", "field"),
    ("", "remote_ip"),
    ("192.0.2.1", "time"),
    (TEXT[:60], "request"),
    (TEXT.replace(" 403 ", " 4o3 "), "status"),
    (TEXT.replace('"true"', '"maybe"'), "logging"),
    (TEXT[:-4], "access_key_id"),
    (TEXT.replace("Jan", "Jam"), "03/Jam/2021"),
    ('{"bucket": "b"}', "time"),
)
def test_damaged_line_is_refused_with_the_field(text: str, field: str) -> None:
    with pytest.raises(accesslog.LogLineError, match=field):
        accesslog.parse(text)


@rows(
    ("escaped", "plain"),
    (r"a\x22b", 'a"b'),
    (r"a\"b", 'a"b'),
    (r"a\x5Cx22", r"a\x22"),
    (r"\xE4\xB8\xAD", "中"),
    (r"\xff", "\udcff"),
    (r"\n", r"\n"),
    ("a", "a"),
)
def test_escapes_stand_for_bytes(escaped: str, plain: str) -> None:
    assert accesslog.unescape(escaped) == plain


# --- records of real-time log query, with the names that the documents of the service list (P-62)


RECORD: dict[str, object] = dict(CASES["record"])


def test_facts_are_those_of_a_line() -> None:
    line = parse_record(RECORD)
    assert line.time == 1_519_711_125
    assert line.request == "GET /a%20b.jpg?x=1 HTTP/1.1"
    assert (line.status, line.sent_bytes, line.key) == (200, 512, "a b.jpg")
    assert (line.referer, line.error_code, line.requester_id) == (
        "https://www.example.com/",
        "",
        "",
    )
    assert accesslog.parse(accesslog.format(line)) == line


@rows("name", "User-Agent", "user-agent", "user_agent", "USER_AGENT")
def test_names_are_read_in_each_spelling(name: str) -> None:
    record = {key: value for key, value in RECORD.items() if key != "user_agent"}
    assert parse_record({**record, name: "x"}).user_agent == "x"


@rows(("time", "seconds"), *CASES["time_without_a_zone_is_that_of_china"])
def test_time_without_a_zone_is_that_of_china(time: str, seconds: int) -> None:
    assert parse_record({**RECORD, "__time__": None, "time": time}).time == seconds


@rows(("given", "expected"), *CASES["kind_of_signature_is_told_in_the_line"])
def test_kind_of_signature_is_told_in_the_line(
    given: dict[str, object], expected: tuple[str, str, bool]
) -> None:
    line = parse_record({**RECORD, **given})
    by_url = "&x-oss-signature=" in line.request
    assert (line.access_key_id, line.requester_id, by_url) == expected


@rows(("given", "reason"), *CASES["damaged_record_is_refused_with_the_reason"])
def test_damaged_record_is_refused_with_the_reason(given: dict[str, object], reason: str) -> None:
    with pytest.raises(accesslog.LogLineError, match=reason.replace("?", "[?]")):
        parse_record({**RECORD, **given})


def test_record_without_a_required_field_is_refused() -> None:
    with pytest.raises(accesslog.LogLineError, match="no field bucket, request_uri"):
        parse_record({"http_status": 200})
    assert is_record(["HTTP-Status", "request_uri", "bucket"])
    assert not is_record(["http_status", "request_uri"])
