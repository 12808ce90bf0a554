"""Lists of entries: what is read, what is refused, and how corrections are written into them."""

from __future__ import annotations

import re
from random import Random

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import editing, forms, places, plain_list
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.toml import SourceError

from tests.rows import read_cases, rows
from tests.thorough import cases

CASES = read_cases("referer.sources")


@rows(("text", "entries"), *CASES["list_is_read"])
def test_list_is_read(text: str, entries: list[str]) -> None:
    assert forms.detect(text.encode()) is RulesForm.LIST
    assert forms.parse(text.encode()) == {"": RefererConfiguration(whitelist=tuple(entries))}
    plain = text.removeprefix("\ufeff")
    items = plain_list.parse(plain).items
    lines = [line for line, _ in places.locate(plain, (item.start for item in items))]
    assert lines == sorted(lines)


@rows(("text", "sentence"), *CASES["what_is_not_a_list_is_refused_in_one_sentence"])
def test_what_is_not_a_list_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SourceError, match=re.escape(sentence)):
        forms.parse(text.encode())


@rows(
    ("document", "sentence"),
    ("# 商城\nhttps://a.test/\n".encode("gbk"), "seems to be GBK; run iconv -f GBK -t UTF-8"),
    ("\ufeffhttps://a.test/\n".encode("utf-16-le"), "seems to be UTF-16; run iconv -f UTF-16"),
    ("# Käse\nhttps://a.test/\n".encode("latin-1"), "line 1, column 4: the byte 0xe4 is not"),
    (b"PK\x03\x04[Content_Types].xml\xff", "this is a file of Office"),
    (b"\x89PNG\r\n\x1a\n\0\0", "the byte 0x89 is not valid UTF-8"),
)
def test_other_encoding_is_named_and_not_guessed(document: bytes, sentence: str) -> None:
    with pytest.raises(SourceError, match=re.escape(sentence)):
        forms.parse(document)


@pytest.mark.parametrize(
    ("text", "new", "edited"),
    [
        (
            "# ours\r\n\r\nwww.a.test\t# old\r\nhttps://b.test/\r\n",
            ("https://a.test/", "http://a.test/", "https://b.test/"),
            "# ours\r\n\r\nhttps://a.test/\t# old\r\nhttp://a.test/\r\nhttps://b.test/\r\n",
        ),
        ("a.test\nb.test  # kept\nc.test", ("a.test",), "a.test\n  # kept"),
        ("b.test", ("a.test", "b.test", "c.test"), "a.test\nb.test\nc.test"),
        (
            "- *.a.test\n- 'b.test'\n",
            ("*.a.test", "b.test", "c.test"),
            "- *.a.test\n- 'b.test'\n- c.test\n",
        ),
        (
            '"a.test",\n"b.test"\n',
            ("a.test", "b.test", "c.test"),
            '"a.test",\n"b.test",\n"c.test",\n',
        ),
        ('["a.test", "b.test"]', ("a.test", 'c"'), '["a.test", "c\\""]'),
        ('[\n  "a.test"\n]\n', ("b.test", "a.test"), '[\n  "b.test",\n  "a.test"\n]\n'),
    ],
)
def test_only_entries_that_change_are_written(text: str, new: tuple[str, ...], edited: str) -> None:
    rules = RefererConfiguration(whitelist=new)
    assert editing.edit(text.encode(), RulesForm.LIST, "", rules) == edited


@rows(
    "new",
    RefererConfiguration(whitelist=("a.test",), blacklist=("b.test",)),
    RefererConfiguration(False, whitelist=("a.test",)),
    RefererConfiguration(),
    RefererConfiguration(whitelist=("a.test", "a b")),
    RefererConfiguration(whitelist=("a.test\nb.test",)),
)
def test_list_refuses_rules_that_it_cannot_hold(new: RefererConfiguration) -> None:
    with pytest.raises(NotEditableError):
        editing.edit(b"a.test\nwww.a.test\n", RulesForm.LIST, "", new)
    with pytest.raises(ValueError, match="a list has only a whitelist"):
        forms.format(new, RulesForm.LIST)


PIECES = [
    piece.encode().decode("unicode_escape").encode("latin-1")
    for piece in CASES["pieces_of_random_files"]
]


def is_read(document: bytes) -> bool:
    """Return whether rules are read; a refusal must have one sentence."""
    try:
        return bool(forms.parse(document))
    except SourceError as error:
        if len(error.sentence.splitlines()) != 1 or len(error.sentence) > 1_000:
            raise AssertionError(error.sentence) from error
        return False


def test_any_file_is_read_or_refused_in_one_sentence() -> None:
    random = Random(37)  # noqa: S311 - a case
    for number in range(cases(100, 2_000)):
        document = b"".join(random.choices(PIECES, k=random.randrange(1, 12)))
        if number % 4 == 0:
            document = random.randbytes(random.randrange(2_000))
        elif number % 4 == 1:
            document = document.decode("latin-1").encode("utf-16")
        is_read(document)


def test_large_documents_of_one_piece_are_read_or_refused() -> None:
    """A reader that is not linear in the size would take minutes here."""
    for piece in PIECES:
        is_read(piece * (cases(60_000, 1_000_000) // len(piece)))
