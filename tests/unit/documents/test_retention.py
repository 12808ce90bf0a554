"""Retention of object versions: valid periods, and how they may change."""

from __future__ import annotations

import pytest
from oss_emulator.documents import object_worm
from oss_emulator.documents.retention import BYPASS, DOCUMENT
from oss_emulator.protocol.dates import format_iso

from tests.unit.documents.putting import BUCKET, NOW, OBJECT, check_refused, content, put

ENABLED = object_worm.DOCUMENT.format([("ObjectWormEnabled", "Enabled")])
WORM = BUCKET._replace(versioning="Enabled", documents={"objectWorm": ENABLED})
DAY = 24 * 60 * 60


def period(mode: str, days: float) -> str:
    until = format_iso(NOW + days * DAY)
    return f"<Mode>{mode}</Mode><RetainUntilDate>{until}</RetainUntilDate>"


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_period_in_the_future_is_kept(mode: str) -> None:
    kept = put(DOCUMENT, period(mode, 1), bucket=WORM, item=OBJECT)
    assert content(DOCUMENT, kept) == period(mode, 1)


@pytest.mark.parametrize(
    ("sent", "code", "named"),
    [
        ("", "MalformedXML", "Mode"),
        (period("NONE", 1), "MalformedXML", "must be GOVERNANCE or COMPLIANCE"),
        ("<Mode>COMPLIANCE</Mode>", "MalformedXML", "RetainUntilDate"),
        (period("COMPLIANCE", 0), "InvalidArgument", "RetainUntilDate"),
        (period("COMPLIANCE", -1), "InvalidArgument", "RetainUntilDate"),
    ],
)
def test_bad_document_is_refused_with_the_place(sent: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, sent, code, named, bucket=WORM, item=OBJECT)


def test_object_retention_must_be_enabled_for_the_bucket() -> None:
    sent = period("COMPLIANCE", 1)
    check_refused(DOCUMENT, sent, "InvalidRequest", "not enabled", bucket=BUCKET, item=OBJECT)


def test_appendable_object_cannot_be_retained() -> None:
    item = OBJECT._replace(kind="Appendable")
    sent = period("COMPLIANCE", 1)
    check_refused(DOCUMENT, sent, "InvalidRequest", "appendable", bucket=WORM, item=item)


@pytest.mark.parametrize(
    ("present", "new", "bypass", "refused"),
    [
        (("COMPLIANCE", 2), ("COMPLIANCE", 3), False, ""),
        (("COMPLIANCE", 2), ("COMPLIANCE", 1), False, "AccessDenied"),
        (("COMPLIANCE", 2), ("COMPLIANCE", 1), True, "AccessDenied"),
        (("COMPLIANCE", 2), ("GOVERNANCE", 3), True, "FileImmutable"),
        (("GOVERNANCE", 2), ("GOVERNANCE", 3), False, ""),
        (("GOVERNANCE", 2), ("COMPLIANCE", 3), True, "FileImmutable"),
        (("GOVERNANCE", 2), ("GOVERNANCE", 1), False, "AccessDenied"),
        (("GOVERNANCE", 2), ("GOVERNANCE", 1), True, ""),
        (("GOVERNANCE", 2), ("GOVERNANCE", -1), True, "InvalidArgument"),
        (("COMPLIANCE", -1), ("GOVERNANCE", 1), False, ""),
    ],
)
def test_only_the_governance_bypass_can_shorten_a_period_and_nothing_changes_its_mode(
    present: tuple[str, int], new: tuple[str, int], bypass: bool, refused: str
) -> None:
    """P-64"""
    kept = f"<Retention>{period(*present)}</Retention>".encode()
    item = OBJECT._replace(documents={"retention": kept})
    headers = {BYPASS: "true"} if bypass else {}
    if refused:
        check_refused(DOCUMENT, period(*new), refused, "", headers=headers, bucket=WORM, item=item)
    else:
        put(DOCUMENT, period(*new), headers=headers, bucket=WORM, item=item)
