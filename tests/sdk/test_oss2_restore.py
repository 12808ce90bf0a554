"""RestoreObject through oss2."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import oss2
import pytest
from oss2.models import RestoreConfiguration, RestoreJobParameters

from tests.client import Live, Signed, check_error

MINUTE = 60


@pytest.fixture
def wait(live: Live) -> Iterator[Callable[[float], None]]:
    """Moves the server's clock on; a signature allows 15 minutes at most."""
    clock = live.controls.clock

    def pass_by(seconds: float) -> None:
        live.run(lambda: clock.set(clock.now() + seconds))

    yield pass_by
    clock.shift = 0.0  # not a moment behind, which later tests might notice


def put(bucket: oss2.Bucket, storage_class: str) -> None:
    bucket.put_object("a", b"1", headers={"x-oss-storage-class": storage_class})


def state(bucket: oss2.Bucket) -> str | None:
    header: str | None = bucket.head_object("a").headers.get("x-oss-restore")
    return header


def test_restore_gets_202_then_409_then_200(
    bucket: oss2.Bucket, signed: Signed, name: str, wait: Callable[[float], None]
) -> None:
    """RestoreObject"""
    put(bucket, "Archive")
    assert bucket.restore_object("a").status == 202
    assert state(bucket) == 'ongoing-request="true"'
    assert bucket.list_objects().object_list[0].restore_info == 'ongoing-request="true"'
    message = "The restore operation is in progress."
    again = signed.request("POST", name, "a", {"restore": ""})
    check_error(again, 409, "RestoreAlreadyInProgress", message, "0016-00000701")  # S-26
    assert signed.request("GET", name, "a").code == "InvalidObjectState"
    wait(MINUTE + 1)
    restored = state(bucket)
    assert restored is not None
    assert restored.startswith('ongoing-request="false", expiry-date="')
    assert bucket.get_object("a").read() == b"1"
    assert bucket.restore_object("a", input=RestoreConfiguration(days=2)).status == 200
    extended = state(bucket)
    assert extended is not None
    assert extended != restored


@pytest.mark.parametrize("tier", ["Expedited", "Standard", "Bulk"])
def test_answer_repeats_the_tier(bucket: oss2.Bucket, tier: str) -> None:
    put(bucket, "ColdArchive")
    wish = RestoreConfiguration(days=5, job_parameters=RestoreJobParameters(tier))
    answer = bucket.restore_object("a", input=wish)
    assert answer.status == 202
    assert answer.headers["x-oss-object-restore-priority"] == tier
