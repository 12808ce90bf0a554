"""Callback policies: upload callbacks that requests refer to by name."""

from __future__ import annotations

import pytest
from oss_emulator.documents.callback_policy import DOCUMENT, find
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import check_refused, put

ITEM = "<PolicyItem><PolicyName>%s</PolicyName><Callback>%s</Callback>%s</PolicyItem>"
KEPT = put(DOCUMENT, ITEM % ("a", "abc", "") + ITEM % ("b", "def", "<CallbackVar>x</CallbackVar>"))


@pytest.mark.parametrize(("name", "found"), [("a", ("abc", "")), ("b", ("def", "x"))])
def test_policy_is_found_by_its_name(name: str, found: tuple[str, str]) -> None:
    assert find({"policy&comp=callback": KEPT}, name) == found


@pytest.mark.parametrize("kept", [{}, {"policy&comp=callback": KEPT}])
def test_unknown_name_is_refused(kept: dict[str, bytes]) -> None:
    with pytest.raises(OSSError) as caught:
        find(kept, "c")
    assert caught.value.code == "InvalidArgument"
    assert caught.value.message == "The callback policy does not exist."
    assert caught.value.details["ArgumentValue"] == "c"


def test_unknown_element_is_refused() -> None:
    check_refused(DOCUMENT, "<Other/>", "MalformedXML", "Other")
