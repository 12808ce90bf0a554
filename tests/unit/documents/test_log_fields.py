"""Fields of access logs: their number and their names."""

from __future__ import annotations

import pytest
from oss_emulator.documents.log_fields import DOCUMENT

from tests.unit.documents.putting import check_refused, content, put


def many(element: str, number: int) -> str:
    return "".join(element.replace("%d", str(place)) for place in range(number))


# Content, the code of the error, and the element or text it names.
REFUSED = [
    (f"<HeaderSet>{many('<header>h%d</header>', 7)}</HeaderSet>", "MalformedXML", "7 fields"),
    ("<HeaderSet><header>x_a</header></HeaderSet>", "InvalidArgument", "header"),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


def test_six_headers_and_parameters_are_kept() -> None:
    fields = (
        f"<HeaderSet>{many('<header>h-%d</header>', 3)}</HeaderSet>"
        f"<ParamSet>{many('<parameter>p_%d</parameter>', 3)}</ParamSet>"
    )
    assert content(DOCUMENT, put(DOCUMENT, fields)) == fields
