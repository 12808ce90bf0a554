"""Legal holds and retention of objects through SDK V2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import alibabacloud_oss_v2 as oss
import pytest

from tests.client import Live
from tests.sdk.v2 import Ask, asking

WORM = b"""<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled>
</ObjectWormConfiguration>"""


@pytest.fixture(params=["v1", "v4"])
def ask(request: pytest.FixtureRequest, live: Live) -> Iterator[Ask]:
    with asking("sync", live.endpoint, version=request.param) as found:
        yield found


@pytest.fixture
def place(ask: Ask, live: Live, make_bucket: Callable[..., str]) -> dict[str, str]:
    """An object of a bucket with object retention."""
    bucket = make_bucket()
    enabled = oss.VersioningConfiguration(status="Enabled")
    ask(oss.PutBucketVersioningRequest(bucket=bucket, versioning_configuration=enabled))
    live.put(f"/{bucket}?objectWorm", WORM)
    ask(oss.PutObjectRequest(bucket=bucket, key="a", body=b"x"))
    return {"bucket": bucket, "key": "a"}


def test_retention_period_is_read_back(ask: Ask, place: dict[str, str]) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    retention = oss.Retention(mode="COMPLIANCE", retain_until_date=until)
    assert ask(oss.PutObjectRetentionRequest(**place, retention=retention)).status_code == 200
    found = ask(oss.GetObjectRetentionRequest(**place)).retention
    assert (found.mode, found.retain_until_date) == ("COMPLIANCE", until)


def test_governance_bypass_deletes_a_retained_version(ask: Ask, place: dict[str, str]) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    put = ask(
        oss.PutObjectRequest(
            **place,
            body=b"x",
            object_worm_mode="GOVERNANCE",
            object_worm_retain_until_date=until,
            object_worm_legal_hold="ON",
        )
    )
    named = {**place, "version_id": put.version_id}
    found = ask(oss.HeadObjectRequest(**named))
    assert found.object_worm_mode == "GOVERNANCE"
    assert found.object_worm_retain_until_date == until
    assert found.object_worm_legal_hold == "ON"
    release = oss.LegalHold(status="OFF")
    assert ask(oss.PutObjectLegalHoldRequest(**named, legal_hold=release)).status_code == 200
    with pytest.raises(oss.exceptions.OperationError) as refused:
        ask(oss.DeleteObjectRequest(**named))
    assert "FileImmutable" in str(refused.value)
    bypass = oss.DeleteObjectRequest(**named, bypass_governance_retention=True)
    assert ask(bypass).status_code == 204
