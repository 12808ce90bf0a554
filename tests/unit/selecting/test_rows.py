"""Rows of CSV and JSON, as they are read, counted and written."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import CSVInput, JSONInput, Output, RowRange, SelectRequest
from oss_emulator.selecting import csv_rows, jobs
from oss_emulator.selecting.jobs import SelectMeta, Window
from oss_emulator.selecting.json_nodes import TextReader, compact, find, write
from oss_emulator.selecting.output import expand, number
from oss_emulator.selecting.selection import ObjectSelection, Pump
from oss_emulator.selecting.statement import Step, Wildcard

from tests.rows import read_cases, rows
from tests.thorough import cases
from tests.unit.selecting.cases import CONTINUOUS, END, pieces, run
from tests.unit.selecting.cases import DATA as DATA_FRAME
from tests.unit.selecting.cases import split as split_frames

CASES = read_cases("unit.selecting")


# --- Windows of an object

TABLE = b"name,age\nAnn,1\n#x\nBob,2\nEve,3\n"


@rows(
    ("header", "first", "last", "rows"),
    ("None", 0, 1, b"name,age\nAnn,1\n"),
    ("Ignore", 0, 2, b"Ann,1\n"),
    ("Ignore", 1, 3, b"Ann,1\nBob,2\n"),
    ("Use", 4, 9, b"Eve,3\n"),
)
def test_lines_are_counted_with_header_and_comments(
    header: str, first: int, last: int, rows: bytes
) -> None:
    """Q-22: as the suite of the Java SDK counts"""
    options = {"CsvHeaderInfo": header, "CommentCharacter": "#"}
    window = Window(first=first, last=last)
    assert run("select * from ossobject", TABLE, options, window=window).rows == rows


@rows(
    ("first", "last", "rows"),
    (0, 1, b"test\n"),
    (0, 5, b"test\nabc\n"),
    (1, 5, b"abc\n"),
    (5, 8, b"abc\n"),
    (6, 9, b"d\n"),
)
def test_row_belongs_to_the_range_of_its_first_byte(first: int, last: int, rows: bytes) -> None:
    """Q-24"""
    data = b"test\nabc\nd\n"
    before = min(first, 1)
    window = Window(first - before, within=(first, last))
    options = {"AllowQuotedRecordDelimiter": "false"}
    found = run("select * from ossobject", data[first - before :], options, window=window)
    assert found.rows == rows


def test_range_may_begin_within_a_character() -> None:
    """Q-24"""
    data = "ü,1\nä,2\n".encode()
    window = Window(1, within=(2, 9))
    assert run("select _1 from ossobject", data[1:], window=window).rows == "ä\n".encode()


def test_range_without_a_row_is_refused() -> None:
    """Q-24"""
    window = Window(0, within=(1, 3))
    found = run("select * from ossobject", b"test\nabc\n", window=window)
    assert found.code == "InvalidRange"


@rows("name", "AGE", "Age", "_2", "_0000000002")
def test_case_of_column_names_is_ignored(name: str) -> None:
    """Q-32"""
    options = {"CsvHeaderInfo": "Use", "CommentCharacter": "#"}
    found = run(f"select {name} from ossobject limit 1", TABLE, options)
    assert found.rows == b"1\n"


def test_last_row_needs_no_delimiter() -> None:
    found = run("select _1 from ossobject", b"a\nb")
    assert found.frames[-1].offset == 3


# --- Records and fields of CSV

USUAL = CSVInput()


def split(data: bytes, source: CSVInput = USUAL, size: int = 3) -> list[bytes]:
    return [each for batch in csv_rows.records(pieces(data, size), source) for each in batch]


@rows("size", 1, 2, 3, 100)
@rows(
    ("data", "expected"),
    (b"", []),
    (b"a", [b"a"]),
    (b"a\nb\n", [b"a", b"b"]),
    (b"a\n\n\nb", [b"a", b"", b"", b"b"]),
    (b'"a\n"",b"\nc', [b'"a\n"",b"', b"c"]),
    (b'x"\ny"\nz', [b'x"\ny"', b"z"]),
)
def test_records_are_split(data: bytes, expected: list[bytes], size: int) -> None:
    assert split(data, size=size) == expected


@rows("size", 1, 4, 100)
def test_delimiter_may_have_two_bytes(size: int) -> None:
    source = CSVInput(record=b"\r\n")
    assert split(b"a\nb\r\n\r\nc\r", source, size) == [b"a\nb", b"", b"c\r"]


def test_quotes_may_not_hold_delimiters() -> None:
    """AllowQuotedRecordDelimiter"""
    source = CSVInput(quoted_records=False)
    assert split(b'"a\nb"\n', source) == [b'"a', b'b"']
    with pytest.raises(OSSError, match="closing quote"):
        csv_rows.splitter(source)(b'"a')


@rows("data", b'a,"b\nc\n', b'"', b'a\n"b""\nc', b'",,,44\nx,"y",z\n"a ""b"')
def test_open_quote_is_refused(data: bytes) -> None:
    with pytest.raises(OSSError) as raised:
        split(data)
    assert raised.value.code == "InvalidCsvLine"


@rows(
    ("record", "fields", "values"),
    (b"", [b""], [b""]),
    (b"a,,b", [b"a", b"", b"b"], [b"a", b"", b"b"]),
    (b'"a,b",c', [b'"a,b"', b"c"], [b"a,b", b"c"]),
    (b'"say ""hi""",', [b'"say ""hi"""', b""], [b'say "hi"', b""]),
    (b'5" pipe,""', [b'5" pipe', b'""'], [b'5" pipe', b""]),
    (b'"a"x,b', [b'"a"x', b"b"], [b'"a"x', b"b"]),
)
def test_fields_are_split(record: bytes, fields: list[bytes], values: list[bytes]) -> None:
    """Q-36"""
    found = csv_rows.splitter(USUAL)(record)
    assert found == fields
    assert [csv_rows.value(field, b'"') for field in found] == values


