"""A new sub-resource needs its declaration alone: methods, place, name, options and schema."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.operations import OPERATIONS
from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document, simple
from oss_emulator.operations.operation import Status
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import Node

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
