"""JSON from outside: what is read, and what is refused with its reason and place."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_referer.sources import json_text
from oss_referer.sources.json_text import MAX_DEPTH, MAX_DIGITS, JSONError
from oss_referer.sources.toml import SourceError

from tests.thorough import cases

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda items: st.lists(items) | st.dictionaries(st.text(), items),
)  # fmt: skip


@given(value=VALUES, escaped=st.booleans())
@settings(max_examples=cases(50, 1_000))
def test_what_json_writes_is_read(value: Any, escaped: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    assert json_text.parse(text) == value
    assert json_text.parse(b"\xef\xbb\xbf" + text.encode()) == value


@pytest.mark.thorough
@given(text=st.text('[]{}"\\:,1eE+-.u d8a\n', max_size=40))
@settings(max_examples=cases(200, 10_000))
def test_any_text_is_read_as_json_reads_it_or_refused(text: str) -> None:
    try:
        found = json_text.parse(text)
    except JSONError:
        return
    assert found == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "column", "sentence", "unknown"),
    [
        ("", 1, 1, "this is not valid JSON: Expecting value", ""),
        ('{"a":\n p}', 2, 2, "this is not valid JSON: Expecting value", "p"),
        ("[1,\n2 ,\n]", 2, 3, "this is not valid JSON: Illegal trailing comma", ""),
        ('{"a": [1], }', 1, 10, "this is not valid JSON: Illegal trailing comma", ""),
        ("[1, }", 1, 5, "this is not valid JSON: Expecting value", "}"),
        ('{"a": 1} x', 1, 10, "this is not valid JSON: Extra data", ""),
        ("[" * 100_000, 1, 1, "this JSON is nested too deeply", ""),
        ('{"a":' * 100_000, 1, 1, "this JSON is nested too deeply", ""),
        ("[\n" + "9" * 5_000, 2, 1, "this is not valid JSON: a number has more than 308", ""),
        ("[1, -" + "9" * 308, 1, 5, "this is not valid JSON: a number has more than 308", ""),
        ("[0." + "1" * 400 + "]", 1, 2, "this is not valid JSON: a number is too large", ""),
        ("[1e400]", 1, 2, "this is not valid JSON: a number is too large", ""),
        ("[-1e400]", 1, 2, "this is not valid JSON: a number is too large", ""),
        ("[1, NaN]", 1, 5, "this is not valid JSON: NaN is not a number in JSON", ""),
        ("-Infinity", 1, 1, "this is not valid JSON: -Infinity is not a number in JSON", ""),
        ('"\\ud800"', 1, 1, "this JSON is not text: an escape such as \\ud800 is without", ""),
        ('{"\\udc00\\ud800": 1}', 1, 1, "this JSON is not text", ""),
    ],
)  # fmt: skip
def test_what_is_beyond_a_limit_is_refused(
    text: str, line: int, column: int, sentence: str, unknown: str
) -> None:
    with pytest.raises(JSONError) as refusal:
        json_text.parse(text)
    assert refusal.value.sentence.startswith(sentence)
    assert (refusal.value.line, refusal.value.column) == (line, column)
    assert refusal.value.unknown == unknown


def test_what_is_at_a_limit_is_read() -> None:
    deep = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json_text.parse(deep) is not None
    assert json_text.parse(f"[{deep[1:-1]}, {deep[1:-1]}]") is not None
    assert json_text.parse("9" * MAX_DIGITS) == 10**MAX_DIGITS - 1
    assert float(json_text.parse("9" * MAX_DIGITS)) > 0
    assert json_text.parse('"' + "[" * 1_000 + '\\"' + "{" * 1_000 + '"')
    assert json_text.parse('"\\ud83d\\ude00"') == "\U0001f600"
    assert json_text.parse('"\\\\ud800"') == "\\ud800"


def test_one_level_more_is_too_deep() -> None:
    with pytest.raises(JSONError, match="nested too deeply"):
        json_text.parse("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_longer_text_than_wanted_is_refused() -> None:
    assert json_text.parse("[ ]", most=3) == []
    with pytest.raises(JSONError, match="longer than 3"):
        json_text.parse("[  ]", most=3)


def test_bytes_that_are_not_utf_8_are_refused_with_their_place() -> None:
    with pytest.raises(SourceError, match="line 2, column 2: the byte 0xff is not valid UTF-8"):
        json_text.parse(b'{\n"\xff": 1}')


def test_halves_of_characters_are_read_where_they_can_be_written() -> None:
    assert json_text.parse('"\\udcff"', errors="surrogateescape") == "\udcff"
    assert json_text.parse('"\\ud800"', errors="surrogatepass") == "\ud800"
    with pytest.raises(JSONError):
        json_text.parse('"\\ud800"', errors="surrogateescape")


def test_members_of_objects_can_be_read_in_another_way() -> None:
    assert json_text.parse('{"a": 1, "a": 2}', pairs=list) == [("a", 1), ("a", 2)]
