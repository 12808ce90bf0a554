"""Requester pays: who pays for requests to a bucket."""

from __future__ import annotations

import pytest
from oss_emulator.documents.request_payment import DOCUMENT, is_by_requester

from tests.unit.documents.putting import check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<Payer>Me</Payer>", "MalformedXML", "Payer"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


@pytest.mark.parametrize(("text", "enabled"), [("Requester", True), ("BucketOwner", False)])
def test_document_says_whether_it_is_enabled(text: str, enabled: bool) -> None:
    kept = put(DOCUMENT, f"<Payer>{text}</Payer>")
    assert is_by_requester({"requestPayment": kept}) is enabled


def test_requester_pays_is_disabled_by_default() -> None:
    assert not is_by_requester({})
