"""Styles of image processing: put, read, list and delete by name."""

from __future__ import annotations

from lxml import etree

from tests.unit.operations.service import Caller

STYLE = "<Style><Content>%s</Content></Style>"


def test_style_is_answered_with_its_times(ask: Caller) -> None:
    assert ask("PUT", "/bucket?style&styleName=s", STYLE % "image/resize,w_1").status == 200
    ask.now += 60
    ask("PUT", "/bucket?style&styleName=s&category=document", STYLE % "image/resize,w_2")
    got = ask("GET", "/bucket?style&styleName=s")
    assert (got.text("Name"), got.text("Content")) == ("s", "image/resize,w_2")
    assert got.text("Category") == "document"
    assert got.text("CreateTime") != got.text("LastModifyTime")


def test_styles_are_listed_in_order_of_creation(ask: Caller) -> None:
    """P-58: even within one second. A replaced style keeps its place."""
    for name in "bcab":
        ask("PUT", f"/bucket?style&styleName={name}", STYLE % name)
    listed = etree.fromstring(ask("GET", "/bucket?style").body)
    assert [name.text for name in listed.iter("Name")] == ["b", "c", "a"]


def test_deleted_style_is_missing(ask: Caller) -> None:
    ask("PUT", "/bucket?style&styleName=s", STYLE % "x")
    for _ in range(2):
        assert ask("DELETE", "/bucket?style&styleName=s").status == 204
    answer = ask("GET", "/bucket?style&styleName=s")
    assert (answer.status, answer.code) == (404, "NoSuchStyle")


def test_bad_name_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?style&styleName=a%2Fb", STYLE % "x")
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "styleName")


def test_style_without_content_is_refused(ask: Caller) -> None:
    answer = ask("PUT", "/bucket?style&styleName=s", "<Style><Content></Content></Style>")
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.text("Message") == "Style content is invalid."
