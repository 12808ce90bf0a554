"""HCL's text: its blocks, strings and places, and the time that a text full of mistakes takes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.lab.hcl_syntax import HclText, format_string, unescape
from oss_emulator.toml import SourceError


def test_blocks_have_labels_attributes_and_places() -> None:
    source = HclText('# é\nresource "a" b {\n  c = 1\n  d {\n  }\n}\nx = "é"')
    (block,) = source.blocks()
    assert source.labels(block) == ["resource", "a", "b"]
    assert [(name, place) for name, _, place in source.attributes(block)] == [("c", (3, 3))]
    assert [source.labels(item) for item in source.blocks(block)] == [["d"]]
    ((name, node, _),) = source.attributes()
    assert (name, source.text(node), source.place(node)) == ("x", '"é"', (7, 5))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_formatted_string_is_read_back(text: str) -> None:
    written = format_string(text)
    assert unescape(written[1:-1]) == text
    HclText(f"a = {written}")


@given(
    st.lists(st.sampled_from('{ } [ ] " = a resource locals << ${ % // # \\ ( ) , . \n é'.split()))
)
def test_any_text_is_read_or_refused(words: list[str]) -> None:
    try:
        HclText(" ".join(words))
        sentence = "this is not valid HCL"
    except SourceError as error:
        sentence = error.sentence
    assert sentence == "this is not valid HCL"


def test_parsing_of_a_text_of_mistakes_stops() -> None:
    """Without its limit the parser would need 15 seconds of processor time."""
    began = time.process_time()
    with pytest.raises(SourceError, match="not valid HCL"):
        HclText('"' * 4_000_000)
    assert time.process_time() - began < 6