@rows("mark", b"^", b"]", b"\\", b"-", b"|", b".")
def test_any_character_can_separate_or_quote(mark: bytes) -> None:
    split = csv_rows.splitter(CSVInput(field=mark))
    assert split(b'a%b"b%bc"' % (mark, mark)) == [b"a", b'"b%bc"' % mark]
    split = csv_rows.splitter(CSVInput(quote=mark))
    assert split(b"%ba,b%b,c" % (mark, mark)) == [b"%ba,b%b" % (mark, mark), b"c"]


def test_small_gzip_of_much_text_is_read_in_pieces() -> None:
    found = list(csv_rows.decompress(iter([gzip.compress(b"a" * 10_000_000)])))
    assert sum(map(len, found)) == 10_000_000
    assert max(map(len, found)) <= 256 * 1024


# --- Nodes of JSON, in any pieces of text

ANY = Wildcard.CHILD


def nodes(text: str, *path: Step, size: int = 3) -> list[str]:
    reader = TextReader(pieces(text.encode(), size))
    return [node.text for node in reader.document(path)]


@rows("size", 1, 2, 5, 1000)
@rows(
    ("path", "expected"),
    ((), 1),
    (("a",), ['[1, {"b": "}]"}, []]']),
    (("a", 0), ["1"]),
    (("a", ANY), ["1", '{"b": "}]"}', "[]"]),
    (("a", 1, "b"), ['"}]"']),
    (("c", "d"), ['"\\"ü"']),
    (("c", ANY), ['"\\"ü"', "null"]),
    (("x",), []),
    (("a", "b"), []),
    (("a", 9), []),
    (("c", 0), []),
    (("a", 0, "b"), []),
)
def test_path_leads_to_nodes(path: tuple[Step, ...], expected: list[str] | int, size: int) -> None:
    text = ' {"a" : [1, {"b": "}]"}, []] , "c":{"d":"\\"ü", "e": null}}\n'
    found = nodes(text, *path, size=size)
    assert len(found) == expected if isinstance(expected, int) else found == expected


