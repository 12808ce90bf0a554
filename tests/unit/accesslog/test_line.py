"""One line of the access log, compared with the documented format."""

import re

from oss_emulator import accesslog

# "Access log line" of the OSS documents: the fields in their order.
FORM = re.compile(
    r"(\S+) - - \[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d{2}:\d{2}:\d{2} [+-]\d{4})\] "
    r'"([^"]*)" (\d{3}) (\d+|-) (\d+) "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "(true|false)" '
    r'"([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" (\d+|-) (\d+) "([^"]*)" (\d+) "([^"]*)" (-?\d+|-) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)"'
)

LINE = accesslog.LogLine(
    remote_ip="192.0.2.1",
    time=1_609_657_189.5,
    request="GET /examplebucket/a%20b HTTP/1.1",
    status=403,
    sent_bytes=356,
    request_time=4,
    referer="http://www.example.com/",
    user_agent="curl/8",
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
        "curl/8",
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
    from dataclasses import replace

    line = accesslog.format(replace(LINE, user_agent='a" "b\\', referer='"'))
    match = FORM.fullmatch(line)
    assert match is not None
    assert match.group(7, 8) == ("\\x22", "a\\x22 \\x22b\\x5C")


def test_bucket_arn_ends_the_line() -> None:
    """P-60"""
    from dataclasses import replace

    line = accesslog.format(LINE)
    assert accesslog.format(replace(LINE, bucket_arn="acs:oss:a:1:b")) == f'{line} "acs:oss:a:1:b"'
    assert accesslog.format(replace(LINE, bucket_arn="")) == f'{line} "-"'
