"""Nodes of JSON, however the text arrives."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.selecting.json_nodes import Reader, compact, find, write
from oss_emulator.selecting.statement import Step, Wildcard

from tests.thorough import cases
from tests.unit.selecting.cases import pieces

ANY = Wildcard.CHILD


def nodes(text: str, *path: Step, size: int = 3) -> list[str]:
    reader = Reader(pieces(text.encode(), size))
    return [node.text for node in reader.document(path)]


@pytest.mark.parametrize("size", [1, 2, 5, 1000])
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ((), 1),
        (("a",), ['[1, {"b": "}]"}, []]']),
        (("a", 0), ["1"]),
        (("a", ANY), ["1", '{"b": "}]"}', "[]"]),
        (("a", 1, "b"), ['"}]"']),
        (("c", "d"), ['"\\"ü"']),
        (("c", ANY), ['"\\"ü"', "null"]),
        (("x",), []),
        (("a", "b"), []),
        (("a", 9), []),
        (("c", 0), []),
        (("a", 0, "b"), []),
    ],
)
def test_path_leads_to_nodes(path: tuple[Step, ...], expected: list[str] | int, size: int) -> None:
    text = ' {"a" : [1, {"b": "}]"}, []] , "c":{"d":"\\"ü", "e": null}}\n'
    found = nodes(text, *path, size=size)
    assert len(found) == expected if isinstance(expected, int) else found == expected


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_tell_where_they_begin(size: int) -> None:
    """Q-31: offsets are those of bytes"""
    data = '{"a":"ü"}\n,\r\n{\n "a": 2 }{"a":3}'.encode()
    reader = Reader(pieces(data, size))
    found = [(line.start, [node.end for node in line.nodes]) for line in reader.lines(())]
    assert found == [(0, [10]), (14, [25]), (25, [32])]
    assert reader.position == len(data) == 32


def test_byte_order_mark_is_passed() -> None:
    assert nodes('\ufeff{"a":1}', "a") == ["1"]


@pytest.mark.parametrize("size", [1, 1000])
@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("Year,StateAbbr", 0),
        ('{"a":1', 0),
        ('{"a" 1}', 0),
        ('{"a":[1,2}', 0),
        ('{"a":NaN}', 0),
        ('{"a":"\t"}', 0),
        ('{"a":1}}', 7),
        ("", 0),
    ],
)
def test_other_text_is_refused_with_its_place(text: str, offset: int, size: int) -> None:
    """Q-21"""
    with pytest.raises(OSSError) as raised:
        nodes(text, size=size)
    shown = text[offset : offset + 11]
    assert raised.value.code == "InvalidJsonData"
    assert raised.value.message == (
        f"Invalid value.The current offset is:{offset}.The incorrect json data:'{shown}'."
    )


@pytest.mark.parametrize("text", ['{"b":{"c":', '{"b":"x', '{"b"', '{"b":1 "a":2}', "[", '{"b":,}'])
def test_cut_text_is_refused_where_it_is_passed_over(text: str) -> None:
    with pytest.raises(OSSError, match="InvalidJsonData"):
        nodes(text, "a", size=2)


def test_deep_text_is_refused() -> None:
    with pytest.raises(OSSError) as raised:
        nodes("[" * 200_000, size=100_000)
    assert raised.value.code in ("JsonNodeExceedsMaxDepth", "InvalidJsonData")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=cases(20, 100), deadline=None)
@given(JSON, st.integers(1, 9), st.booleans())
def test_value_is_shown_as_it_is(value: object, size: int, ascii_only: bool) -> None:
    """Q-31"""
    text = json.dumps({"v": value}, ensure_ascii=ascii_only, indent=1).encode("utf-8", "replace")
    (node,) = Reader(pieces(text, size)).document(("v",))
    expected = json.loads(text)["v"]
    assert json.loads(compact(node.text)) == expected
    assert json.loads(write(node.value)) == expected
    assert json.loads(write(find({"v": node.value}, ("v",)))) == expected
    assert compact(node.text) == write(node.value)
