"""Legal holds of object versions: on or off, where object retention is enabled."""

from __future__ import annotations

import pytest
from oss_emulator.documents import object_worm
from oss_emulator.documents.legal_hold import DOCUMENT, format, is_on

from tests.unit.documents.putting import BUCKET, OBJECT, check_refused, content, put

ENABLED = object_worm.DOCUMENT.format([("ObjectWormEnabled", "Enabled")])
WORM = BUCKET._replace(versioning="Enabled", documents={"objectWorm": ENABLED})
STATUS = "<Status>%s</Status>"


@pytest.mark.parametrize("status", ["ON", "OFF"])
def test_hold_is_on_or_off(status: str) -> None:
    kept = put(DOCUMENT, STATUS % status, bucket=WORM, item=OBJECT)
    assert content(DOCUMENT, kept) == STATUS % status
    assert is_on({"legalHold": kept}) is (status == "ON")
    assert kept == format(status)


def test_version_without_the_document_is_not_under_hold() -> None:
    assert not is_on({})


@pytest.mark.parametrize(("sent", "named"), [("", "Status"), (STATUS % "on", "must be ON or OFF")])
def test_bad_document_is_refused_with_the_place(sent: str, named: str) -> None:
    check_refused(DOCUMENT, sent, "MalformedXML", named, bucket=WORM, item=OBJECT)


def test_object_retention_must_be_enabled_for_the_bucket() -> None:
    sent = STATUS % "ON"
    check_refused(DOCUMENT, sent, "InvalidRequest", "not enabled", bucket=BUCKET, item=OBJECT)
