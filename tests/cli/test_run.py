"""`oss-emulator run`: programs that know of no emulator, told by nothing but their environment."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.process import EMULATOR, PATIENCE, environment, wait_for

SAMPLES = Path(__file__).parents[1] / "sdk" / "samples"
PROGRAMS = Path(__file__).with_name("dropin")
SEED = '[[bucket]]\nname = "examplebucket"\nacl = "public-read"\n'
PYTHON = shlex.quote(sys.executable)
PRINT = "import json, os; print(json.dumps(dict(os.environ)))"


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.toml"
    path.write_text(SEED)
    return str(path)


def run(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command beside an emulator; nothing is set that the reader has not set."""
    return subprocess.run(
        [*EMULATOR, "run", *arguments],
        capture_output=True,
        text=True,
        env=environment(PYTHONIOENCODING="utf-8", **env),
        cwd=cwd,
        timeout=240,
        stdin=subprocess.DEVNULL,
    )


def printed(*arguments: str, cwd: Path | None = None, **env: str) -> str:
    """The output of a command that must do well."""
    done = run(*arguments, cwd=cwd, **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the samples of the documentation


def sample(folder: Path, name: str, *replacements: tuple[str, str]) -> str:
    """A sample to the letter, but for the name of the bucket, which its reader puts in."""
    source = (SAMPLES / f"{name}.py").read_text(encoding="utf-8")
    assert 'endpoint = "https://oss-cn-hangzhou.aliyuncs.com"\n' in source
    for old, new in (("yourBucketName", "examplebucket"), *replacements):
        assert source.count(f'"{old}"') == 1 or old not in ("yourBucketName",)
        assert old in source
        source = source.replace(f'"{old}"', f'"{new}"') if old == "yourBucketName" else (
            source.replace(old, new)
        )
    path = folder / f"{name}.py"
    path.write_text(source, encoding="utf-8")
    return str(path)
