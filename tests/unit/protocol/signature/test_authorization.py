"""The parts of an Authorization header, and gaps in signed URLs."""

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature import authorization

NAMES = frozenset({"A", "B"})


@pytest.mark.parametrize("text", ["A=1,B=2=3", "B=2=3, A=1", " A=1 , B=2=3 "])
def test_parts_come_in_any_order(text: str) -> None:
    assert authorization.fields(text, "=", NAMES, "ec") == {"A": "1", "B": "2=3"}


@pytest.mark.parametrize("text", ["", "A=1,A=1", "A=1,C=2", "A=1,", "1"])
def test_bad_part_is_refused(text: str) -> None:
    with pytest.raises(OSSError) as caught:
        authorization.fields(text, "=", NAMES, "ec")
    assert (caught.value.code, caught.value.ec) == ("InvalidArgument", "ec")


def test_names_of_headers_are_sorted() -> None:
    assert authorization.header_names("Range;host") == ("host", "range")
    assert authorization.header_names("") == ()


def test_first_gap_of_a_url_is_found() -> None:
    parameters = {"a": ("1", "2"), "b": ("3", "4")}
    assert authorization.find_gap({"a": "x", "b": "y"}, parameters) is None
    assert authorization.find_gap({"b": ""}, parameters) == ("a", "1")
    assert authorization.find_gap({"a": ""}, parameters) == ("a", "2")
    assert authorization.find_gap({"a": "x"}, parameters) == ("b", "3")
