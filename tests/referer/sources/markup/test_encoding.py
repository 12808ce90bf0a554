"""The encoding of a document is known, or the error says what to do."""

import pytest
from oss_referer.sources.markup import decode
from oss_referer.sources.toml import SourceError


def test_byte_order_mark_tells_more_than_the_declaration() -> None:
    text = "<?xml version='1.0' encoding='gbk'?><a>例</a>"
    assert decode(text.encode("utf-8-sig")) == text
    assert decode(text.encode("gbk")) == text
    assert decode(text.encode("utf-16")) == text


@pytest.mark.parametrize(
    ("document", "sentence", "place"),
    [
        (b"<?xml version='1.0' encoding='klingon'?><a/>", "use UTF-8", (1, 1)),
        (b"<?xml version='1.0' encoding='unicode_escape'?><a/>", "use UTF-8", (1, 1)),
        (b"<a>\n\xff</a>", "the byte 0xff is not valid UTF-8", (2, 1)),
        (b"<?xml version='1.0' encoding='gbk'?>\n<a>\xff</a>", "0xff is not valid gbk", (2, 4)),
        (b"\xff\xfe<\0a\0\0\xd8", "is not valid UTF-16", (1, 3)),
    ],
)
def test_unreadable_document_is_refused_with_its_place(
    document: bytes, sentence: str, place: tuple[int, int]
) -> None:
    with pytest.raises(SourceError) as refusal:
        decode(document)
    assert sentence in refusal.value.sentence
    assert (refusal.value.line, refusal.value.column) == place
