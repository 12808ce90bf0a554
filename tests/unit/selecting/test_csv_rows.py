"""Records and fields of CSV."""

from __future__ import annotations

import gzip

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import CSVInput
from oss_emulator.selecting import csv_rows

from tests.unit.selecting.cases import pieces

USUAL = CSVInput()


def split(data: bytes, source: CSVInput = USUAL, size: int = 3) -> list[bytes]:
    return [each for batch in csv_rows.records(pieces(data, size), source) for each in batch]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"a", [b"a"]),
        (b"a\nb\n", [b"a", b"b"]),
        (b"a\n\n\nb", [b"a", b"", b"", b"b"]),
        (b'"a\n"",b"\nc', [b'"a\n"",b"', b"c"]),
        (b'x"\ny"\nz', [b'x"\ny"', b"z"]),
    ],
)
def test_records(data: bytes, expected: list[bytes], size: int) -> None:
    assert split(data, size=size) == expected


@pytest.mark.parametrize("size", [1, 4, 100])
def test_delimiter_of_two_bytes(size: int) -> None:
    source = CSVInput(record=b"\r\n")
    assert split(b"a\nb\r\n\r\nc\r", source, size) == [b"a\nb", b"", b"c\r"]


def test_quotes_may_not_hold_delimiters() -> None:
    """AllowQuotedRecordDelimiter"""
    source = CSVInput(quoted_records=False)
    assert split(b'"a\nb"\n', source) == [b'"a', b'b"']
    with pytest.raises(OSSError, match="opening quote"):
        csv_rows.splitter(source)(b'"a')


@pytest.mark.parametrize("data", [b'a,"b\nc\n', b'"', b'a\n"b""\nc', b'",,,44\nx,"y",z\n"a ""b"'])
def test_open_quote_is_refused(data: bytes) -> None:
    with pytest.raises(OSSError) as raised:
        split(data)
    assert raised.value.code == "InvalidCsvLine"


@pytest.mark.parametrize(
    ("record", "fields", "values"),
    [
        (b"", [b""], [b""]),
        (b"a,,b", [b"a", b"", b"b"], [b"a", b"", b"b"]),
        (b'"a,b",c', [b'"a,b"', b"c"], [b"a,b", b"c"]),
        (b'"say ""hi""",', [b'"say ""hi"""', b""], [b'say "hi"', b""]),
        (b'5" pipe,""', [b'5" pipe', b'""'], [b'5" pipe', b""]),
        (b'"a"x,b', [b'"a"x', b"b"], [b'"a"x', b"b"]),
    ],
)
def test_fields(record: bytes, fields: list[bytes], values: list[bytes]) -> None:
    """Q-36"""
    found = csv_rows.splitter(USUAL)(record)
    assert found == fields
    assert [csv_rows.value(field, b'"') for field in found] == values


@pytest.mark.parametrize("mark", [b"^", b"]", b"\\", b"-", b"|", b"."])
def test_any_character_can_separate_or_quote(mark: bytes) -> None:
    split = csv_rows.splitter(CSVInput(field=mark))
    assert split(b'a%b"b%bc"' % (mark, mark)) == [b"a", b'"b%bc"' % mark]
    split = csv_rows.splitter(CSVInput(quote=mark))
    assert split(b"%ba,b%b,c" % (mark, mark)) == [b"%ba,b%b" % (mark, mark), b"c"]


def test_small_gzip_of_much_text_is_read_in_pieces() -> None:
    found = list(csv_rows.decompress(iter([gzip.compress(b"a" * 10_000_000)])))
    assert sum(map(len, found)) == 10_000_000
    assert max(map(len, found)) <= 256 * 1024
