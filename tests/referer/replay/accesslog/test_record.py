"""Records of real-time log query, with the names that the documents of the service list (P-62)."""

from __future__ import annotations

import pytest
from oss_referer.replay import accesslog
from oss_referer.replay.accesslog import is_record, parse_record

RECORD: dict[str, object] = {
    "__topic__": "oss_access_log",
    "__time__": 1_519_711_125,
    "time": "27/Feb/2018:13:58:45",
    "client_ip": "192.0.2.1",
    "http_method": "GET",
    "request_uri": "/a%20b.jpg?x=1 HTTP/1.1",
    "http_status": "200",
    "response_body_length": "512",
    "referer": "https://www.example.com/",
    "user_agent": 'curl "8"',
    "bucket": "examplebucket",
    "object": "a%20b.jpg",
    "requester_id": "-",
    "access_id": "-",
    "sign_type": "NotSign",
    "error_code": "-",
}


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


@pytest.mark.parametrize("name", ["User-Agent", "user-agent", "user_agent", "USER_AGENT"])
def test_names_are_read_in_each_spelling(name: str) -> None:
    record = {key: value for key, value in RECORD.items() if key != "user_agent"}
    assert parse_record({**record, name: "x"}).user_agent == "x"


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("27/Feb/2018:13:58:45", 1_519_711_125),
        ("27/Feb/2018:05:58:45 +0000", 1_519_711_125),
        ("2018-02-27T13:58:45", 1_519_711_125),
        ("2018-02-27 05:58:45+00:00", 1_519_711_125),
    ],
)
def test_time_without_a_zone_is_that_of_china(time: str, seconds: int) -> None:
    assert parse_record({**RECORD, "__time__": None, "time": time}).time == seconds


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"sign_type": "NotSign", "access_id": "LTAI", "requester_id": "1"}, ("", "", False)),
        ({"sign_type": "NormalSign", "access_id": "LTAI"}, ("LTAI", "", False)),
        ({"sign_type": "NormalSign"}, ("", "unknown", False)),
        ({"sign_type": "UriSign", "access_id": "LTAI"}, ("LTAI", "", True)),
    ],
)
def test_kind_of_signature_is_told_in_the_line(
    given: dict[str, object], expected: tuple[str, str, bool]
) -> None:
    line = parse_record({**RECORD, **given})
    by_url = "&x-oss-signature=" in line.request
    assert (line.access_key_id, line.requester_id, by_url) == expected


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"http_status": "?"}, "the field http_status is '?' and not a number"),
        ({"__time__": "", "time": "yesterday"}, "the time 'yesterday' cannot be read"),
        ({"__topic__": "oss_metering_log"}, "the topic is 'oss_metering_log'"),
    ],
)
def test_damaged_record_is_refused_with_the_reason(given: dict[str, object], reason: str) -> None:
    with pytest.raises(accesslog.LogLineError, match=reason.replace("?", "[?]")):
        parse_record({**RECORD, **given})


def test_record_without_a_required_field_is_refused() -> None:
    with pytest.raises(accesslog.LogLineError, match="no field bucket, request_uri"):
        parse_record({"http_status": 200})
    assert is_record(["HTTP-Status", "request_uri", "bucket"])
    assert not is_record(["http_status", "request_uri"])
