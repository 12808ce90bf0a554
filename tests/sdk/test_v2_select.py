"""SelectObject through SDK V2."""

from __future__ import annotations

from base64 import b64encode

import alibabacloud_oss_v2 as oss

from tests.sdk.v2 import Ask

TABLE = b"name,age\r\nAnn,31\r\nBob,25\r\n"
PEOPLE = b'{\n"name": "Ann",\n"age": 31\n}\n{\n"name": "Bob",\n"age": 25\n}'


def coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def select(ask: Ask, name: str, form: str, sql: str, source: oss.InputSerialization) -> bytes:
    asked = oss.SelectRequest(
        expression=coded(sql),
        input_serialization=source,
        output_serialization=oss.OutputSerialization(enable_payload_crc=True, output_header=True),
    )
    request = oss.SelectObjectRequest(
        bucket=name, key="a", process=f"{form}/select", select_request=asked
    )
    found = ask(request)
    assert found.status_code == 206
    assert found.headers["x-oss-select-output-raw"] == "false"
    return b"".join(found.body.iter_bytes())


def test_csv(ask: Ask, name: str) -> None:
    """Q-02, Q-11, Q-32"""
    ask(oss.PutObjectRequest(bucket=name, key="a", body=TABLE))
    source = oss.InputSerialization(csv=oss.CSVInput(file_header_info="Use"))
    rows = select(ask, name, "csv", "select Name from ossobject where age > 30", source)
    assert rows == b"name\nAnn\n"


def test_json(ask: Ask, name: str) -> None:
    """Q-31"""
    ask(oss.PutObjectRequest(bucket=name, key="a", body=PEOPLE))
    source = oss.InputSerialization(json=oss.JSONInput(type="LINES"))
    sql = "select * from ossobject as s where cast(s.age as int) > 30"
    assert select(ask, name, "json", sql, source) == b'{"name":"Ann","age":31}\n'


def test_meta(ask: Ask, name: str) -> None:
    """Q-23"""
    ask(oss.PutObjectRequest(bucket=name, key="a", body=TABLE))
    for scanned in (len(TABLE), 0):
        meta = ask(
            oss.CreateSelectObjectMetaRequest(
                bucket=name,
                key="a",
                process="csv/meta",
                select_meta_request=oss.CSVMetaRequest(),
            )
        )
        assert (meta.splits_count, meta.rows_count, meta.cols_count) == (1, 3, 2)
        assert meta.total_scanned_bytes == scanned
