"""Access monitoring: whether last accesses are shown."""

from __future__ import annotations

import pytest
from oss_emulator.documents.access_monitor import DOCUMENT, is_enabled

from tests.unit.documents.putting import check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    ("<Status>aa</Status>", "MalformedXML", "Status"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_a_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


@pytest.mark.parametrize(("text", "enabled"), [("Enabled", True), ("Disabled", False)])
def test_the_document_says_whether_it_is_enabled(text: str, enabled: bool) -> None:
    kept = put(DOCUMENT, f"<Status>{text}</Status>")
    assert is_enabled({"accessmonitor": kept}) is enabled


def test_it_is_disabled_before_anything_was_put() -> None:
    assert not is_enabled({})
