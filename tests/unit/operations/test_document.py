"""A new sub-resource needs its declaration alone; the language of its schema."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document, simple
from oss_emulator.operations.operation import Status
from oss_emulator.operations.schema import Element, parse_schema
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import DocumentError, Node

from tests.rows import frozen, read_cases, rows
from tests.unit.operations.service import Caller


@document("""
PUT GET DELETE /bucket?greeting BucketGreeting kept
absent: Text=none
Greeting
  Text name:9
""")
def greeting(node: Node, _: Call) -> Any:
    if node.text("Text") == "bye":
        raise invalid_argument("Text", "bye", "A greeting must greet.")
    return node.content


NOTES = simple("""
PUT GET DELETE /bucket?note&noteId BucketNote enforced id=Note oss:BucketNotes
absent: NO_SUCH_STYLE
Note
  Text name
""")


@pytest.fixture
def caller() -> Caller:
    caller = Caller()
    added = (*greeting.operations, *NOTES.operations)
    caller.service.dispatcher = Dispatcher((*OPERATIONS, *added))
    return caller


def test_declared_document_is_put_read_and_deleted(caller: Caller) -> None:
    place = "/bucket?greeting"
    assert caller("GET", place).text("Text") == "none"
    assert caller("PUT", place, "<Greeting><Text> hello </Text></Greeting>").status == 200
    assert caller("GET", place).text("Text") == "hello"
    assert caller("PUT", place, "<Greeting><Text>0123456789</Text></Greeting>").status == 400
    assert caller("PUT", place, "<Greeting><Text>bye</Text></Greeting>").code == "InvalidArgument"
    assert caller("PUT", place, "<Other/>").code == "MalformedXML"
    assert caller("DELETE", place).status == 204
    assert caller("GET", place).text("Text") == "none"


def test_declared_collection_keeps_one_document_for_each_id(caller: Caller) -> None:
    for name in ("a", "b"):
        document = f"<Note><Text>{name}</Text></Note>"
        assert caller("PUT", f"/bucket?note&noteId={name}", document).status == 200
    assert caller("DELETE", "/bucket?note&noteId=a").status == 204
    missing = caller("GET", "/bucket?note&noteId=a")
    assert (missing.status, missing.text("Note")) == (404, "a")
    assert caller("GET", "/bucket?note&noteId=b").text("Text") == "b"


def test_operations_are_named_by_their_declaration() -> None:
    assert [each.name for each in greeting.operations] == [
        "PutBucketGreeting",
        "GetBucketGreeting",
        "DeleteBucketGreeting",
    ]
    assert {each.status for each in greeting.operations} == {Status.KEPT}
    assert {each.action for each in NOTES.operations} == {
        "oss:PutBucketNotes",
        "oss:GetBucketNotes",
        "oss:DeleteBucketNotes",
    }


def test_wrong_declaration_is_refused() -> None:
    with pytest.raises(ValueError, match="not the declaration of a document"):
        simple("Greeting\n  Text name\n")


# --- The language of schemas, and documents checked against them

TABLES = read_cases("unit.operations")

CASES = read_cases("unit.documents")


SCHEMA = TABLES["schema"]


def test_schema_is_read_from_its_lines() -> None:
    root = parse_schema(SCHEMA)
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


@rows("line", "Root\n  Two Words Here", "Root\n  Name?? text", "Root\n  {1,2}")
def test_line_that_is_not_an_element_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not an element of a schema"):
        parse_schema(line)


def test_schema_has_one_root() -> None:
    with pytest.raises(ValueError, match="too many values"):
        parse_schema("One text\nOther text")


def read(lines: str, content: str) -> object:
    """Check a document against a schema with these lines below `Root`; return its content."""
    described = "\n".join(["Root", *(f"  {line}" for line in lines.split("/"))])
    return parse_schema(described).parse(f"<Root>{content}</Root>".encode()).content


@rows(("lines", "content", "found"), *CASES["content_comes_back_in_the_order_of_the_schema"])
def test_content_comes_back_in_the_order_of_the_schema(
    lines: str, content: str, found: object
) -> None:
    assert frozen(read(lines, content)) == found


@rows(("lines", "content", "told"), *CASES["error_says_what_would_be_right"])
def test_error_says_what_would_be_right(lines: str, content: str, told: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(lines, content)
    assert str(caught.value) == told


@rows("lines, content, message", *TABLES["integer_out_of_range_is_an_invalid_argument"])
def test_integer_out_of_range_is_an_invalid_argument(
    lines: str, content: str, message: str
) -> None:
    with pytest.raises(OSSError) as caught:
        read(lines, content)
    assert (caught.value.code, caught.value.message) == ("InvalidArgument", message)
    assert caught.value.details["ArgumentName"] == "A"


ECS = """
Root ?0000-00000001 !0000-00000002 <0000-00000003
  A text:3 ?0000-00000004 *0000-00000005 ~0000-00000006
  B? 1..9 =1 !0000-00000007 ~0000-00000008
  C? X|Y
"""


@rows(("document", "ec"), *CASES["error_has_the_ec_of_its_mark"])
def test_error_has_the_ec_of_its_mark(document: str, ec: str) -> None:
    with pytest.raises((DocumentError, OSSError)) as caught:
        parse_schema(ECS).parse(document.encode())
    assert vars(caught.value)["ec"] == ec
