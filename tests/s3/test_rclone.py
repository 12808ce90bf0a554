"""rclone against a server: as its provider Alibaba, and as any other S3 service."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.requirements import require

pytestmark = pytest.mark.system

MIB = 1024 * 1024
ENDPOINT = "http://oss-cn-hangzhou.aliyuncs.com"

# The provider Alibaba names the bucket in the host, so it needs the server as its proxy.
PROVIDERS = ["Alibaba", "Other"]

Rclone = Callable[..., str]


@pytest.fixture(params=PROVIDERS)
def rclone(request: pytest.FixtureRequest, server: Emulator) -> Rclone:
    """Run rclone: `rclone("copy", ...)` returns what it prints; the remote is `oss:`."""
    program, alibaba = require("rclone"), request.param == "Alibaba"
    settings = {
        "type": "s3",
        "provider": request.param,
        "access_key_id": server.access_key_id,
        "secret_access_key": server.access_key_secret,
        "endpoint": ENDPOINT if alibaba else server.endpoint,
    }
    env = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "RCLONE_CONFIG": "/dev/null",
        "HTTP_PROXY": server.endpoint if alibaba else "",
        **{f"RCLONE_CONFIG_OSS_{name.upper()}": value for name, value in settings.items()},
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [program, *arguments, "--retries=1", "--low-level-retries=1"],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
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


def test_bucket_is_made_and_removed(rclone: Rclone, server: Emulator) -> None:
    rclone("mkdir", "oss:made-by-rclone")
    assert server.service.storage.bucket("made-by-rclone") is not None
    rclone("rmdir", "oss:made-by-rclone")
    assert server.service.storage.bucket("made-by-rclone") is None
