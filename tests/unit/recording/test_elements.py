"""Lists of elements, and the documents that they describe."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.recording.scenario import build, list_elements

DOCUMENTS = {
    b"<Root/>": ("Root",),
    b"<Root><Leaf/></Root>": ("Root", "Root/Leaf="),
    b'<Root xmlns="x"><A>1 = 2</A><B><C> / </C></B><B/></Root>': (
        "Root",
        "Root/A=1 = 2",
        "Root/B",
        "Root/B/C= / ",
        "Root/B=",
    ),
}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_elements_are_listed_in_order(document: bytes) -> None:
    assert list_elements(document) == DOCUMENTS[document]


NAMES = st.sampled_from(["A", "B", "Key"])
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, blacklist_characters="\x7f"))
TREES = st.recursive(TEXTS, lambda inner: st.lists(st.tuples(NAMES, inner), min_size=1, max_size=3))


def listed(path: str, tree: object) -> list[str]:
    if isinstance(tree, str):
        return [f"{path}={tree}"]
    assert isinstance(tree, list)
    return [path, *(line for name, inner in tree for line in listed(f"{path}/{name}", inner))]


@given(st.lists(st.tuples(NAMES, TREES), min_size=1, max_size=3))
def test_document_of_a_list_is_listed_as_before(tree: object) -> None:
    elements = tuple(listed("Root", tree))
    assert list_elements(build(elements)) == elements


@pytest.mark.parametrize("elements", [("A/B=1",), ("A", "B"), ("A", "A/B/C=1")])
def test_list_without_a_tree_is_refused(elements: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="has no element around it"):
        build(elements)


@pytest.mark.parametrize("document", [b"", b"text", b"<A>", b"<A/><B/>"])
def test_malformed_document_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="not well-formed"):
        list_elements(document)
