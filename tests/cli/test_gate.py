"""`replay` with a limit, and `generate`: output, files and refusals."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.cli import main
from oss_referer import RefererConfiguration
from oss_referer.sources import forms

from tests.cli.process import EMULATOR, environment
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, PATIENCE, Live
from tests.plans import KIND, SITE, change, plan
from tests.rows import read_cases

CASES = read_cases("cli")

EXAMPLE = Path(__file__).parents[2] / "examples" / "gate"
LOG = str(EXAMPLE / "access.log")
SITES = ["https://www.example.com/", "https://m.example.com/", "https://pictures.thief.test/"]
CLOSED = {**SITE, "referer_list": SITES}


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def run(*changes: dict[str, Any], **members: Any) -> str:
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(plan(*changes, **members)), encoding="utf-8")
        return str(path)

    return run


def test_bad_plan_is_blocked_and_good_one_passes(ask: Any, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    flags = ["--traffic", LOG, "--max-locked-out", "0.1%", "--agreed", "pictures.thief.test"]
    flags += ["--format", "markdown", "--report", str(report)]
    status, out, errors = ask("replay", str(EXAMPLE / "plan-bad.json"), *flags)
    assert (status, errors) == (1, "")
    assert out.startswith("## Referer rules: blocked, 1 of 1\n")
    assert "| `m.example.com` | 12 | 0 | 4.5 MB |\n" in out
    assert "  - keep it: add the whitelist entry `https://m.example.com/`\n" in out
    assert "| `pictures.thief.test` (agreed) | 8 |" in out
    assert report.read_text() == out
    status, out, _ = ask("replay", str(EXAMPLE / "plan.json"), *flags)
    assert status == 0
    assert out.startswith("## Referer rules: passed\n")
    assert report.read_text() == out


def test_rules_of_every_form_are_blocked(ask: Any, tmp_path: Path) -> None:
    """A file of rules is judged by all requests, or by those to a bucket."""
    rules = tmp_path / "rules.toml"
    rules.write_text('[rules.a]\nallow_empty_referer = false\nwhitelist = ["https://x.test/"]\n')
    asked = ["replay", str(rules), "--traffic", LOG, "--json"]
    assert ask(*asked)[0] == 0
    status, out, _ = ask(*asked, "--max-locked-out", "50")
    assert (status, json.loads(out)["gate"]) == (
        1,
        {
            "verdict": "blocked",
            "why": "that is more than 50 requests",
            "locked_out": 54,
            "agreed": 0,
        },
    )
    status, out, _ = ask(*asked, "--max-locked-out", "54", "--bucket", "examplebucket")
    assert (status, json.loads(out)["gate"]["verdict"]) == (0, "passed")


def test_empty_log_passes_only_if_it_may_be_empty(ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.touch()
    asked = [
        "replay",
        str(EXAMPLE / "plan.json"),
        "--traffic",
        str(log),
        "--max-locked-out",
        "100%",
    ]
    status, out, _ = ask(*asked)
    assert status == 1
    assert "blocked: the logs have 0 requests to judge; the verdict needs 1" in out
    assert ask(*asked, "--min-requests", "0")[0] == 0


def test_verdict_stands_first_and_last_on_a_terminal(
    ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = ["replay", str(EXAMPLE / "plan-bad.json"), "--traffic", LOG, "--max-locked-out", "0"]
    said = "Referer rules: blocked, 1 of 1"
    assert ask(*asked)[1].splitlines().count(said) == 1
    monkeypatch.setenv("FORCE_COLOR", "1")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ask(*asked)[1]).splitlines()
    assert (lines[0], lines[-1]) == (said, said)
    plain = [*asked[:1], str(EXAMPLE / "main.tf"), "--traffic", LOG]
    lines = re.sub(r"\x1b\[[0-9;]*m", "", ask(*plain)[1]).splitlines()
    assert lines.count(lines[0]) == 2
    assert lines[0].startswith("Of 54 requests, these rules would lock out 8 ")


def test_report_has_each_format(ask: Any) -> None:
    asked = ["replay", str(EXAMPLE / "plan-bad.json"), "--traffic", LOG, "--max-locked-out"]
    status, out, _ = ask(*asked, "0", "--format", "github")
    assert status == 1
    assert out.startswith("::error file=")
    assert f"title=replay::{KIND}.site locks out 20 of 54 requests to examplebucket" in out
    status, out, _ = ask(*asked, "20", "--format", "json")
    answer = json.loads(out)
    assert (status, answer["notes"]) == (0, [])
    (judged,) = answer["reports"]
    assert (judged["resource"], judged["bucket"]) == (f"{KIND}.site", "examplebucket")
    assert judged["gate"] == {"verdict": "passed", "why": "", "locked_out": 20, "agreed": 0}
    assert judged["totals"]["revoked"]["requests"] == 20


def test_each_bucket_is_judged_by_its_own_requests(ask: Any, write: Any, tmp_path: Path) -> None:
    path = write(
        change(f"{KIND}.site", None, CLOSED),
        change(f"{KIND}.other", None, {**SITE, "bucket": "other"}),
        change(f"{KIND}.same", SITE, SITE),
    )
    asked = ["replay", path, "--traffic", LOG, "--max-locked-out", "0"]
    status, out, _ = ask(*asked, "--format", "markdown")
    assert status == 1
    assert "| `examplebucket` | 54 | 0 | 0.00 % | 0 | 0 | passed |" in out
    assert "| `other` | 0 | 0 | 0.00 % | 0 | 0 | blocked: the logs have 0 requests to judge" in out
    assert "None was to the bucket other; the logs have requests to: examplebucket." in out
    assert "same" not in out
    page = tmp_path / "page.html"
    assert ask(*asked, "--min-requests", "0", "--html", str(page))[0] == 0
    assert all(f"{KIND}.{name}</bdi></h2>" in page.read_text() for name in ("site", "other"))
    assert ask(*asked, "--bucket", "examplebucket")[0] == 0
    assert ask("replay", f"{path}#{KIND}.site", "--traffic", LOG, "--max-locked-out", "0")[0] == 0


def test_plan_without_changes_of_rules_passes(ask: Any, write: Any) -> None:
    path = write(
        change(f"{KIND}.same", SITE, {**SITE, "referer_list": [*SITES[:1], *SITES[:1]]}),
        change("alicloud_oss_bucket.gone", {"bucket": "b"}, None),
    )
    status, out, _ = ask("replay", path, "--traffic", LOG, "--max-locked-out", "0")
    assert status == 0
    assert out == (
        "Referer rules: nothing changes\n"
        "alicloud_oss_bucket.gone deletes the bucket itself, with all its objects.\n"
    )


def test_plan_from_standard_input_is_read_once(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.TextIOWrapper(io.BytesIO((EXAMPLE / "plan-bad.json").read_bytes()))
    monkeypatch.setattr(sys, "stdin", given)
    assert ask("replay", "-", "--traffic", LOG, "--max-locked-out", "0")[0] == 1


def test_bucket_that_is_not_known_must_be_named(ask: Any, write: Any) -> None:
    path = write(change(f"{KIND}.site", None, {**CLOSED, "bucket": None}, {"bucket": True}))
    asked = ["replay", path, "--traffic", LOG, "--max-locked-out", "0"]
    status, out, errors = ask(*asked)
    assert (status, out) == (2, "")
    assert f"the bucket of {KIND}.site is sensitive or known only after apply" in errors
    assert ask(*asked, "--bucket", "examplebucket")[0] == 0


@pytest.mark.parametrize("is_known", [False, True])
def test_flag_names_the_bucket_of_one_resource_only(ask: Any, write: Any, is_known: bool) -> None:
    """Otherwise two resources would be judged by the requests of one bucket."""
    unknown = {**CLOSED, "bucket": None}
    one, two = f"{KIND}.one", f"{KIND}.two"
    first = change(one, None, CLOSED) if is_known else change(one, None, unknown, {"bucket": True})
    path = write(first, change(two, None, unknown, {"bucket": True}))
    flags = ["--traffic", LOG, "--bucket", "examplebucket", "--max-locked-out", "0"]
    status, out, errors = ask("replay", path, *flags)
    assert (status, out) == (2, "")
    assert f"--bucket examplebucket would name the buckets of both {one} and {two}" in errors
    assert ask("replay", f"{path}#{two}", *flags)[0] == 0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([change(f"{KIND}.a", None, SITE, {"referer_list": True})], "a: referer_list is known onl"),
        (
            [change(f"{KIND}.a", None, SITE), change(f"{KIND}.b", None, CLOSED)],
            f"{KIND}.a and {KIND}.b both change the rules of examplebucket; leave one of them out",
        ),
    ],
)
def test_plan_that_cannot_be_judged_is_refused(
    ask: Any, write: Any, tmp_path: Path, changes: Any, words: str
) -> None:
    report = tmp_path / "report.md"
    status, out, errors = ask("replay", write(*changes), "--traffic", LOG, "--report", str(report))
    assert (status, out) == (2, "")
    assert words in errors
    assert not report.exists()


@pytest.mark.parametrize(("flags", "words"), CASES["only_a_blocked_change_ends_with_1"])
def test_only_a_blocked_change_ends_with_1(ask: Any, flags: list[str], words: str) -> None:
    status, _, errors = ask("replay", str(EXAMPLE / "plan-bad.json"), "--traffic", LOG, *flags)
    assert status == 2
    assert words in errors


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")
def test_report_to_a_full_disk_ends_with_2() -> None:
    command = [
        *EMULATOR,
        "replay",
        str(EXAMPLE / "plan.json"),
        "--traffic",
        LOG,
        "--max-locked-out",
        "100%",
    ]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=environment())
    assert done.returncode == 2
    assert b"the output cannot be written" in done.stderr


TWO = [change(f"{KIND}.{name}", None, {**CLOSED, "bucket": name}) for name in ("one", "two")]
ANY = ("--max-locked-out", "0", "--min-requests", "0")


def test_log_in_a_bucket_that_two_resources_read_is_fetched_once(ask: Any, write: Any) -> None:
    with Emulator() as emulator:
        emulator.bucket(name="logs")
        emulator.put("/logs/day/access.log", Path(LOG).read_bytes())
        flags = ["--traffic", "oss://logs/day/", "--endpoint", emulator.endpoint, *ANY, "--json"]
        status, out, _ = ask("replay", write(*TWO), *flags)
        assert [entry.operation for entry in emulator.journal].count("GetObject") == 1
    assert (status, len(json.loads(out)["reports"])) == (0, 2)


def test_damaged_lines_are_kept_once_for_two_resources(
    ask: Any, write: Any, tmp_path: Path
) -> None:
    log, rejects = tmp_path / "access.log", tmp_path / "rejects.log"
    log.write_bytes(b"damaged\n" + Path(LOG).read_bytes())
    flags = ["--rejects", str(rejects), "--max-rejects", "50"]
    status, out, _ = ask("replay", write(*TWO), "--traffic", str(log), *ANY, *flags)
    assert status == 0
    assert out.count(" lines were read, 54 were not selected, 1 are damaged.") == 2
    assert rejects.read_bytes() == b"damaged\n"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipe_is_read_once_for_two_resources(ask: Any, write: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=(Path(LOG).read_bytes(),), daemon=True)
    writer.start()
    status, out, _ = ask("replay", write(*TWO), "--traffic", str(pipe), *ANY)
    writer.join()
    assert status == 0
    assert out.startswith("Referer rules: passed\n")


# --- `generate`: the target of each form accepts it, and `test` reads the table


WISH = (
    "https://www.example.com --subdomains --console --cdn cdn.example.net"
    " --mini-program wx0123456789abcdef"
).split()
RULES = RefererConfiguration(
    False,
    whitelist=(
        "https://*.example.com/",
        "https://*.console.aliyun.com/",
        "https://example.com/",
        "https://cdn.example.net/",
        "https://servicewechat.com/wx0123456789abcdef/",
    ),
    blacklist=("https://*/*.example.com/", "https://*/*.console.aliyun.com/"),
)


@pytest.fixture
def save(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[[str], Path]:
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
    save: Any, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    table, rules = save("table"), str(save(form))
    assert main(["test", rules, str(table)]) == 0
    assert capsys.readouterr().out == f"{table}  14 passed\n"
    assert main(["lint", rules]) == 0
    partners = ["--partner=https://cdn.example.net/"]
    assert main(["scenarios", rules, "--site", "https://www.example.com", *partners]) == 0


def test_several_sites_get_one_set_of_rules_and_one_table(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    sites = "https://www.example.com", "https://shop.example.org", "https://m.example.com"
    wish = [*sites, "--subdomains", "--console", "--mini-program", "wx0123456789abcdef"]
    for form in ("toml", "table"):
        assert main(["generate", *wish, "--to", form]) == 0
        (tmp_path / f"{form}.toml").write_text(capsys.readouterr().out, encoding="utf-8")
    rules, table = str(tmp_path / "toml.toml"), str(tmp_path / "table.toml")
    assert main(["lint", rules]) == main(["test", rules, table]) == 0
    for site in sites:
        partners = [f"--partner={other}" for other in sites]
        assert main(["scenarios", rules, "--site", site, *partners]) == 0
    assert "(proved)" in capsys.readouterr().out


def test_program_sets_the_rules_with_oss2(
    save: Any, live: Live, make_bucket: Callable[..., str]
) -> None:
    bucket = make_bucket()
    subprocess.run(
        [sys.executable, str(save("oss2"))],
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
    save: Any, live: Live, make_bucket: Callable[..., str], tmp_path: Path
) -> None:
    """A stand-in for ossutil prints its arguments."""
    bucket = make_bucket()
    tool = tmp_path / "ossutil"
    tool.write_text('#!/bin/sh\necho "$@" >called\n')
    tool.chmod(0o755)
    script = save("ossutil")
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


@pytest.mark.parametrize(("arguments", "words"), CASES["bad_wish_is_one_sentence"])
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
    assert "lint finds nothing to correct" in printed.err


# --- The command generate: it agrees with review, and refuses what names no site

GENERATED = tuple(CASES["generated"])


@pytest.mark.parametrize("site", GENERATED)
def test_generate_and_review_end_in_equal_rules(ask: Any, tmp_path: Path, site: str) -> None:
    empty, new = tmp_path / "empty.xml", tmp_path / "new.xml"
    empty.write_text(
        "<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
        "<RefererList/></RefererConfiguration>"
    )
    assert ask("review", str(empty), "--site", site, "-o", str(new))[0] == 1
    status, out, _ = ask("generate", site, "--to", "xml")
    assert status == 0
    assert forms.parse(out.encode()) == forms.parse(new.read_bytes())
    assert ask("review", str(new), "--site", site)[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("ftp://www.example.com",), "is not the address of a site"),
        (("https://a:99999/",), "is not the address of a site"),
        (("https://exa mple.com",), "is not the address of a site"),
        (("",), "is not the address of a site"),
        (("https://github.io", "--subdomains"), "github.io has no sub-domains of its own"),
        (("https://10.0.0.1", "--subdomains"), "10.0.0.1 has no sub-domains of its own"),
        (("https://a.example", "--mini-program", "YOUR-APPID"), "is not an appid"),
        (("https://a.example", "--cdn", "https://"), "is not the address of a site"),
        (
            ("https://a.example", *(f"--cdn=cdn{n:04}.example" for n in range(1_000))),
            "24,018 bytes of entries, and a bucket accepts 20,480",
        ),
    ],
)
def test_wish_that_gives_no_rules_is_refused(
    ask: Any, arguments: tuple[str, ...], words: str
) -> None:
    status, out, err = ask("generate", *arguments, "--to", "xml")
    assert (status, out) == (2, "")
    assert words in err
