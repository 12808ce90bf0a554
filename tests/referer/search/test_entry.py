"""Entries as the rules read them by default."""

import pytest
from oss_referer.search.entry import parse_entry


def test_pattern_of_an_entry_keeps_its_text_verbatim() -> None:
    pattern = parse_entry(" https://*.example/ ")
    assert pattern.text == " https://*.example/ "
    assert pattern.body == "https://*.example/"


@pytest.mark.parametrize("entry", ["", " ", "\t\r\n"])
def test_blank_entry_cannot_be_compiled(entry: str) -> None:
    with pytest.raises(ValueError, match="blank"):
        parse_entry(entry)
