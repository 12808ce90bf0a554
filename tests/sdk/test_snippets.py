"""The snippets of the page that connects clients: each stores an object and reads it back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.console import connect

from tests.node import copy_project
from tests.requirements import require

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
PROJECTS = {"ali-oss": "tests/sdk/ali_oss", "@aws-sdk/client-s3": "tests/s3/aws_js"}
"""The Node.js projects with the packages that each snippet needs."""

PATIENCE = 600
"""Seconds for a program."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture(scope="module")
def page(emulator: Emulator) -> Mapping[str, str]:
    """The texts of the page, by the names of the clients."""
    emulator.bucket("examplebucket")
    shown = requests.get(f"{emulator.endpoint}/_emulator/connect.json", timeout=20).json()
    return {client["name"]: client["text"] for client in shown["clients"]}


def command(name: str, text: str, folder: Path) -> list[str]:
    """Return the command that runs a snippet in a folder."""
    if name in PROJECTS:
        copy_project(ROOT / PROJECTS[name], folder / "project")
        (folder / "project" / "snippet.cjs").write_text(text, encoding="utf-8")
        return [require("node"), str(folder / "project" / "snippet.cjs")]
    if name == "rclone":
        require("rclone")
        return [require("sh"), "-ec", text]
    return [sys.executable, "-c", text]


RUN = ["oss2", "alibabacloud-oss-v2", "ali-oss", "boto3", "@aws-sdk/client-s3", "rclone"]
COMPILED = ["aliyun-oss-go-sdk", "aliyun-sdk-oss"]
"""The clients whose snippets `tests/languages/` runs."""


def test_each_snippet_is_run_by_a_test() -> None:
    assert {snippet.name for snippet in connect.SNIPPETS} == {*RUN, *COMPILED}


@pytest.mark.parametrize("name", RUN)
def test_snippet_stores_and_reads_an_object(
    emulator: Emulator, page: Mapping[str, str], name: str, tmp_path: Path
) -> None:
    run = command(name, page[name], tmp_path)
    variables = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "OSS_ACCESS_KEY_ID": emulator.access_key_id,
        "OSS_ACCESS_KEY_SECRET": emulator.access_key_secret,
    }
    done = subprocess.run(
        run, env=variables, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "Hello" in done.stdout
    stored = emulator.run(lambda: emulator.service.storage.object("examplebucket", "hello.txt"))
    assert stored is not None
    emulator.run(
        lambda: emulator.service.storage.delete_object("examplebucket", "hello.txt", "null")
    )


def test_configured_secret_is_not_shown() -> None:
    with Emulator(access_key_secret="a-secret-of-my-own") as emulator:
        answer = requests.get(f"{emulator.endpoint}/_emulator/connect.json", timeout=20)
        assert json.loads(answer.text)["access_key_secret"] is None
        assert "a-secret-of-my-own" not in answer.text
