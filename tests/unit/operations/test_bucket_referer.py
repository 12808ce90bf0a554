"""Hotlink protection: PutBucketReferer replaces all rules, and GetBucketReferer returns them."""

from __future__ import annotations

from tests.unit.operations.service import Caller

RULES = """<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<RefererList><Referer>http://www.a.com</Referer></RefererList></RefererConfiguration>"""


def test_new_bucket_allows_every_referer(ask: Caller) -> None:
    got = ask("GET", "/bucket?referer")
    #
    assert (got.text("AllowEmptyReferer"), got.text("RefererList/Referer")) == ("true", None)


def test_rules_are_replaced_as_a_whole(ask: Caller) -> None:
    assert ask("PUT", "/bucket?referer", RULES).status == 200
    got = ask("GET", "/bucket?referer")
    assert got.text("RefererList/Referer") == "http://www.a.com"
    ask("PUT", "/bucket?referer", RULES.replace("www.a.com", "www.b.com"))
    got = ask("GET", "/bucket?referer")
    assert got.body.count(b"<Referer>") == 1
    assert got.text("RefererList/Referer") == "http://www.b.com"


def test_bad_rules_change_nothing(ask: Caller) -> None:
    ask("PUT", "/bucket?referer", RULES)
    answer = ask("PUT", "/bucket?referer", "<RefererConfiguration/>")
    assert (answer.status, answer.code) == (400, "MalformedXML")
    assert ask("GET", "/bucket?referer").text("AllowEmptyReferer") == "false"
