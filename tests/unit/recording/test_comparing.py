"""Differences between an answer and the recorded one."""

from __future__ import annotations

from base64 import b64encode

import pytest
from oss_emulator.recording.playing import PlayedAnswer, compare
from oss_emulator.recording.scenario import RecordedAnswer

XML = {"Content-Type": "application/xml"}
RECORDED = RecordedAnswer(
    200, {"ETag": "*", **XML}, ("List", "List/Name={plain}", "List/Id=*", "List/Key=a")
)
BODY = b"<List><Name>plain</Name><Id>17</Id><Key>a</Key></List>"
HEADERS = {"etag": '"1"', "content-type": "application/xml"}


def differences(
    status: int = 200,
    headers: dict[str, str] = HEADERS,
    body: bytes = BODY,
    recorded: RecordedAnswer = RECORDED,
) -> list[str]:
    resolved = compare(
        recorded, PlayedAnswer(status, headers, body), lambda t: t.replace("{plain}", "plain")
    )
    return [str(item) for item in resolved]


def test_equal_answer_has_no_difference() -> None:
    assert differences() == []
    assert differences(headers={**HEADERS, "content-length": "5", "connection": "close"}) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"status": 404}, ["status: recorded 200, found 404"]),
        ({"headers": {**HEADERS, "vary": "x"}}, ["header vary: recorded nothing, found x"]),
        (
            {"headers": {"content-type": "application/xml"}},
            ["header ETag: recorded *, found nothing"],
        ),
        (
            {"headers": {**HEADERS, "content-type": "text/xml"}},
            ["header Content-Type: recorded application/xml, found text/xml"],
        ),
        (
            {"body": BODY.replace(b"<Key>a</Key>", b"<Key>b</Key>")},
            ["elements: recorded List/Key=a, found List/Key=b"],
        ),
        (
            {"body": BODY.replace(b"<Id>17</Id>", b"")},
            ["elements: recorded List/Id=*, found nothing"],
        ),
        ({"body": b"text"}, ["document: recorded List, found the document is not well-formed"]),
    ],
)
def test_each_kind_of_difference_is_found(changed: dict[str, object], said: list[str]) -> None:
    found = differences(**changed)  # type: ignore[arg-type]
    assert len(found) == len(said)
    assert all(one.startswith(other) for one, other in zip(found, said, strict=True))


def test_order_of_elements_counts() -> None:
    found = differences(body=b"<List><Id>17</Id><Name>plain</Name><Key>a</Key></List>")
    assert found != []


def test_error_of_head_is_compared_as_a_document() -> None:
    recorded = RecordedAnswer(404, {}, ("Error", "Error/Code=NoSuchKey"))
    document = b64encode(b"<Error><Code>NoSuchKey</Code></Error>").decode()
    assert differences(404, {"x-oss-err": document}, b"", recorded) == []
    other = b64encode(b"<Error><Code>NoSuchBucket</Code></Error>").decode()
    assert differences(404, {"x-oss-err": other}, b"", recorded) != []


def test_content_of_an_object_is_not_compared() -> None:
    recorded = RecordedAnswer(200, XML, ("*",))
    headers = {"content-type": "application/xml"}
    assert differences(200, headers, b"\x00 no document", recorded) == []
