"""Overwrite rules: valid and invalid documents."""

from __future__ import annotations

import pytest
from oss_emulator.documents.overwrite import DOCUMENT

from tests.unit.documents.putting import check_refused, content, put

RULE = "<Rule><ID>r</ID><Action>forbid</Action><Prefix>a/</Prefix><Suffix>.txt</Suffix></Rule>"


def test_rules_are_kept_as_they_are() -> None:
    rule = RULE.replace("</Rule>", "<Principals><Principal>1</Principal></Principals></Rule>")
    assert content(DOCUMENT, put(DOCUMENT, rule * 2)) == rule * 2


@pytest.mark.parametrize(
    ("sent", "named"),
    [
        ("", "The element Rule is missing"),
        (RULE.replace("forbid", "allow"), "it must be forbid"),
        (RULE * 101, "the limit is 100"),
    ],
)
def test_bad_document_is_refused_with_the_place(sent: str, named: str) -> None:
    check_refused(DOCUMENT, sent, "MalformedXML", named)
