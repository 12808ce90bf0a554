"""XML is written as lxml writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from oss_referer.sources import markup
from oss_referer.sources.markup import Tag

texts = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")
    | st.sampled_from("\t\r\n&<>'\" ")
)
leaves = st.builds(Tag, st.just("leaf"), texts, st.dictionaries(st.sampled_from("abc"), texts))
trees = st.recursive(
    leaves,
    lambda inner: st.builds(Tag, st.just("node"), st.lists(inner, max_size=3), st.just({"d": "e"})),
    max_leaves=6,
)


def build(tag: Tag) -> etree._Element:
    element = etree.Element(tag.name, dict(tag.attributes))
    if isinstance(tag.content, str):
        element.text = tag.content or None
    else:
        element.extend(build(child) for child in tag.content)
    return element


@given(trees)
def test_tree_is_written_like_lxml(tree: Tag) -> None:
    element = build(tree)
    assert markup.format_xml(tree) == etree.tostring(element, encoding="unicode")
    etree.indent(element)
    assert markup.format_xml(tree, "  ") == etree.tostring(element, encoding="unicode")


@pytest.mark.parametrize("character", ["\0", "\x0b", "\ufffe", "\ud800"])
def test_character_that_xml_cannot_represent_is_refused(character: str) -> None:
    with pytest.raises(ValueError, match=r"XML cannot represent the character U\+"):
        markup.format_xml(Tag("a", character))
