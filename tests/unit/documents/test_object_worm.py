"""Object retention: the buckets that can have it, and its defaults."""

from __future__ import annotations

import pytest
from oss_emulator.documents import worm
from oss_emulator.documents.object_worm import DOCUMENT, default
from oss_emulator.documents.worm import DAY, RetentionPolicy
from oss_emulator.storage import Bucket

from tests.unit.documents.putting import BUCKET, NOW, check_refused, content, put

ENABLED = "<ObjectWormEnabled>Enabled</ObjectWormEnabled>"
RULE = "<Rule><DefaultRetention><Mode>COMPLIANCE</Mode>%s</DefaultRetention></Rule>"
VERSIONED = BUCKET._replace(versioning="Enabled")


@pytest.mark.parametrize("rule", ["", RULE % "<Days>1</Days>", RULE % "<Years>100</Years>"])
def test_versioned_bucket_can_have_object_retention(rule: str) -> None:
    assert content(DOCUMENT, put(DOCUMENT, ENABLED + rule, bucket=VERSIONED)) == ENABLED + rule


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", None),
        (RULE % "<Days>2</Days>", ("COMPLIANCE", 2 * DAY)),
        (RULE % "<Years>2</Years>", ("COMPLIANCE", 730 * DAY)),
    ],
)
def test_default_period_is_in_days_or_years(rule: str, expected: tuple[str, int] | None) -> None:
    kept = put(DOCUMENT, ENABLED + rule, bucket=VERSIONED)
    assert default({"objectWorm": kept}) == expected


@pytest.mark.parametrize(
    ("sent", "code", "named"),
    [
        ("", "MalformedXML", "ObjectWormEnabled"),
        ("<ObjectWormEnabled>Disabled</ObjectWormEnabled>", "MalformedXML", "Enabled"),
        (ENABLED + RULE % "", "MalformedXML", "either Days or Years"),
        (ENABLED + RULE % "<Days>1</Days><Years>1</Years>", "MalformedXML", "either Days or Years"),
        (ENABLED + RULE % "<Days>36501</Days>", "InvalidArgument", "Days"),
        (ENABLED + RULE % "<Years>101</Years>", "InvalidArgument", "Years"),
    ],
)
def test_bad_document_is_refused_with_the_place(sent: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, sent, code, named, bucket=VERSIONED)


def with_policy(created: float) -> Bucket:
    policy = worm.format(RetentionPolicy("1", 1, created))
    return VERSIONED._replace(documents={worm.SUBRESOURCE: policy})


@pytest.mark.parametrize(
    ("bucket", "named"),
    [
        (BUCKET, "versioning"),
        (BUCKET._replace(versioning="Suspended"), "versioning"),
        (with_policy(NOW), "retention policy"),
    ],
    ids=["no versioning", "suspended versioning", "a retention policy"],
)
def test_bucket_needs_versioning_and_no_retention_policy(bucket: Bucket, named: str) -> None:
    check_refused(DOCUMENT, ENABLED, "InvalidRequest", named, bucket=bucket)


def test_void_policy_does_not_count() -> None:
    kept = put(DOCUMENT, ENABLED, bucket=with_policy(NOW - DAY))
    assert content(DOCUMENT, kept) == ENABLED