@rows("size", 1, 7, 1000)
def test_lines_tell_where_they_begin(size: int) -> None:
    """Q-31: offsets are those of bytes"""
    data = '{"a":"ü"}\n,\r\n{\n "a": 2 }{"a":3}'.encode()
    reader = TextReader(pieces(data, size))
    found = [(line.start, [node.end for node in line.nodes]) for line in reader.lines(())]
    assert found == [(0, [10]), (14, [25]), (25, [32])]
    assert reader.position == len(data) == 32


def test_byte_order_mark_is_passed() -> None:
    assert nodes('\ufeff{"a":1}', "a") == ["1"]


@rows("size", 1, 1000)
@rows(("text", "offset"), *CASES["other_text_is_refused_with_its_place"])
def test_other_text_is_refused_with_its_place(text: str, offset: int, size: int) -> None:
    """Q-21"""
    with pytest.raises(OSSError) as raised:
        nodes(text, size=size)
    shown = text[offset : offset + 11]
    assert raised.value.code == "InvalidJsonData"
    assert raised.value.message == (
        f"Invalid value.The current offset is:{offset}.The incorrect json data:'{shown}'."
    )


@rows("text", '{"b":{"c":', '{"b":"x', '{"b"', '{"b":1 "a":2}', "[", '{"b":,}')
def test_cut_text_is_refused_where_it_is_passed_over(text: str) -> None:
    with pytest.raises(OSSError, match="InvalidJsonData"):
        nodes(text, "a", size=2)


def test_deep_text_is_refused() -> None:
    with pytest.raises(OSSError) as raised:
        nodes("[" * 200_000, size=100_000)
    assert raised.value.code in ("JsonNodeExceedsMaxDepth", "InvalidJsonData")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=cases(20, 100), deadline=None)
@given(JSON, st.integers(1, 9), st.booleans())
def test_value_is_shown_as_it_is(value: object, size: int, ascii_only: bool) -> None:
    """Q-31"""
    text = json.dumps({"v": value}, ensure_ascii=ascii_only, indent=1).encode("utf-8", "replace")
    (node,) = TextReader(pieces(text, size)).document(("v",))
    expected = json.loads(text)["v"]
    assert json.loads(compact(node.text)) == expected
    assert json.loads(write(node.value)) == expected
    assert json.loads(write(find({"v": node.value}, ("v",)))) == expected
    assert compact(node.text) == write(node.value)


# --- Numbers of a result


def test_sum_and_average_are_those_of_the_service() -> None:
    """Q-33: the frames of SDK V2's tests have these numbers of 287 rows"""
    data = b"6795.500000000003\n" + b"0\n" * 286
    sql = "select avg(cast(_1 as double)), sum(cast(_1 as double)) from ossobject"
    expected = b"23.6777003484320652560421788110965635717,6795.5000000000027284841053187847137451\n"
    assert run(sql, data).rows == expected


@rows(
    ("value", "text"),
    (Fraction(0), "0"),
    (Fraction(-7), "-7"),
    (Fraction(1, 4), "0.25"),
    (Fraction(-1, 3), "-0.333333333333333333333333333333333333333"),
    (Fraction(10**40), str(10**40)),
    (Fraction(1, 10**50), "0." + "0" * 49 + "1"),
)
def test_numbers_have_the_digits_of_128_bits(value: Fraction, text: str) -> None:
    """Q-33"""
    assert expand(value) == text


@rows(
    ("value", "text"),
    (81.8, "81.8"),
    (2015.0, "2015"),
    (1e300, "1e+300"),
    (Decimal("1.500"), "1.5"),
    (Decimal("10"), "10"),
)
def test_number_has_the_fewest_digits(value: float | Decimal, text: str) -> None:
    assert number(value) == text


# --- The counts of CreateSelectObjectMeta, and the parts of an object by them

CSV, LINES = CSVInput(), JSONInput(lines=True)


def scan(data: bytes, source: CSVInput | JSONInput = CSV) -> SelectMeta:
    return jobs.scan(pieces(data, 1 << 16), source, '"E"')


