"""`generate`: each form is accepted by what it is made for, and `test` reads the table."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator.cli import main
from oss_referer import RefererConfiguration

from tests.cli.process import environment
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, PATIENCE, Live

WISH = (
    "--site https://www.example.com --subdomains --console --cdn cdn.example.net"
    " --mini-program wx0123456789abcdef"
).split()
PARTNERS = ("cdn.example.net", "oss.console.aliyun.com", "servicewechat.com")
"""The other sites that WISH allows, as `scenarios` has to be told."""
RULES = RefererConfiguration(
    False,
    whitelist=(
        "https://example.com/",
        "https://*.example.com/",
        "https://cdn.example.net/",
        "https://servicewechat.com/wx0123456789abcdef/",
        "https://*.console.aliyun.com/",
    ),
    blacklist=("https://*/*.example.com/", "https://*/*.console.aliyun.com/"),
)


@pytest.fixture
def write(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[str], Path]:
    """Write what the command prints to a file."""

    def run(form: str) -> Path:
        assert main(["generate", *WISH, "--to", form]) == 0
        printed = capsys.readouterr()
        assert printed.err == (
            "These rules are checked: lint finds nothing to correct, and all 14 cases of their "
            "table pass.\n"
        )
        path = tmp_path / f"rules.{form}"
        path.write_text(printed.out, encoding="utf-8")
        return path

    return run


@pytest.mark.parametrize("form", ["xml", "json", "terraform", "toml"])
def test_table_passes_with_rules_in_every_form(
    write: Any, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    table, rules = write("table"), str(write(form))
    assert main(["test", rules, str(table)]) == 0
    assert capsys.readouterr().out == f"{table}  14 passed\n"
    assert main(["lint", rules]) == 0
    partners = [f"--partner=https://{host}/" for host in PARTNERS]
    assert main(["scenarios", rules, "--site", "https://www.example.com", *partners]) == 0


def test_program_sets_the_rules_with_oss2(
    write: Any, live: Live, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket()
    subprocess.run(
        [sys.executable, str(write("oss2"))],
        check=True,
        timeout=PATIENCE,
        env=environment(
            OSS_ENDPOINT=live.endpoint,
            OSS_BUCKET=bucket,
            OSS_REGION="cn-hangzhou",
            OSS_ACCESS_KEY_ID=ACCESS_KEY_ID,
            OSS_ACCESS_KEY_SECRET=ACCESS_KEY_SECRET,
            no_proxy="*",
        ),
    )
    assert rules_of(live, bucket) == RULES


def test_xml_for_ossutil_is_accepted(
    write: Any, live: Live, make_bucket: Callable[..., str], tmp_path: Path
) -> None:
    """A stand-in for ossutil shows what it is called with."""
    bucket = make_bucket()
    tool = tmp_path / "ossutil"
    tool.write_text('#!/bin/sh\necho "$@" >called\n')
    tool.chmod(0o755)
    script = write("ossutil")
    subprocess.run(
        ["sh", "-eu", str(script)],
        check=True,
        timeout=PATIENCE,
        cwd=tmp_path,
        env=environment(OSS_BUCKET=bucket, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}"),
    )
    called = (tmp_path / "called").read_text().split()
    assert called[:4] == ["api", "put-bucket-referer", "--bucket", bucket]
    (file,) = re.findall(r"file://(\S+)", " ".join(called))
    owner = oss2.Auth(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    live.bucket(bucket, owner).put_bucket_referer((tmp_path / file).read_bytes())
    assert rules_of(live, bucket) == RULES


def rules_of(live: Live, bucket: str) -> RefererConfiguration:
    owner = oss2.Auth(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    answer = live.bucket(bucket, owner).get_bucket_referer()
    return RefererConfiguration(
        answer.allow_empty_referer,
        whitelist=tuple(answer.referers),
        blacklist=tuple(answer.black_referers),
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--site", "https://a:99999/", "--to", "xml"), "is not the address of a site"),
        (("--site", "https://a.example\n", "--to", "xml"), "is not the address of a site"),
        (("--site", "https://a.exa\rmple/", "--to", "xml"), "is not the address of a site"),
        (("--site", "https://github.io", "--subdomains", "--to", "xml"), "has no sub-domains"),
        (("--site", "https://a.example", "--to", "yaml"), "invalid choice: 'yaml'"),
        (("--to", "xml"), "the following arguments are required: --site"),
    ],
)
def test_bad_wish_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    try:
        status = main(["generate", *arguments])
    except SystemExit as end:
        status = int(str(end.code))
    printed = capsys.readouterr()
    assert (status, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert words in printed.err


def test_empty_referers_are_allowed_if_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--site", "https://a.example", "--empty", "allow", "--to", "xml"]) == 0
    printed = capsys.readouterr()
    assert "<AllowEmptyReferer>true<" in printed.out
    assert "accept it with --ignore empty-allowed" in printed.err
