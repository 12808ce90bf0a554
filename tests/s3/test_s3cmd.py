"""s3cmd against a server: what works, and the upload that fails as it does at OSS."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.docs.settings import settings
from tests.requirements import required
from tests.s3.conftest import PAGE

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
