"""DVC with dvc-oss pushes and pulls files: `make lowest` installs it, since aiohttp must be old."""

from __future__ import annotations

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import oss2
import pytest
from oss_emulator import Emulator

from tests.cli.process import output
from tests.docs.markdown import settings

AIOHTTP = tuple(int(part) for part in aiohttp.__version__.split(".")[:2])
PATIENCE = 600
"""Seconds for one command."""

LARGE = 300_000


@pytest.fixture
def repository(oss_emulator: Emulator, tmp_path: Path) -> Path:
    """A repository with a remote in the emulator."""
    if find_spec("dvc_oss") is None:
        pytest.skip("dvc-oss is missing: only `make lowest` installs it")
    if AIOHTTP >= (3, 10):
        pytest.skip(
            f"aiooss2 cannot send bodies with aiohttp {aiohttp.__version__}, only before 3.10"
        )
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(
        "[core]\n    no_scm = True\n    analytics = false\n    remote = store\n"
        "['remote \"store\"']\n    url = oss://examplebucket/dvc\n"
        f"    {settings('docs/clients.md', 'DVC (dvc-oss)', oss_emulator.port)[0]}\n"
        f"    oss_key_id = {oss_emulator.access_key_id}\n"
        f"    oss_key_secret = {oss_emulator.access_key_secret}\n"
    )
    return tmp_path


def dvc(repository: Path, *arguments: str) -> str:
    """Run DVC, which must succeed; return what it printed."""
    home = str(repository)
    return output(
        [sys.executable, "-W", "ignore", "-m", "dvc", *arguments],
        repository,
        PATIENCE,
        HOME=home,
        XDG_CONFIG_HOME=home,
        DVC_SITE_CACHE_DIR=f"{home}/site",
    )


def test_files_are_pushed_and_pulled(repository: Path, oss_emulator: Emulator) -> None:
    bucket = oss_emulator.bucket("examplebucket")
    data = repository / "data"
    data.mkdir()
    (data / "a.txt").write_text("content")
    (data / "中文 b+c.txt").write_bytes(b"x" * LARGE)
    dvc(repository, "add", "--quiet", "data")
    assert "3 files pushed" in dvc(repository, "push")
    stored = list(oss2.ObjectIterator(bucket, prefix="dvc/files/md5/"))
    assert sorted(item.size for item in stored)[::2] == [7, LARGE]
    assert "Everything is up to date" in dvc(repository, "push")
    shutil.rmtree(data)
    shutil.rmtree(repository / ".dvc" / "cache")
    dvc(repository, "pull", "--quiet")
    assert (data / "a.txt").read_text() == "content"
    assert (data / "中文 b+c.txt").read_bytes() == b"x" * LARGE
    bucket.session.session.close()
