"""What CreateSelectObjectMeta counts, and the parts of an object by it."""

from __future__ import annotations

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import CSVInput, JSONInput, RowRange
from oss_emulator.selecting import jobs
from oss_emulator.selecting.jobs import SelectMeta, Window

from tests.unit.selecting.cases import pieces, run

CSV, LINES = CSVInput(), JSONInput(lines=True)


def scan(data: bytes, source: CSVInput | JSONInput = CSV) -> SelectMeta:
    return jobs.scan(pieces(data, 1 << 16), source, '"E"')


@pytest.mark.parametrize(
    ("data", "source", "rows", "columns"),
    [
        (b"", CSV, 0, 0),
        (b"a,b\nc,d", CSV, 2, 2),
        (b"abc,def123,456|7891334\n777,888|999,222012345\n\n", CSV, 3, 3),
        (
            b"abc,def123,456|7891334\n777,888|999,222012345\n\n",
            CSVInput(record=b"\n\n", field=b"|"),
            1,
            3,
        ),
        (b"'abc','def\n123','456'\n", CSVInput(quote=b"'"), 1, 3),
        (b"'abc','def\n123','456'\n", CSV, 2, 2),
        (b'{\n"a": 1\n}\n{"b": [-1, 79]}\n{}', LINES, 3, None),
    ],
)
def test_rows_and_columns_are_counted(
    data: bytes, source: CSVInput | JSONInput, rows: int, columns: int | None
) -> None:
    """Q-23: the numbers of the suites of the C++ and Java SDKs"""
    found = scan(data, source)
    assert (found.rows, found.columns, len(found.splits)) == (rows, columns, 1)


@pytest.mark.parametrize(
    ("data", "source", "code"),
    [
        (b'a,b\n",,44\nx,"y, z",1\n', CSV, "InvalidCsvLine"),
        (b"Year,State\n", LINES, "InvalidJsonData"),
        (b'{"a":1}\n"k2": [1]', LINES, "InvalidJsonData"),
    ],
)
def test_invalid_object_has_no_meta(data: bytes, source: CSVInput | JSONInput, code: str) -> None:
    with pytest.raises(OSSError) as raised:
        scan(data, source)
    assert raised.value.code == code


def test_meta_is_kept_as_text() -> None:
    found = scan(b"a,b\n" * 3)
    assert SelectMeta.parse(found.format()) == found


def test_meta_belongs_to_bytes_and_delimiters() -> None:
    """Q-21, Q-23"""
    kept = scan(b"a\n").format()
    assert jobs.find(kept, '"E"', CSV).rows == 1
    for asked, etag, source, ec in (
        (None, '"E"', CSV, "0016-00000820"),
        (kept, '"F"', CSV, "0016-00000835"),
        (kept, '"E"', CSVInput(field=b";"), "0016-00000836"),
        (kept, '"E"', LINES, "0016-00000836"),
    ):
        with pytest.raises(OSSError) as raised:
            jobs.find(asked, etag, source)
        assert (raised.value.code, raised.value.ec) == ("SelectCsvMetaUnavailable", ec)


ROW = b"x" * 1023 + b"\n"
JSON_ROW = b'{"a":"' + b"x" * 1015 + b'"}\n'


@pytest.mark.parametrize(("row", "source"), [(ROW, CSV), (JSON_ROW, LINES)])
def test_splits_and_lines_are_read_from_their_place(
    row: bytes, source: CSVInput | JSONInput
) -> None:
    """Q-22, Q-23: both ends belong to a part"""
    data = row * 10_000
    found = scan(data, source)
    assert found.splits == ((0, 0), (4096, 4096 * 1024), (8192, 8192 * 1024))
    assert found.window(RowRange("split", 1, 1)) == Window(4096 * 1024, 4096, 4096, 8191)
    assert found.window(RowRange("split", 2, None)) == Window(8192 * 1024, 8192, 8192, 9999)
    assert found.window(RowRange("line", 5000, 5001)) == Window(4096 * 1024, 4096, 5000, 5001)
    options = {"Json_Type": "LINES"} if source is LINES else {}
    total = 0
    for part in (RowRange("split", 0, 0), RowRange("split", 1, 1), RowRange("split", 2, 2)):
        window = found.window(part)
        counted = run(
            "select count(*) from ossobject", data[window.offset :], options, window=window
        )
        total += int(counted.rows.decode().strip().removeprefix('{"_1":').removesuffix("}"))
    assert total == 10_000
