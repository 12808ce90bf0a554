"""The table of errors, and how an error becomes an answer (P-30)."""

from base64 import b64decode

import pytest
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, ErrorSpec, OSSError, render
from oss_emulator.protocol.message import Response


def test_rows_of_the_table_are_complete() -> None:
    for case in ErrorCase:
        row = case.value
        assert row.code.replace("Imm Client", "ImmClient").isalnum(), case  # P-82
        assert row.status == 203 or 300 <= row.status < 600, case
        assert bool(row.message) is (row.status != 304), case
        assert not row.ec or [len(part) for part in row.ec.split("-")] == [4, 8], case


def test_error_becomes_a_document() -> None:
    error = OSSError(ErrorCase.NO_SUCH_KEY, Key="a\x00b", Content_MD5=None)
    answer = render(error, "GET", "0" * 24, "localhost")
    assert isinstance(answer.body, bytes)
    document = xml.parse(answer.body, "Error")
    assert {child.name: child.value for child in document} == {
        "Code": "NoSuchKey",
        "Message": "The specified key does not exist.",
        "RequestId": "0" * 24,
        "HostId": "localhost",
        "Key": "a\N{REPLACEMENT CHARACTER}b",
        "EC": "0026-00000001",
        "RecommendDoc": "https://api.aliyun.com/troubleshoot?q=0026-00000001",
    }
    assert answer.status == 404
    assert answer.headers == {"x-oss-ec": "0026-00000001", "Content-Type": "application/xml"}


def test_underscore_of_a_detail_becomes_a_hyphen() -> None:
    answer = render(OSSError(ErrorCase.INVALID_DIGEST, Content_MD5="x"), "PUT", "", "")
    assert isinstance(answer.body, bytes)
    assert b"<Content-MD5>x</Content-MD5>" in answer.body


def test_head_has_the_document_in_a_header() -> None:
    error = OSSError(ErrorCase.NO_SUCH_BUCKET, headers={"x-oss-a": "1"})
    get, head = render(error, "GET", "1", "h"), render(error, "HEAD", "1", "h")
    assert head.body == b""
    assert b64decode(head.headers["x-oss-err"]) == get.body
    assert head.headers["Content-Length"] == str(len(get.body))
    assert head.headers["x-oss-a"] == "1"


def test_not_modified_has_headers_only() -> None:
    error = OSSError(ErrorCase.NOT_MODIFIED, headers={"ETag": '"A"'})
    assert render(error, "GET", "1", "h") == Response(304, {"ETag": '"A"'})


def test_message_and_ec_replace_those_of_the_table() -> None:
    error = OSSError(ErrorSpec("Code", 418, "from the table", "1"), "given", ec="")
    assert (error.message, error.ec, str(error)) == ("given", "", "Code: given")


@pytest.mark.parametrize(
    ("mainland", "site"), [(True, "api.aliyun.com"), (False, "api.alibabacloud.com")]
)
def test_document_names_the_site_of_the_region(mainland: bool, site: str) -> None:
    """S-10"""
    error = OSSError(ErrorCase.NO_SUCH_KEY)
    response = render(error, "GET", "id", "host", mainland=mainland)
    assert isinstance(response.body, bytes)
    assert f"https://{site}/troubleshoot?q=0026-00000001".encode() in response.body
