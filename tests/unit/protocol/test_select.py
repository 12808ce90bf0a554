"""The documents of SelectObject and CreateSelectObjectMeta."""

from __future__ import annotations

from base64 import b64encode

import pytest
from oss_emulator.protocol import select
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.select import CSVInput, HeaderInfo, JSONInput, RowRange
from oss_emulator.protocol.xml import DocumentError

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


def coded(text: str) -> str:
    return b64encode(text.encode()).decode()


SQL = f"<Expression>{coded('select 1')}</Expression>"


def document(source: str = "", target: str = "", options: str = "", sql: str = SQL) -> bytes:
    return (
        f"<SelectRequest>{sql}<InputSerialization>{source}</InputSerialization>"
        f"<OutputSerialization>{target}</OutputSerialization><Options>{options}</Options>"
        "</SelectRequest>"
    ).encode()


def test_missing_elements_have_defaults() -> None:
    asked = select.parse_select(f"<SelectRequest>{SQL}</SelectRequest>".encode(), json=False)
    assert asked.source == CSVInput(HeaderInfo.NONE, b"\n", b",", b'"', b"", None, True)
    assert asked.output == select.Output(b"\n", b",", False, False, False, False)
    assert (asked.sql, asked.gzip, asked.skip_partial, asked.max_skipped) == (
        "select 1",
        False,
        False,
        None,
    )


def test_output_has_the_delimiters_of_the_input() -> None:
    """Q-37: test_select_object_with_input_delimiters of the C SDK"""
    text = (
        f"<SelectRequest>{SQL}<InputSerialization><CSV>"
        f"<RecordDelimiter>{coded(chr(10) * 2)}</RecordDelimiter>"
        f"<FieldDelimiter>{coded('|')}</FieldDelimiter></CSV></InputSerialization></SelectRequest>"
    )
    found = select.parse_select(text.encode(), json=False).output
    assert (found.record, found.field) == (b"\n\n", b"|")


def test_elements_of_csv_are_read() -> None:
    source = (
        "<CompressionType>gzip</CompressionType><CSV><FileHeaderInfo>Use</FileHeaderInfo>"
        f"<RecordDelimiter>{coded(chr(13) + chr(10))}</RecordDelimiter>"
        f"<FieldDelimiter>{coded('|')}</FieldDelimiter><QuoteCharacter>{coded('!')}</QuoteCharacter>"
        f"<CommentCharacter>{coded('#')}</CommentCharacter><Range>line-range=2-5</Range>"
        "<AllowQuotedRecordDelimiter>False</AllowQuotedRecordDelimiter></CSV>"
    )
    asked = select.parse_select(document(source), json=False)
    assert asked.gzip
    expected = CSVInput(HeaderInfo.USE, b"\r\n", b"|", b"!", b"#", RowRange("line", 2, 5), False)
    assert asked.source == expected


@rows(("compression", "output", "raw"), *CASES["csv_in_gzip_is_answered_with_raw_rows"])
def test_csv_in_gzip_is_answered_with_raw_rows(compression: str, output: str, raw: bool) -> None:
    """Q-02: test_select_object_with_gzip_data_to_file of the C SDK"""
    source = f"<CompressionType>{compression}</CompressionType><CSV/>"
    assert select.parse_select(document(source, output), json=False).output.raw is raw


def test_elements_of_output_and_options_are_read() -> None:
    target = (
        f"<CSV><RecordDelimiter>{coded(';')}</RecordDelimiter></CSV><KeepAllColumns>true"
        "</KeepAllColumns><OutputRawData>true</OutputRawData><OutputHeader>true</OutputHeader>"
    )
    options = (
        "<SkipPartialDataRecord>true</SkipPartialDataRecord>"
        "<MaxSkippedRecordsAllowed> 7 </MaxSkippedRecordsAllowed>"
    )
    asked = select.parse_select(document("", target, options), json=False)
    assert asked.output == select.Output(b";", b",", True, True, False, True)
    assert (asked.skip_partial, asked.max_skipped) == (True, 7)


def test_elements_of_json_are_read() -> None:
    source = (
        "<JSON><Type>Lines</Type><Range>split-range=-3</Range>"
        "<ParseJsonNumberAsString>true</ParseJsonNumberAsString></JSON>"
    )
    asked = select.parse_select(document(source), json=True)
    assert asked.source == JSONInput(True, RowRange("split", None, 3), True)


