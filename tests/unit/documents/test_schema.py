"""Schemas as data: how they are read, and documents held against them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from oss_emulator.documents import schema
from oss_emulator.documents.schema import DOCUMENTS, Element
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError

Read = Callable[[str, str], object]

SCHEMA = """
# A comment
Root
  Once
  Text text
  Name? name
  Flag? boolean =false
  Day* date
  Number+ 1..10
  Word{1,2} A|B
  Open{2,} text
  Part?
    Low? ..0
"""


def test_a_schema_is_read_from_its_lines() -> None:
    (root,) = schema.parse(SCHEMA).values()
    shown = {child.name: (child.least, child.most, child.kind) for child in root.children}
    assert shown == {
        "Once": (1, 1, ""),
        "Text": (1, 1, "text"),
        "Name": (0, 1, "name"),
        "Flag": (0, 1, "boolean"),
        "Day": (0, None, "date"),
        "Number": (1, None, "1..10"),
        "Word": (1, 2, "A|B"),
        "Open": (2, None, "text"),
        "Part": (0, 1, ""),
    }
    assert {child.name: child.default for child in root.children}["Flag"] == "false"
    assert root.children[-1].children == (Element("Low", 0, 1, "..0", None),)


@pytest.mark.parametrize("line", ["Root\n  Two Words Here", "Root\n  Name?? text", "Root\n  {1,2}"])
def test_a_line_that_is_no_element_is_told(line: str) -> None:
    with pytest.raises(ValueError, match="no element of a schema"):
        schema.parse(line)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Reads the children of `Root` against lines that describe them."""

    def run(lines: str, content: str) -> object:
        described = "\n".join(["Root", *(f"  {line}" for line in lines.split("/"))])
        monkeypatch.setitem(DOCUMENTS, "Root", schema.parse(described)["Root"])
        return schema.read(f"<Root>{content}</Root>".encode(), "Root")

    return run


@pytest.mark.parametrize(
    ("lines", "content", "found"),
    [
        ("A? text", "", []),
        ("A? text", "<A> x </A>", [("A", "x")]),
        ("A? text", "<A/>", [("A", "")]),
        ("A? name", "<A/>", []),
        ("A? text =d", "", [("A", "d")]),
        ("A? text =d", "<A>x</A>", [("A", "x")]),
        ("A boolean", "<A>True</A>", [("A", "true")]),
        ("A 0..9", "<A>007</A>", [("A", "7")]),
        ("A ..", "<A>-3</A>", [("A", "-3")]),
        ("A date", "<A>2020-01-01T00:00:00Z</A>", [("A", "2020-01-01T00:00:00.000Z")]),
        ("A X|Y", "<A>Y</A>", [("A", "Y")]),
        ("A text/B text", "<B>2</B><A>1</A>", [("A", "1"), ("B", "2")]),
        ("A* text/B? text", "<A>1</A><B/><A>2</A>", [("A", "1"), ("A", "2"), ("B", "")]),
        ("A?/  B text", "<A><B>x</B></A>", [("A", [("B", "x")])]),
        ("A?", "<A> </A>", [("A", [])]),
        ("A text", "<!-- a --><A><!-- b -->x</A>", [("A", "x")]),
    ],
)
def test_content_comes_back_in_the_order_of_the_schema(
    read: Read,
    lines: str,
    content: str,
    found: object,
) -> None:
    assert read(lines, content) == found


@pytest.mark.parametrize(
    ("lines", "content", "told"),
    [
        ("A text", "", "The element A is missing in Root."),
        ("A text", "<A/><A/>", "Root holds 2 elements A; 1 are allowed."),
        ("A{0,2} text", "<A/><A/><A/>", "Root holds 3 elements A; 2 are allowed."),
        ("A? text", "<B/>", "The element B is not known in Root."),
        ("A text", "<A><B/></A>", "The element A takes a text, no elements."),
        ("A name", "<A> </A>", "The A '' is not name."),
        ("A boolean", "<A>1</A>", "The A '1' is not boolean."),
        ("A 0..9", "<A>x</A>", "The A 'x' is not 0..9."),
        ("A 0..9", "<A>٣</A>", "The A '٣' is not 0..9."),
        ("A date", "<A>yesterday</A>", "The A 'yesterday' is not date."),
        ("A X|Y", "<A>x</A>", "The A 'x' is not X|Y."),
    ],
)
def test_what_the_schema_does_not_allow_is_told(
    read: Read,
    lines: str,
    content: str,
    told: str,
) -> None:
    with pytest.raises(DocumentError) as caught:
        read(lines, content)
    assert str(caught.value) == told


@pytest.mark.parametrize(
    ("lines", "content", "message"),
    [
        ("A 0..9", "<A>10</A>", "The A must be an integer from 0 to 9."),
        ("A 1..", "<A>0</A>", "The A must be an integer from 1 on."),
    ],
)
def test_an_integer_out_of_its_bounds_is_an_invalid_argument(
    read: Read,
    lines: str,
    content: str,
    message: str,
) -> None:
    with pytest.raises(OSSError) as caught:
        read(lines, content)
    assert (caught.value.code, caught.value.message) == ("InvalidArgument", message)
    assert caught.value.details["ArgumentName"] == "A"
