"""Replies, and which of them are wanted."""

from __future__ import annotations

import pytest
from oss_emulator.parity.inquiries import (
    ALLOWED,
    ANYTHING,
    DENIED,
    NO_PERMISSION,
    NOT_LISTED,
    PASSED,
    Reply,
    Wanted,
    refused,
)
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.unit.parity.service import error

DENIAL = error(403, "AccessDenied", "0003-00000503")
BY_ACL = error(403, "AccessDenied", "0003-00000001")
MISSING = error(404, "NoSuchKey")
RULES = RefererConfiguration(whitelist=("https://www.example.com/",))


@pytest.mark.parametrize(
    ("wanted", "fitting", "others"),
    [
        (ALLOWED, [Reply(200), Reply(204)], [DENIAL, BY_ACL, MISSING]),
        (PASSED, [Reply(200), BY_ACL, MISSING], [DENIAL]),
        (DENIED, [DENIAL], [Reply(200), BY_ACL]),
        (NOT_LISTED, [DENIAL], [BY_ACL, error(403, "AccessDenied", "0003-00000502")]),
        (NO_PERMISSION, [BY_ACL], [DENIAL, MISSING]),
        (refused(404, "NoSuchKey"), [MISSING], [error(404, "NoSuchBucket"), Reply(200)]),
        (ANYTHING, [Reply(200), DENIAL, Reply(500)], []),
        (Wanted((200,), empty=True), [Reply(200)], [Reply(200, body=b"x")]),
        (Wanted(lacks="xmlns"), [Reply(200)], [Reply(200, body=b'<a xmlns="b"/>')]),
        (Wanted(contains=("<EC>",)), [DENIAL], [Reply(403)]),
        (Wanted(headers=(("x-oss-ec", "1"),)), [Reply(403, {"x-oss-ec": "1"})], [Reply(403)]),
        (
            Wanted(rules=RULES),
            [Reply(200, body=referer_xml.format(RULES))],
            [
                Reply(200, body=referer_xml.format(RefererConfiguration())),
                Reply(200, body=b"hello"),
            ],
        ),
    ],
    ids=str,
)
def test_wanted_replies_fit(wanted: Wanted, fitting: list[Reply], others: list[Reply]) -> None:
    assert [wanted.fits(reply) for reply in fitting] == [True] * len(fitting)
    assert [wanted.fits(reply) for reply in others] == [False] * len(others)


def test_reply_is_described_by_status_code_and_ec() -> None:
    assert str(DENIAL) == "403 AccessDenied 0003-00000503"
    assert str(Reply(200, body=b"<Error><Code>Text</Code></Error>")) == "200"
    assert str(Reply(502, body=b"<html>Bad Gateway")) == "502"


def test_ec_is_read_from_the_header_of_a_reply_without_a_body() -> None:
    """R-35"""
    assert Reply(403, {"x-oss-ec": "0003-00000503"}).is_denial


def test_denial_is_recognized_by_its_message_too() -> None:
    """R-35"""
    body = b"<Error><Message>You are denied by bucket referer policy.</Message></Error>"
    assert Reply(403, body=body).is_denial