ERRORS = [
    ("<Range>line=1-2</Range>", "InvalidRange", "0016-00000832"),
    ("<Range>line-range=5-2</Range>", "InvalidRange", "0016-00000832"),
    ("<Range>line-range=-</Range>", "InvalidRange", "0016-00000832"),
    ("<FileHeaderInfo>abc</FileHeaderInfo>", "InvalidArgument", "0016-00000827"),
    ("<RecordDelimiter>abc</RecordDelimiter>", "InvalidInputRecordDelimiter", "0016-00000829"),
    ("<CommentCharacter>abc</CommentCharacter>", "InvalidCommentCharacter", "0016-00000831"),
    (
        f"<FieldDelimiter>{coded('ä')}</FieldDelimiter>",
        "InvalidInputFieldDelimiter",
        "0016-00000828",
    ),
    ("<FieldDelimiter>ä</FieldDelimiter>", "InvalidInputFieldDelimiter", "0016-00000828"),
]


@rows(("element", "code", "ec"), *ERRORS)
def test_value_of_csv_is_refused(element: str, code: str, ec: str) -> None:
    """Q-20, Q-21: the examples of the help pages of the ECs"""
    with pytest.raises(OSSError) as raised:
        select.parse_select(document(f"<CSV>{element}</CSV>"), json=False)
    assert (raised.value.code, raised.value.status, raised.value.ec) == (code, 400, ec)


def test_message_names_the_value() -> None:
    """Q-21"""
    with pytest.raises(OSSError, match=r"Invalid FieldDelimiter parameter:\|$"):
        select.parse_select(
            document("", "<CSV><FieldDelimiter>|</FieldDelimiter></CSV>"), json=False
        )


@rows(
    ("sql", "ec"),
    ("<Expression/>", "0016-00000823"),
    (f"<Expression>{coded(' ')}</Expression>", "0016-00000823"),
    ("<Expression>select</Expression>", ""),
    ("<Expression>ä</Expression>", ""),
    (f"<Expression>{coded('x' * 16385)}</Expression>", "0016-00000825"),
    (f"<Expression>{'x' * 100_000}</Expression>", "0016-00000825"),
)
def test_statement_is_refused(sql: str, ec: str) -> None:
    """Q-21"""
    with pytest.raises(OSSError) as raised:
        select.parse_select(document(sql=sql), json=False)
    assert (raised.value.code, raised.value.ec) == ("InvalidSqlParameter", ec)


def test_document_has_no_range() -> None:
    """Q-21"""
    source = "<JSON><Type>DOCUMENT</Type><Range>line-range=1-2</Range></JSON>"
    with pytest.raises(OSSError) as raised:
        select.parse_select(document(source), json=True)
    assert (raised.value.code, raised.value.ec) == ("InvalidRange", "0016-00000839")


@rows("kind", "", "TABLE")
def test_json_needs_a_type(kind: str) -> None:
    with pytest.raises(OSSError, match="Invalid Type parameter"):
        select.parse_select(document(f"<JSON><Type>{kind}</Type></JSON>"), json=True)


def test_flag_is_true_or_false() -> None:
    with pytest.raises(DocumentError, match="KeepAllColumns is 'yes'"):
        select.parse_select(document("", "<KeepAllColumns>yes</KeepAllColumns>"), json=False)


def test_meta_request_is_read() -> None:
    text = b"<CsvMetaRequest><OverwriteIfExists>true</OverwriteIfExists></CsvMetaRequest>"
    assert select.parse_meta(text, json=False) == select.MetaRequest(CSVInput(), True)
    text = (
        b"<JsonMetaRequest><InputSerialization><JSON><Type>LINES</Type></JSON>"
        b"</InputSerialization></JsonMetaRequest>"
    )
    assert select.parse_meta(text, json=True) == select.MetaRequest(JSONInput(True), False)


@rows(("inner", "code"), *CASES["meta_is_of_plain_lines"])
def test_meta_is_of_plain_lines(inner: str, code: str) -> None:
    text = f"<JsonMetaRequest><InputSerialization>{inner}</InputSerialization></JsonMetaRequest>"
    with pytest.raises(OSSError) as raised:
        select.parse_meta(text.encode(), json=True)
    assert raised.value.code == code


@rows(
    ("rows", "found"),
    ((0, 5), (0, 5)),
    ((8, 99), (8, 9)),
    ((9, None), (9, 9)),
    ((None, 3), (7, 9)),
    ((None, 99), (0, 9)),
)
def test_range_is_read_as_in_http(
    rows: tuple[int | None, int | None], found: tuple[int, int]
) -> None:
    """Q-22"""
    assert RowRange("line", *rows).resolve(10) == found


@rows("total", 0, 10)
def test_range_must_begin_in_the_object(total: int) -> None:
    """Q-21, Q-22: the message is that of the service"""
    with pytest.raises(OSSError) as raised:
        RowRange("split", 90, 109).resolve(total)
    assert (raised.value.code, raised.value.ec) == ("InvalidRange", "0016-00000817")
    assert raised.value.message == (
        "The split range is invalid. The non-negative value should be from 0 to total_splits - 1."
        " Its semantics is same as the value in Http Range header.Actual split range is 90-109."
    )
