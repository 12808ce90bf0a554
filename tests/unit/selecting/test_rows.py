"""Windows of an object."""

from __future__ import annotations

import pytest
from oss_emulator.selecting.jobs import Window

from tests.unit.selecting.cases import run

DATA = b"name,age\nAnn,1\n#x\nBob,2\nEve,3\n"


@pytest.mark.parametrize(
    ("header", "first", "last", "rows"),
    [
        ("None", 0, 1, b"name,age\nAnn,1\n"),
        ("Ignore", 0, 2, b"Ann,1\n"),
        ("Ignore", 1, 3, b"Ann,1\nBob,2\n"),
        ("Use", 4, 9, b"Eve,3\n"),
    ],
)
def test_lines_are_counted_with_header_and_comments(
    header: str, first: int, last: int, rows: bytes
) -> None:
    """Q-22: as the suite of the Java SDK counts"""
    options = {"CsvHeaderInfo": header, "CommentCharacter": "#"}
    window = Window(first=first, last=last)
    assert run("select * from ossobject", DATA, options, window=window).rows == rows


@pytest.mark.parametrize(
    ("first", "last", "rows"),
    [(0, 1, b"test\n"), (0, 5, b"test\nabc\n"), (1, 5, b"abc\n"), (5, 8, b"abc\n"), (6, 9, b"d\n")],
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


@pytest.mark.parametrize("name", ["AGE", "Age", "_2"])
def test_names_of_columns_have_no_case(name: str) -> None:
    """Q-32"""
    options = {"CsvHeaderInfo": "Use", "CommentCharacter": "#"}
    found = run(f"select {name} from ossobject limit 1", DATA, options)
    assert found.rows == b"1\n"


def test_last_row_needs_no_delimiter() -> None:
    found = run("select _1 from ossobject", b"a\nb")
    assert found.frames[-1].offset == 3
