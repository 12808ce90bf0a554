"""Hotlink protection as a bucket keeps it: how a bad document is refused (R-33)."""

from __future__ import annotations

import pytest
from oss_emulator.documents import referer
from oss_emulator.protocol.errors import OSSError
from oss_emulator.referer import Assumptions
from oss_emulator.referer.assumptions import MissingList, TruncationConflict

ROOT = b"<RefererConfiguration>%s</RefererConfiguration>"


def test_configuration_is_read() -> None:
    found = referer.parse(
        ROOT % b"<AllowEmptyReferer>false</AllowEmptyReferer>"
        b"<RefererList><Referer>http://www.a.com</Referer></RefererList>"
    )
    assert not found.allow_empty_referer
    assert found.whitelist == ("http://www.a.com",)


@pytest.mark.parametrize("document", [b"", b"<a", b"<Other/>", ROOT % b""])
def test_bad_document_is_malformed(document: bytes) -> None:
    with pytest.raises(OSSError) as caught:
        referer.parse(document)
    assert caught.value.code == "MalformedXML"
    assert caught.value.details["ErrorDetail"]


EMPTY = b"<AllowEmptyReferer>true</AllowEmptyReferer>"
LIST = b"<RefererList/>"
PATH = b"<TruncatePath>true</TruncatePath>"
NO_QUERY = b"<AllowTruncateQueryString>false</AllowTruncateQueryString>"
WRONG_QUERY = b"<AllowTruncateQueryString>32</AllowTruncateQueryString>"
LIST_OPTIONAL = Assumptions(missing_list=MissingList.ACCEPTED)
REFUSING = Assumptions(truncation_conflict=TruncationConflict.REFUSED)


@pytest.mark.parametrize(
    ("content", "ec"),
    [
        (b"<Unknown/>", "0033-00000001"),
        (EMPTY + EMPTY + LIST, "0033-00000001"),
        (LIST, "0033-00000002"),
        (b"", "0033-00000002"),
        (b"<AllowEmptyReferer>32</AllowEmptyReferer>" + LIST, "0033-00000003"),
        (b"<AllowEmptyReferer/>", "0033-00000003"),
        (EMPTY, "0033-00000005"),
        (EMPTY + WRONG_QUERY, "0033-00000005"),
        (
            EMPTY + LIST + WRONG_QUERY,
            "0033-00000001",
        ),
    ],
)
def test_first_problem_of_a_document_is_answered(content: bytes, ec: str) -> None:
    """R-30, R-33"""
    with pytest.raises(OSSError) as caught:
        referer.parse(ROOT % content)
    assert (caught.value.status, caught.value.code, caught.value.ec) == (400, "MalformedXML", ec)


def test_lists_of_more_than_20_kb_are_refused() -> None:
    """R-42; the bytes of both lists count together, in UTF-8."""

    def document(size: int) -> bytes:
        entry = "https://例/".encode().ljust(size - 1_000, b"a")
        lists = b"<RefererList><Referer>%s</Referer></RefererList>" % entry
        black = b"<RefererBlacklist><Referer>%s</Referer></RefererBlacklist>" % (b"b" * 1_000)
        return ROOT % (EMPTY + lists + black)

    assert referer.parse(document(20_480)).size == 20_480
    with pytest.raises(OSSError) as caught:
        referer.parse(document(20_481))
    assert (caught.value.status, caught.value.code) == (400, "InlineDataTooLarge")
    assert "20,481 bytes" in str(caught.value.details["ErrorDetail"])
    assert referer.parse_stored(document(20_481)).size == 20_481


def test_missing_list_is_accepted_if_that_is_assumed() -> None:
    """R-30"""
    assert referer.parse(ROOT % EMPTY, LIST_OPTIONAL).whitelist == ()


def test_contradiction_is_refused_if_that_is_assumed() -> None:
    """R-27"""
    contradictory = ROOT % (EMPTY + NO_QUERY + PATH + LIST)
    assert referer.parse(contradictory).truncate_path
    with pytest.raises(OSSError, match="TruncatePath needs") as caught:
        referer.parse(contradictory, REFUSING)
    assert (caught.value.status, caught.value.code) == (400, "InvalidArgument")
    assert referer.parse(ROOT % (EMPTY + PATH + LIST), REFUSING).truncate_path


def test_kept_document_is_read_under_whatever_assumptions_it_was_accepted() -> None:
    assert referer.parse_stored(ROOT % EMPTY).whitelist == ()
    assert referer.parse_stored(ROOT % (EMPTY + NO_QUERY + PATH)).truncate_path
