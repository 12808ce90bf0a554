"""The SDKs for Go (V1) and Ruby, in the versions that Debian has as packages.

Each program does the same in its language, with the endpoint that docs/clients.md prints.
`make languages` runs them, since Go compiles its standard library first.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from oss_emulator import Emulator
from oss_emulator.control.console import connect

from tests.cli.process import environment
from tests.docs.markdown import settings
from tests.requirements import require, required

PROGRAMS = Path(__file__).parent / "programs"
CLIENTS = "SDKs of Debian: aliyun-oss-go-sdk 1.5.0, aliyun-sdk 0.8.0"
"""The row of docs/clients.md."""

PATIENCE = 900
"""Seconds for a program."""


class Language(NamedTuple):
    """How to run a program that calls an SDK."""

    command: tuple[str, ...]
    """The name of the requirement, and arguments."""
    package: str
    """The package of Debian that has the SDK."""
    probe: tuple[str, ...]
    """Arguments of a command that succeeds where the SDK is installed."""
    variables: dict[str, str]


LANGUAGES = {
    "go": Language(
        ("go", "run", "over_go.go"),
        "golang-github-aliyun-aliyun-oss-go-sdk-dev",
        ("go", "list", "github.com/aliyun/aliyun-oss-go-sdk/oss"),
        {"CGO_ENABLED": "0", "GO111MODULE": "off", "GOPATH": "/usr/share/gocode"},
    ),
    "ruby": Language(
        ("ruby", "over_ruby.rb"),
        "ruby-aliyun-sdk",
        ("ruby", "-e", 'require "aliyun/oss"'),
        {"LANG": "C.UTF-8"},
    ),
}


def run(language: Language, *command: str | Path) -> subprocess.CompletedProcess[str]:
    program = require(str(command[0]))
    return subprocess.run(
        [program, *command[1:]],
        cwd=PROGRAMS,
        env=environment(**language.variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture
def compiled() -> None:
    """Skip a test unless `make languages` runs it."""
    if "languages" not in required():
        pytest.skip("Go compiles its library for a minute: only `make languages` runs these tests")


@pytest.mark.usefixtures("compiled")
@pytest.mark.parametrize("name", LANGUAGES)
def test_sdk_stores_lists_copies_and_protects(name: str, tmp_path: Path) -> None:
    language = LANGUAGES[name]
    if run(language, *language.probe).returncode:
        reason = f"the SDK for {name} is missing: Debian's {language.package} has it"
        pytest.fail(reason)
    content = os.urandom(3 * 1024 * 1024 + 1)
    large = tmp_path / "large"
    large.write_bytes(content)
    with Emulator() as server:
        bucket = server.bucket("examplebucket")
        key = (server.access_key_id, server.access_key_secret)
        (endpoint,) = settings("docs/clients.md", CLIENTS, server.port)
        done = run(language, *language.command, endpoint, *key, large)
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines() == [
            "listed true",
            "read true",
            "moved true false",
            "rules false [http://*.example.com]",
            "missing NoSuchKey",
            "denied SignatureDoesNotMatch",
        ]
        assert Path(f"{large}.back").read_bytes() == content
        uploads = [entry.operation for entry in server.journal if entry.key == "large"]
        assert uploads.count("UploadPart") == 4
        assert bucket.get_bucket_referer().referers == ["http://*.example.com"]
        bucket.session.session.close()


@pytest.mark.usefixtures("compiled")
def test_snippet_of_the_console_stores_and_reads_an_object(tmp_path: Path) -> None:
    (snippet,) = [one for one in connect.SNIPPETS if one.language == "Go"]
    with Emulator() as server:
        bucket = server.bucket("examplebucket")
        text = snippet.fill_in(endpoint=server.endpoint, bucket="examplebucket")["text"]
        (tmp_path / "hello.go").write_text(text)
        keys = {
            "OSS_ACCESS_KEY_ID": server.access_key_id,
            "OSS_ACCESS_KEY_SECRET": server.access_key_secret,
        }
        language = LANGUAGES["go"]
        language = language._replace(variables={**language.variables, **keys})
        done = run(language, "go", "run", tmp_path / "hello.go")
        assert (done.returncode, done.stdout) == (0, "Hello\n"), done.stderr
        assert bucket.get_object("hello.txt").read() == b"Hello"
        bucket.session.session.close()
