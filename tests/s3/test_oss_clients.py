"""More clients of `make s3`: OpenDAL, Lance, JindoSDK and django-oss-storage over OSS, DVC over S3.

Their programs run in processes of their own: OpenDAL blocks the other threads of Python while it
lists, so it would wait forever for an emulator in its own process.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.cli.process import EMULATOR, output
from tests.docs.markdown import settings
from tests.requirements import required

PROGRAMS = Path(__file__).parent / "programs"
EXAMPLES = Path(__file__).parents[2] / "examples"
CLIENTS = "docs/clients.md"
"""The page whose settings the clients get."""

PATIENCE = 900


def need(name: str, before: tuple[int, int] = (4, 0)) -> None:
    """Skip the test on newer Pythons or without a package, which fails it in `make s3`."""
    if sys.version_info >= before:
        pytest.skip(f"{name} works only with Python before {'.'.join(map(str, before))}")
    if importlib.util.find_spec(name) is None:
        reason = f"{name} is missing: only `make s3` installs it"
        pytest.fail(reason) if "s3" in required() else pytest.skip(reason)


def run_unchanged(program: str, folder: Path) -> str:
    """Run a program that names the real service, under `oss-emulator run`."""
    command = (*EMULATOR, "run", "--demo", "--", sys.executable, str(PROGRAMS / program))
    return output(command, folder, PATIENCE)


def test_opendal_works_unchanged(tmp_path: Path) -> None:
    need("opendal")
    first, listed = run_unchanged("over_opendal.py", tmp_path).splitlines()
    assert first == "b'content' 7"
    assert listed == "['dir/b c.txt', 'hello.txt', 'picture.svg']"


def test_lance_works_unchanged(tmp_path: Path) -> None:
    need("lance")
    assert run_unchanged("over_lance.py", tmp_path) == "{'number': [1, 2, 1, 2]}\n"


def test_jindosdk_works(
    server: Emulator, bucket: str, over_oss: oss2.Bucket, tmp_path: Path
) -> None:
    """Its endpoint has no scheme: `fs.oss.https.enable` says which."""
    if sys.platform != "linux":
        pytest.skip("pyjindosdk is only for Linux")
    need("pyjindo", before=(3, 13))
    *printed, region, _ = settings(CLIENTS, "JindoSDK", server.port)
    assert region == "fs.oss.region"
    key = {
        "OSS_ACCESS_KEY_ID": server.access_key_id,
        "OSS_ACCESS_KEY_SECRET": server.access_key_secret,
    }
    command = (sys.executable, str(PROGRAMS / "over_jindo.py"), bucket, *printed)
    assert output(command, tmp_path, PATIENCE, **key).splitlines() == [
        "b'content'",
        "True",
        str([f"oss://{bucket}/{key}" for key in ("large", "moved", "目录/")]),
        "False",
    ]
    assert over_oss.head_object("large").headers["x-oss-object-type"] == "Multipart"


def test_django_oss_storage(server: Emulator, tmp_path: Path) -> None:
    need("django_oss_storage", before=(3, 13))
    server.bucket("examplebucket")
    setting = settings(CLIENTS, "django-oss-storage", server.port)[0]
    command = (sys.executable, "-W", "ignore", str(PROGRAMS / "over_django.py"), setting)
    saved, exists = output(
        command,
        tmp_path,
        PATIENCE,
        OSS_ACCESS_KEY_ID=server.access_key_id,
        OSS_ACCESS_KEY_SECRET=server.access_key_secret,
    ).splitlines()
    assert saved == "dir/a.txt b'content' ([], ['media/dir/a.txt'])"
    assert exists == "False"


def test_example_of_pytest_servers(tmp_path: Path) -> None:
    need("pytest_servers")
    shutil.copytree(EXAMPLES / "pytest-servers", tmp_path / "example")
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", ".")
    assert "1 passed" in output(command, tmp_path / "example", PATIENCE)


def test_dvc_pushes_and_pulls(server: Emulator, bucket: str, tmp_path: Path) -> None:
    """dvc-oss, over OSS, needs an older aiohttp: see tests/sdk/test_dvc_oss.py."""
    need("dvc_s3")
    (tmp_path / ".dvc").mkdir()
    endpoint = settings(CLIENTS, "DVC (dvc-s3)", server.port)[0]
    (tmp_path / ".dvc" / "config").write_text(
        "[core]\n    no_scm = True\n    analytics = false\n    remote = store\n"
        f"['remote \"store\"']\n    url = s3://{bucket}/dvc\n    {endpoint}\n"
        f"    access_key_id = {server.access_key_id}\n"
        f"    secret_access_key = {server.access_key_secret}\n"
    )
    (tmp_path / "data.txt").write_text("content")
    dvc = (sys.executable, "-m", "dvc")
    own = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    (tmp_path / "aws").touch()  # dvc-s3 needs an existing regular file
    own["AWS_CONFIG_FILE"] = str(tmp_path / "aws")
    output((*dvc, "add", "--quiet", "data.txt"), tmp_path, PATIENCE, **own)
    output((*dvc, "push", "--quiet"), tmp_path, PATIENCE, **own)
    (tmp_path / "data.txt").unlink()
    for path in (tmp_path / ".dvc" / "cache").rglob("*"):
        if path.is_file():
            path.unlink()
    output((*dvc, "pull", "--quiet"), tmp_path, PATIENCE, **own)
    assert (tmp_path / "data.txt").read_text() == "content"
