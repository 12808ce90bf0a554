"""A few rounds of crashes, with one process and with two workers, and one in a start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.process import EMULATOR, environment, serving, wait_for
from tests.hard import crash

pytestmark = pytest.mark.system


@pytest.mark.parametrize("flags", [(), ("--workers", "2", "--fsync", "off")])
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
    incoming = data / "incoming"
    command = [*EMULATOR, "serve", "--port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment()) as process:
        wait_for(lambda: incoming.exists() and len(list(incoming.iterdir())) > 100)
        process.kill()
    assert any(incoming.iterdir())
    with serving(tmp_path, *flags) as running:
        assert running.ask("GET", f"/seeded/{SEEDED - 1}").text == f"text {SEEDED - 1}"
        assert not any(incoming.iterdir())
        assert sum(path.is_file() for path in (data / "blobs").rglob("*")) == SEEDED
        assert not (data / "lost+found").exists()
