"""rclone and s3cmd with an S3 endpoint of the emulator."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.client import PATIENCE
from tests.docs.markdown import blocks, settings
from tests.requirements import require, required
from tests.s3.conftest import PAGE

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
MIB = 1024 * 1024

# The provider Alibaba has the bucket in the host, so it needs the server as its proxy.
PROVIDERS = ["Alibaba", "Other"]

Rclone = Callable[..., str]


@pytest.fixture(params=PROVIDERS)
def rclone(request: pytest.FixtureRequest, server: Emulator, tmp_path: Path) -> Rclone:
    """Run rclone with the settings of the page; the remote is `oss:`.

    `rclone("copy", ...)` returns what it prints.
    """
    program, alibaba = require("rclone"), request.param == "Alibaba"
    page = (ROOT / PAGE).read_text(encoding="utf-8")
    (config,) = [block.text for block in blocks(page) if "# rclone.conf" in block.text]
    printed = settings(PAGE, "rclone", server.port, number=int(alibaba))
    for line in printed:
        name = line.partition(" = ")[0]
        config = re.sub(rf"^{name} = .*$", line, config, flags=re.MULTILINE)
    path = tmp_path / "rclone.conf"
    path.write_text(config, encoding="utf-8")
    proxies = dict(line.split("=", 1) for line in printed if line.startswith("HTTP_PROXY="))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "RCLONE_CONFIG": str(path),
        "HTTP_PROXY": "",
        **proxies,
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments, "--retries=1", "--low-level-retries=1"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_folder_is_copied_checked_and_synchronized(
    rclone: Rclone, bucket: str, over_oss: oss2.Bucket, tmp_path: Path
) -> None:
    local, back = tmp_path / "local", tmp_path / "back"
    (local / "目录").mkdir(parents=True)
    (local / "a b+c%.txt").write_text("content")
    (local / "目录" / "中文").write_text("more")
    (local / "large").write_bytes(os.urandom(11 * MIB))
    parts = ("--s3-upload-cutoff=5M", "--s3-chunk-size=5M")
    assert bucket in rclone("lsd", "oss:")
    rclone("copy", str(local), f"oss:{bucket}/dir", *parts)
    assert over_oss.get_object("dir/a b+c%.txt").read() == b"content"
    assert over_oss.head_object("dir/large").headers["x-oss-object-type"] == "Multipart"
    rclone("check", str(local), f"oss:{bucket}/dir", "--download")
    rclone("moveto", f"oss:{bucket}/dir/a b+c%.txt", f"oss:{bucket}/moved")
    assert rclone("cat", f"oss:{bucket}/moved") == "content"
    rclone("sync", f"oss:{bucket}/dir", str(back))
    assert (back / "large").read_bytes() == (local / "large").read_bytes()
    listed = rclone("lsf", "-R", f"oss:{bucket}").split()
    assert set(listed) == {"moved", "dir/", "dir/large", "dir/目录/", "dir/目录/中文"}


@pytest.mark.parametrize("command", ["rmdir", "purge"])
def test_bucket_is_made_and_removed(rclone: Rclone, server: Emulator, command: str) -> None:
    rclone("mkdir", "oss:made-by-rclone")
    assert server.service.storage.bucket("made-by-rclone") is not None
    if command == "purge":
        server.put("/made-by-rclone/dir/a", b"content")
    rclone(command, "oss:made-by-rclone")
    assert server.service.storage.bucket("made-by-rclone") is None


# --- s3cmd against a server: what works, and the upload that fails as it does at OSS

Done = subprocess.CompletedProcess[str]


@pytest.fixture
def s3cmd(server: Emulator, tmp_path: Path) -> Callable[..., Done]:
    """Run s3cmd with the settings of the page."""
    program = Path(sys.executable).with_name("s3cmd")
    if not program.exists():
        reason = "s3cmd is missing: only `make s3` installs it"
        pytest.fail(reason) if "s3" in required() else pytest.skip(reason)
    config = tmp_path / "s3cfg"
    key = [f"access_key = {server.access_key_id}", f"secret_key = {server.access_key_secret}"]
    lines = ["[default]", *settings(PAGE, "s3cmd", server.port), *key]
    config.write_text("\n".join(lines), encoding="utf-8")

    def run(*arguments: str) -> Done:
        command = [str(program), "--config", str(config), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)

    return run


def test_upload_is_stored_and_fails_as_at_oss(
    s3cmd: Callable[..., Done], bucket: str, over_oss: oss2.Bucket, tmp_path: Path
) -> None:
    """P-72: the ETag is in upper case, and s3cmd compares it with an MD5 in lower case."""
    (tmp_path / "file").write_bytes(b"content")
    done = s3cmd("put", str(tmp_path / "file"), f"s3://{bucket}/a")
    assert done.returncode != 0
    assert "MD5 Sums don't match!" in done.stderr
    assert over_oss.get_object("a").read() == b"content"


def test_everything_else_works(
    s3cmd: Callable[..., Done], bucket: str, over_oss: oss2.Bucket, tmp_path: Path
) -> None:
    over_oss.put_object("a", b"content")
    steps = [
        ("ls", f"s3://{bucket}"),
        ("get", f"s3://{bucket}/a", str(tmp_path / "a")),
        ("cp", f"s3://{bucket}/a", f"s3://{bucket}/b"),
        ("mv", f"s3://{bucket}/b", f"s3://{bucket}/c"),
        ("del", f"s3://{bucket}/a"),
        ("mb", f"s3://{bucket}-2"),
        ("rb", f"s3://{bucket}-2"),
    ]
    for step in steps:
        done = s3cmd(*step)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "a").read_bytes() == b"content"
    assert [found.key for found in oss2.ObjectIterator(over_oss)] == ["c"]
