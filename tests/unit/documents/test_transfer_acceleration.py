"""Transfer acceleration: whether accelerate endpoints serve a bucket."""

from __future__ import annotations

import pytest
from oss_emulator.documents.transfer_acceleration import DOCUMENT, is_enabled

from tests.unit.documents.putting import check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<Enabled>yes</Enabled>", "MalformedXML", "Enabled"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


@pytest.mark.parametrize(("text", "enabled"), [("true", True), ("False", False)])
def test_document_says_whether_it_is_enabled(text: str, enabled: bool) -> None:
    kept = put(DOCUMENT, f"<Enabled>{text}</Enabled>")
    assert is_enabled({"transferAcceleration": kept}) is enabled


def test_transfer_acceleration_is_disabled_by_default() -> None:
    assert not is_enabled({})
