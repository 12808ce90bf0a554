"""Snapshots: taking, restoring and dropping them, and what a reset restores."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_emulator.control.controls import Controls, open_storage
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings
from oss_emulator.storage import Bucket, Storage

CORS = b"""<CORSConfiguration><CORSRule><AllowedOrigin>*</AllowedOrigin>
<AllowedMethod>GET</AllowedMethod></CORSRule></CORSConfiguration>"""


@pytest.fixture(params=["memory", "disk"])
def controls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Controls]:
    """A service with the bucket `examplebucket` and the object `a` in it."""
    settings = Settings(data=tmp_path if request.param == "disk" else None)
    storage = open_storage(settings)
    made = Controls(settings, storage)
    put(made, "/examplebucket")
    put(made, "/examplebucket/a", b"1")
    yield made
    storage.close()


def put(controls: Controls, target: str, body: bytes = b"") -> None:
    service = controls.service
    request = Request.parse("PUT", target, [("Host", "localhost")], time.time())
    assert service.handle(request, body, caller=service.accounts.owner).status == 200


def contents(controls: Controls) -> dict[str, dict[str, bytes]]:
    """The bytes of each object by bucket and key."""
    storage = controls.service.storage
    return {
        bucket.name: {
            item.key: b"".join(blob.read(0, blob.size) for blob in item.content)
            for item in storage.objects(bucket.name)
        }
        for bucket in storage.buckets()
    }


def test_restore_brings_back_what_was_there(controls: Controls) -> None:
    controls.snapshots.take("before")
    put(controls, "/examplebucket/a", b"2")
    put(controls, "/examplebucket/b", b"3")
    put(controls, "/other-bucket")
    assert controls.snapshots.restore("before")
    assert contents(controls) == {"examplebucket": {"a": b"1"}}


def test_taking_a_snapshot_again_replaces_it(controls: Controls) -> None:
    controls.snapshots.take("mine")
    put(controls, "/examplebucket/a", b"2")
    controls.snapshots.take("mine")
    put(controls, "/examplebucket/a", b"3")
    assert controls.snapshots.restore("mine")
    assert contents(controls) == {"examplebucket": {"a": b"2"}}
    assert controls.snapshots.names == ["mine"]


def test_dropped_snapshot_cannot_be_restored(controls: Controls) -> None:
    controls.snapshots.take("mine")
    assert controls.snapshots.drop("mine")
    assert not controls.snapshots.drop("mine")
    assert not controls.snapshots.restore("mine")
    assert contents(controls) == {"examplebucket": {"a": b"1"}}


def test_reset_restores_the_initial_contents(controls: Controls) -> None:
    """A disk store resets to empty."""
    controls.snapshots.set_initial()
    put(controls, "/examplebucket/a", b"2")
    controls.snapshots.reset()
    blocking = controls.service.storage.blocking
    assert contents(controls) == ({} if blocking else {"examplebucket": {"a": b"1"}})


def test_drop_all_removes_every_snapshot(controls: Controls) -> None:
    for name in ("mine", "yours"):
        controls.snapshots.take(name)
    controls.snapshots.drop_all()
    assert controls.snapshots.names == []


def test_reset_without_initial_contents_empties_the_storage(controls: Controls) -> None:
    controls.snapshots.reset()
    assert contents(controls) == {}


def test_reset_bucket_removes_contents_and_configuration(controls: Controls) -> None:
    put(controls, "/examplebucket?cors", CORS)
    put(controls, "/other-bucket")
    put(controls, "/other-bucket/b", b"2")
    before = controls.service.storage.bucket("examplebucket")
    assert before is not None
    controls.snapshots.reset_bucket("examplebucket")
    assert contents(controls) == {"examplebucket": {}, "other-bucket": {"b": b"2"}}
    after = controls.service.storage.bucket("examplebucket")
    assert after == before._replace(documents={})


def test_reset_of_a_missing_bucket_does_nothing(controls: Controls) -> None:
    controls.snapshots.reset_bucket("nobody")
    assert contents(controls) == {"examplebucket": {"a": b"1"}}


def test_reset_bucket_that_fails_half_way_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data=tmp_path)
    storage = open_storage(settings)
    controls = Controls(settings, storage)
    put(controls, "/examplebucket")
    put(controls, "/examplebucket/a", b"1")

    def fail(self: Storage, bucket: Bucket) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(storage), "put_bucket", fail)
        with pytest.raises(OSError, match="the disk is full"):
            controls.snapshots.reset_bucket("examplebucket")
    assert contents(controls) == {"examplebucket": {"a": b"1"}}
    storage.close()