@rows(
    ("data", "source", "rows", "columns"),
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
)
def test_rows_and_columns_are_counted(
    data: bytes, source: CSVInput | JSONInput, rows: int, columns: int | None
) -> None:
    """Q-23: the numbers of the suites of the C++ and Java SDKs"""
    found = scan(data, source)
    assert (found.rows, found.columns, len(found.splits)) == (rows, columns, 1)


@rows(
    ("data", "source", "code"),
    (b'a,b\n",,44\nx,"y, z",1\n', CSV, "InvalidCsvLine"),
    (b"Year,State\n", LINES, "InvalidJsonData"),
    (b'{"a":1}\n"k2": [1]', LINES, "InvalidJsonData"),
)
def test_invalid_object_has_no_meta(data: bytes, source: CSVInput | JSONInput, code: str) -> None:
    with pytest.raises(OSSError) as raised:
        scan(data, source)
    assert raised.value.code == code


def test_line_with_a_broken_quote_is_called_invalid() -> None:
    """Q-21: the suite of SDK V2 for Java"""
    with pytest.raises(OSSError, match="The line is invalid"):
        scan(b'a\\n" +\n  "b,39\\n" +\n  "c\\"d,20\n')


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


@rows(("row", "source"), (ROW, CSV), (JSON_ROW, LINES))
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


# --- Slow answers

SHORT = 0.05


class Held:
    """The bytes of an object; the rest arrives when the test lets it."""

    def __init__(self, *rest: bytes) -> None:
        self.more, self.ended = threading.Event(), threading.Event()
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield b"a\n"
        for piece in self._rest:
            assert self.more.wait(100)
            yield piece
        self.ended.set()


def pump(
    held: Held,
    sql: str = "select count(*) from ossobject",
    *,
    raw: bool = False,
    idle: float = SHORT,
) -> Pump:
    request = SelectRequest(sql, CSVInput(), False, Output(raw=raw))
    return Pump(ObjectSelection(request, iter(()), iter(held), Window()), idle)


def test_slow_answer_sends_continuous_frames() -> None:
    """Q-15"""
    held = Held(b"b\n")
    found = pump(held)
    found.begin()
    first = next(found)
    held.more.set()
    frames = [*split_frames(first), *split_frames(b"".join(found))]
    assert frames[0].type == CONTINUOUS
    assert [frame.type for frame in frames if frame.type != CONTINUOUS] == [DATA_FRAME, END]
    assert frames[-2].payload[8:] == b"2\n"


def test_error_after_the_status_is_in_the_last_frame() -> None:
    """Q-15"""
    held = Held(b'"b\n')
    found = pump(held)
    found.begin()
    first = next(found)
    held.more.set()
    frames = [*split_frames(first), *split_frames(b"".join(found))]
    assert (frames[-1].type, frames[-1].status) == (END, 400)
    assert frames[-1].message.startswith("InvalidCsvLine.")


def test_raw_answer_waits_without_frames() -> None:
    held = Held(b"b\n")
    found = pump(held, raw=True)
    found.begin()
    first = next(found)
    held.more.set()
    assert (first, b"".join(found)) == (b"", b"2\n")


def test_error_of_raw_rows_ends_the_connection() -> None:
    held = Held(b'"b\n')
    found = pump(held, raw=True)
    found.begin()
    assert next(found) == b""
    held.more.set()
    with pytest.raises(ConnectionAbortedError):
        list(found)


def test_error_before_rows_answers_the_request() -> None:
    held = Held()
    with pytest.raises(OSSError, match="SqlInvalidColumnName"):
        pump(held, "select x from ossobject", idle=10).begin()


def test_client_that_leaves_ends_the_work() -> None:
    held = Held(b"b\n", b"c\n", *[b"d\n"] * 1000)
    found = pump(held)
    found.begin()
    assert next(found)
    found.close()
    held.more.set()
    assert list(found) == []
    assert not held.ended.is_set()
