"""Access logs: their target bucket."""

from __future__ import annotations

import pytest
from oss_emulator.documents.logging import DOCUMENT, LoggingTarget, target

from tests.unit.documents.putting import BUCKET, check_refused, put

# Content, the code of the error, and the element or text it names.
REFUSED = [
    (
        "<LoggingEnabled><TargetBucket>none</TargetBucket></LoggingEnabled>",
        "InvalidTargetBucketForLogging",
        "",
    ),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


TARGET = "<LoggingEnabled><TargetBucket>logs</TargetBucket>%s</LoggingEnabled>"


def test_logs_cannot_go_to_the_bucket_of_another_account() -> None:
    foreign = BUCKET._replace(name="logs", owner="2")
    code = "InvalidTargetBucketForLogging"
    check_refused(DOCUMENT, TARGET % "", code, "", others=(foreign,))


@pytest.mark.parametrize(
    ("element", "prefix"), [("", ""), ("<TargetPrefix>p/</TargetPrefix>", "p/")]
)
def test_target_is_a_bucket_and_a_prefix(element: str, prefix: str) -> None:
    kept = put(DOCUMENT, TARGET % element, others=(BUCKET._replace(name="logs"),))
    assert target({"logging": kept}) == LoggingTarget("logs", prefix)


def test_without_a_target_there_are_no_logs() -> None:
    assert target({}) == target({"logging": put(DOCUMENT, "")}) == LoggingTarget("", "")
