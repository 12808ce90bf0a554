"""SelectObject through oss2: the table of statements, progress, checksums and metas."""

from __future__ import annotations

import oss2
import pytest

from tests.unit.selecting.cases import CASES, Case


@pytest.mark.parametrize(
    "case", [each for each in CASES if not each.code][::4], ids=lambda case: case.name
)
def test_case_of_the_table(bucket: oss2.Bucket, case: Case) -> None:
    bucket.put_object("a", case.data.encode())
    found = bucket.select_object("a", case.sql, select_params=case.parameters)
    rows, end = b"", ""
    try:
        for piece in found:
            rows += piece
    except oss2.exceptions.SelectOperationFailed as error:
        end = error.code.decode()
    assert end == case.end
    assert (found.status, rows.decode()) == (206, case.rows)


def test_error_is_one_of_the_server(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"a,b\n")
    with pytest.raises(oss2.exceptions.ServerError) as raised:
        bucket.select_object("a", "select _1 from ossobject order by _1")
    assert (raised.value.status, raised.value.code, raised.value.ec) == (
        400,
        "SqlSyntaxError",
        "0016-00000803",
    )


def test_checksums_are_compared(bucket: oss2.Bucket) -> None:
    """Q-11: oss2 compares them"""
    bucket.put_object("a", b"a,b\n" * 1000)
    found = bucket.select_object(
        "a", "select _2 from ossobject", select_params={"EnablePayloadCrc": True}
    )
    assert found.read() == b"b\n" * 1000


def test_progress_reaches_the_end(bucket: oss2.Bucket) -> None:
    """Q-12"""
    bucket.put_object("a", b"a,b\n" * 1000)
    seen: list[int] = []
    found = bucket.select_object(
        "a", "select _1 from ossobject where _1 = 'x'", lambda read, _: seen.append(read)
    )
    assert found.read() == b""
    assert seen == [4000]


def test_meta_has_the_counts_and_the_headers(bucket: oss2.Bucket) -> None:
    bucket.put_object("a", b"a,b\nc,d\n")
    found = bucket.create_select_object_meta("a")
    assert (found.splits, found.rows) == (1, 2)
    assert found.etag == bucket.head_object("a").etag
