"""A few rounds of crashes, and a crash during a start."""

from __future__ import annotations

import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.checksums import format_md5, md5
from oss_emulator.storage.disk import DiskStorage

from tests.cli.process import EMULATOR, environment, serving, wait_for
from tests.hard import crash
from tests.unit.pipeline.service import SETTINGS, ask, put

pytestmark = pytest.mark.system


@pytest.mark.parametrize("flags", [(), ("--fsync", "off")])
def test_acknowledged_writes_survive_a_crash(tmp_path: Path, flags: tuple[str, ...]) -> None:
    report = crash.run(tmp_path, 2, *flags, longest=0.4)
    assert report.rounds == 2
    assert report.acknowledged > 0
    assert report.in_doubt > 0


SEEDED = 5000
"""Objects of a seed whose start can be killed before it is done."""


def test_start_that_was_killed_while_it_seeds_starts_again(tmp_path: Path) -> None:
    seed, data = tmp_path / "seed.toml", tmp_path / "data"
    objects = (f'[[bucket.object]]\nkey = "{n}"\ntext = "text {n}"\n' for n in range(SEEDED))
    seed.write_text('[[bucket]]\nname = "seeded"\nacl = "public-read"\n' + "".join(objects))
    flags = ("--data", str(data), "--seed", str(seed))

    def written() -> int:
        return sum(path.is_file() for path in (data / "blobs").rglob("*"))

    command = [*EMULATOR, "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment()) as process:
        wait_for(lambda: written() > 100)
        process.kill()
    assert 100 < written() <= SEEDED
    with serving(tmp_path, *flags) as running:
        assert running.ask("GET", f"/seeded/{SEEDED - 1}").text == f"text {SEEDED - 1}"
        assert written() == SEEDED


def test_operation_that_breaks_off_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between the writes of one request, which the rounds of `crash` may never hit."""
    document = b"<Delete>%b</Delete>" % b"".join(
        b"<Object><Key>%d</Key></Object>" % number for number in range(3)
    )
    with closing(DiskStorage(tmp_path, fsync=False)) as storage:
        service = Service(replace(SETTINGS, data=tmp_path), storage)
        for target in ("/bucket", *(f"/bucket/{number}" for number in range(3))):
            put(service, target, b"" if target == "/bucket" else b"content")
        delete = storage.delete_object
        deleted: list[str] = []

        def break_off(bucket: str, key: str, version_id: str) -> None:
            if deleted:
                raise OSError("the power is gone")
            deleted.append(key)
            delete(bucket, key, version_id)

        monkeypatch.setattr(storage, "delete_object", break_off)
        digest = format_md5(md5(document))
        request = ask("POST", "/bucket?delete", {"Content-MD5": digest})
        with pytest.raises(OSError, match="the power is gone"):
            service.handle(request, document, caller=service.accounts.owner)
        assert [item.key for item in storage.objects("bucket")] == ["0", "1", "2"]
