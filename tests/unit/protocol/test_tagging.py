"""The tags of objects, in a header and in a document."""

import pytest
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.tagging import format_document, parse_document, parse_header

TAKEN = {
    "none": ("", {}),
    "one": ("a=1", {"a": "1"}),
    "no value": ("a&b=", {"a": "", "b": ""}),
    "signs": ("%2B+-%3D._%3A%2F=%20.-", {"+ -=._:/": " .-"}),
    "other scripts": ("%E4%B8%AD=%E6%96%87", {"中": "文"}),
    "case": ("a=1&A=2", {"a": "1", "A": "2"}),
    "ten": ("&".join(f"k{n}" for n in range(10)), {f"k{n}": "" for n in range(10)}),
    "longest": (f"{'k' * 128}={'v' * 256}", {"k" * 128: "v" * 256}),
    "longest in bytes": (f"{'%E4%B8%AD' * 42}=", {"中" * 42: ""}),
}

REFUSED = {
    "no key": ("=a", "InvalidTag"),
    "key too long": (f"{'k' * 129}=", "InvalidTag"),
    "key too long in bytes": (f"{'%E4%B8%AD' * 43}=", "InvalidTag"),
    "value too long": (f"a={'v' * 257}", "InvalidTag"),
    "sign in the key": ("%25=a", "InvalidTag"),
    "sign in the value": ("a=%40", "InvalidTag"),
    "eleven": ("&".join(f"k{n}" for n in range(11)), "BadRequest"),  # P-54
    "twice": ("a=1&a=2", "InvalidArgument"),
    "not UTF-8": ("%FF=1", "InvalidArgument"),
}


def document(tags: list[tuple[str, str]]) -> xml.Node:
    return xml.parse(xml.format("Tagging", format_document(tags)), "Tagging")


@pytest.mark.parametrize(("header", "tags"), TAKEN.values(), ids=TAKEN)
def test_header_is_parsed(header: str, tags: dict[str, str]) -> None:
    assert parse_header(header) == tags


@pytest.mark.parametrize(("header", "code"), REFUSED.values(), ids=REFUSED)
def test_bad_header_is_refused(header: str, code: str) -> None:
    with pytest.raises(OSSError) as refused:
        parse_header(header)
    assert refused.value.code == code


@pytest.mark.parametrize("tags", [tags for _, tags in TAKEN.values()], ids=TAKEN)
def test_formatted_document_is_parsed_again(tags: dict[str, str]) -> None:
    assert parse_document(document(list(tags.items()))) == tags


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("a", "1"), ("a", "1")], "InvalidTag"),  # P-54
        ([("", "1")], "InvalidTag"),
        ([("a", "%")], "InvalidTag"),
        ([(f"k{n}", "") for n in range(11)], "BadRequest"),
    ],
)
def test_bad_document_is_refused(tags: list[tuple[str, str]], code: str) -> None:
    with pytest.raises(OSSError) as refused:
        parse_document(document(tags))
    assert refused.value.code == code


@pytest.mark.parametrize("text", ["<Tagging/>", "<Tagging><TagSet><Tag/></TagSet></Tagging>"])
def test_document_without_its_elements_is_malformed(text: str) -> None:
    with pytest.raises(xml.DocumentError):
        parse_document(xml.parse(text.encode(), "Tagging"))
