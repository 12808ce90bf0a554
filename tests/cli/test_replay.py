"""The command replay: output, files, refusals and exit status."""

from __future__ import annotations

import errno
import gzip
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html
from oss_referer import extras

from tests.cli.forking import Forked, serving
from tests.cli.process import EMULATOR, environment, wait_for
from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, PATIENCE, Live
from tests.rows import read_cases

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
LOGS = str(ROOT / "fixtures" / "logs")
RULES = str(ROOT / "fixtures" / "lab" / "corrected.xml")
VERDICTS = ["revoked", "gained", "unchanged", "not_checked", "unknown"]


def test_report_of_the_example_can_be_understood(ask: Any) -> None:
    status, out, err = ask("replay", RULES, "--traffic", LOGS)
    assert (status, err) == (0, "")
    assert out.startswith(
        "Of 600 requests, these rules would lock out 281 (46.83 %) and let in 0, compared with the "
        "log.\nThat saves 997.1 MB of traffic, or ¥0.49 at ¥0.50 per GB, in 24 hours: ¥0.49 a day."
    )
    assert "add the whitelist entry https://m.example.com/" in out
    assert "  whitelist: http://www.example.com/\n" in out
    assert "600 lines were read." in out


def test_bytes_to_a_cdn_and_the_internal_network_are_separate(ask: Any, tmp_path: Path) -> None:
    """P-93"""
    log = tmp_path / "a.log"
    fields = ACCESS_LINE.split('"')
    internal = ACCESS_LINE.replace(".aliyuncs.com", "-internal.aliyuncs.com", 1)
    cdn = '"'.join([*fields[:25], "cdn", *fields[26:]])
    log.write_text("\n".join([*[ACCESS_LINE] * 8, cdn, internal]) + "\n")
    status, out, _ = ask("replay", RULES, "--traffic", str(log), "--json")
    report = json.loads(out)
    assert status == 0
    one = {"requests": 1, "bytes": 420_000}
    assert report["networks"] == {
        "internet": {"requests": 8, "bytes": 8 * 420_000},
        "cdn": one,
        "internal": one,
    }
    assert sum(item["requests"] for item in report["totals"].values()) == 10
    assert sum(item["bytes"] for item in report["totals"].values()) == 8 * 420_000
    out = ask("replay", RULES, "--traffic", str(log))[1]
    assert "1 of the requests came from a CDN, which got 410.2 KB." in out
    assert "A CDN in front hides the Referer from these rules: 10.00 % of the requests" in out
    assert "1 of the requests came through an internal endpoint, which sent 410.2 KB." in out


def test_bucket_without_requests_names_those_of_the_log(ask: Any, tmp_path: Path) -> None:
    status, out, _ = ask("replay", RULES, "--traffic", LOGS, "--bucket", "nope")
    assert status == 0
    said = "None was to the bucket nope; the logs have requests to: examplebucket."
    assert said in out.splitlines()
    assert (
        json.loads(ask("replay", RULES, "--traffic", LOGS, "--bucket", "nope", "--json")[1])[
            "bucket"
        ]
        == "nope"
    )
    out = ask(
        "replay", RULES, "--traffic", LOGS, "--bucket", "examplebucket", "--until", "2020-01-01"
    )[1]
    assert out.startswith("No request of the logs was judged.\n")
    assert "None was to the bucket" not in out


def write_days(folder: Path) -> str:
    """Write a log in the time zone of China, with a request late on each of two days."""
    lines = [
        ACCESS_LINE.replace(found, f"[{day:02}/Nov/2026:{hour:02}:30:00 +0800]")
        for found in re.findall(r"\[.*?\]", ACCESS_LINE)
        for day in range(1, 4)
        for hour in range(24)
    ]
    log = folder / "a.log"
    log.write_text("\n".join(lines) + "\n")
    return str(log)


def test_days_are_those_of_the_log(ask: Any, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('[rules.a]\nallow_empty_referer = false\nwhitelist = ["https://x.test/"]\n')
    log = write_days(tmp_path)
    out = ask("replay", str(rules), "--traffic", log)[1]
    assert "\nBy day (UTC+08:00)\n" in out
    assert re.findall(r"^(2026-11-0\d) +(\d+) ", out, re.MULTILINE) == [
        ("2026-11-01", "24"),
        ("2026-11-02", "24"),
        ("2026-11-03", "24"),
    ]
    report = json.loads(ask("replay", str(rules), "--traffic", log, "--json")[1])
    assert report["period"] == {"from": "2026-11-01T00:00+08:00", "hours": 72}


def test_table_shows_the_top_and_names_the_rest(ask: Any, tmp_path: Path) -> None:
    rules, log = tmp_path / "rules.toml", tmp_path / "a.log"
    rules.write_text('[rules.a]\nallow_empty_referer = false\nwhitelist = ["https://x.test/"]\n')
    sent = ACCESS_LINE.split('"')[3]
    hosts = [f"{letter}.test" for letter in "abcdefgh"]
    lines = [ACCESS_LINE.replace(f'"{sent}"', f'"https://{host}/"') for host in hosts]
    log.write_text("\n".join(lines) + "\n")
    out = ask("replay", str(rules), "--traffic", str(log))[1]
    assert "and 3 more: f.test, g.test, h.test (--all shows them)\n" in out
    assert out.count("  keep it ") == 3
    out = ask("replay", str(rules), "--traffic", str(log), "--all")[1]
    assert " more" not in out
    assert all(f"\n{host} " in out for host in hosts)
    assert out.count("  keep it ") == 8


def test_json_has_the_documented_top(ask: Any) -> None:
    status, out, _ = ask("replay", RULES, "--traffic", LOGS, "--json", "--price", "2")
    report = json.loads(out)
    assert status == 0
    assert report["version"] == 3
    assert list(report["totals"]) == VERDICTS
    assert report["totals"]["revoked"] == {"requests": 281, "bytes": 1045528000}
    assert report["yuan"]["revoked"] == "1.95"
    assert report["lines"]["read"] == sum(item["requests"] for item in report["totals"].values())


def test_first_and_last_time_of_the_calendar_are_taken(ask: Any) -> None:
    """In most time zones, Python cannot represent them."""
    times = ("--since", "0001-01-01T00:00+08:00", "--until", "9999-12-31T23:59-08:00")
    status, out, _ = ask("replay", RULES, "--traffic", LOGS, *times, "--json")
    assert (status, json.loads(out)["lines"]["judged"]) == (0, 600)


def test_old_and_new_rules_are_compared(ask: Any, tmp_path: Path) -> None:
    old = tmp_path / "old.toml"
    old.write_text(
        '[rules.old]\nallow_empty_referer = true\nwhitelist = ["https://pictures.thief.test/"]\n'
    )
    status, out, _ = ask("replay", RULES, "--traffic", LOGS, "--against", str(old), "--json")
    report = json.loads(out)
    assert status == 0
    hosts = {item["host"]: item for item in report["hosts"]}
    assert hosts["www.example.com"]["gained"]["requests"] > 100
    assert hosts["pictures.thief.test"]["revoked"]["requests"] > 90
    assert hosts["forum.test"]["revoked"]["requests"] == 0
    assert report["against"] == "rules"


def test_page_stands_alone(ask: Any, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    assert ask("replay", RULES, "--traffic", LOGS, "--html", str(target))[0] == 0
    written = target.read_bytes()
    page = html.fromstring(written)
    etree.fromstring(written.replace(b"<!DOCTYPE html>", b""), etree.HTMLParser(recover=False))
    assert not page.xpath("//script | //link | //img | //iframe")
    assert not page.xpath("//@src | //@onclick | //@href")
    assert b"prefers-color-scheme: dark" in written
    assert b"url(" not in written
    assert b"@import" not in written
    drawings = list(page.iter("{*}svg"))
    assert len(drawings) > 10
    assert any(drawing.find(".//{*}title") is not None for drawing in drawings)
    assert "lock out 281" in str(page.xpath("string()"))
    assert list(tmp_path.iterdir()) == [target]


def test_page_names_a_file_whose_name_is_not_text(ask: Any, tmp_path: Path) -> None:
    rules, page = tmp_path / "a\udcff.xml", tmp_path / "report.html"
    shutil.copy(RULES, rules)
    assert ask("replay", str(rules), "--traffic", LOGS, "--html", str(page))[0] == 0
    assert "a\\udcff.xml" in page.read_text()


def test_text_of_a_log_is_escaped_in_the_page(ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    lines = Path(LOGS, "examplebucket2026-11-24-00-00-00-0001.log").read_text()
    log.write_text(lines.replace("https://pictures.thief.test/", "https://<script>a</script>/&"))
    target = tmp_path / "report.html"
    assert ask("replay", RULES, "--traffic", str(log), "--html", str(target))[0] == 0
    page = html.fromstring(target.read_bytes())
    assert not page.xpath("//script")
    assert "https://<script>" in str(page.xpath("string()"))


ACCESS_LINE = Path(LOGS, "examplebucket2026-11-24-00-00-00-0001.log").read_text().partition("\n")[0]
RECORD = {
    "__topic__": "oss_access_log",
    "__time__": "1764000000",
    "bucket": "b",
    "http_status": "200",
    "request_uri": "/a.jpg",
}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"a":' * 2_000, "it is not valid JSON: nested too deeply"),
        (f'{{"a": {"9" * 5_000}}}', "it is not valid JSON: a number has more than 308 digits"),
        (json.dumps({**RECORD, "object_size": "9" * 5_000}), "the field object_size is '999"),
        (json.dumps({**RECORD, "__time__": "9" * 5_000}), "the time '999"),
        (json.dumps({**RECORD, "bucket": "\ud800"}), "it is not valid JSON: not text"),
        (ACCESS_LINE.replace(" 200 ", f" {'9' * 5_000} "), "the field status"),
    ],
)
def test_hostile_line_is_only_counted_as_damaged(
    ask: Any, tmp_path: Path, line: str, reason: str
) -> None:
    log = tmp_path / "a.log"
    first = json.dumps(RECORD) if line.startswith("{") else ACCESS_LINE
    log.write_text(f"{first}\n{line}\n", encoding="utf-8", errors="surrogateescape")
    status, _, err = ask("replay", RULES, "--traffic", str(log))
    assert status == 2
    assert "1 of 2 lines are damaged" in err
    assert f": {reason}" in err
    assert len(err) < 1_000


def test_damaged_lines_are_kept_and_too_many_end_with_2(ask: Any, tmp_path: Path) -> None:
    log, rejects, page = (tmp_path / name for name in ("a.log", "rejects", "page"))
    lines = Path(LOGS, "examplebucket2026-11-24-00-00-00-0001.log").read_text()
    log.write_text(lines + "cut\nand cut\nand &Signature=abcdefgh\n")
    asked = ("replay", RULES, "--traffic", str(log), "--rejects", str(rejects), "--html", str(page))
    status, out, err = ask(*asked)
    assert (status, out) == (2, "")
    assert err == (
        "oss-emulator: 3 of 246 lines are damaged, more than 1 %; one of them: "
        "'and &Signature=abcd****': the field time is missing or malformed. "
        "See the lines with --rejects FILE, or raise --max-rejects\n"
    )
    assert rejects.read_text() == "and &Signature=abcdefgh\nand cut\ncut\n"
    assert not page.exists()
    status, out, _ = ask(*asked, "--max-rejects", "2")
    assert status == 0
    assert "246 lines were read, 3 are damaged." in out


def test_page_is_written_through_a_link(ask: Any, tmp_path: Path) -> None:
    link, target = tmp_path / "link.html", tmp_path / "page.html"
    link.symlink_to(target)
    assert ask("replay", RULES, "--traffic", LOGS, "--html", str(link))[0] == 0
    assert link.is_symlink()
    assert target.read_text().startswith("<!DOCTYPE html>")


def test_compressed_file_without_the_ending_is_named(ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(gzip.compress(b"a line, and another\n"))
    status, out, err = ask("replay", RULES, "--traffic", str(log))
    assert (status, out) == (2, "")
    said = f"{log}: the file is compressed; give it a name that ends in .gz"
    assert err == f"oss-emulator: {said}\n"


def test_har_is_named_with_the_command_that_reads_it(ask: Any) -> None:
    har = str(ROOT / "fixtures" / "har" / "site.har")
    said = f"{har}: this is a HAR, not an access log; oss-emulator review --traffic reads it"
    assert ask("replay", RULES, "--traffic", har) == (2, "", f"oss-emulator: {said}\n")


def test_form_can_be_given(ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "export"
    log.write_text('\n{"bucket": "b"\n' + Path(LOGS, "realtime.json").read_text())
    status, out, _ = ask(
        "replay", RULES, "--traffic", str(log), "--form", "json", "--max-rejects", "3"
    )
    assert status == 0
    assert "41 lines were read, 1 are damaged." in out


@pytest.mark.parametrize(
    ("after", "judged", "reason"), CASES["lines_after_a_missing_quotation_mark_are_damaged"]
)
def test_lines_after_a_missing_quotation_mark_are_damaged(
    ask: Any, tmp_path: Path, after: int, judged: int, reason: str
) -> None:
    """They all belong to the field that the mark should end, up to the limit of a field."""
    log = tmp_path / "export.csv"
    head, first = Path(LOGS, "realtime.csv").read_text().splitlines()[:2]
    line = re.sub('"[^"]*"', "curl", first)
    lines = [line] * 20 + [line.replace("curl", '"curl')] + [line] * after
    log.write_text("\n".join(["", head, *lines]) + "\n")
    status, out, _ = ask("replay", RULES, "--traffic", str(log), "--max-rejects", "100", "--json")
    found = json.loads(out)["lines"]
    assert (status, found["read"]) == (0, len(lines))
    assert judged <= found["judged"] < judged + 50
    assert {item["reason"] for item in found["examples"]} == {reason}
    assert {item["line"] for item in found["examples"]} <= {one[:200] for one in lines}


def test_lines_in_the_names_of_columns_are_damaged(ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "export.csv"
    head, *lines = Path(LOGS, "realtime.csv").read_text().replace('"', "").splitlines()
    log.write_text("\n".join([head.replace("client_ip", '"client_ip'), *lines]) + "\n")
    status, _, err = ask("replay", RULES, "--traffic", str(log), "--form", "csv")
    assert status == 2
    assert f"{len(lines)} of {len(lines)} lines are damaged" in err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("no-such-file",), "no-such-file: no log file was found; name a file"),
        (("*.nothing",), "*.nothing: no log file was found; name a file"),
        ((LOGS, "--bucket", "A B"), "--bucket: 'A B' is not the name of a bucket"),
        ((LOGS, "--since", "yesterday"), "'yesterday' is not a time; write it as 2026-11-24"),
        ((LOGS, "--min-requests", "9" * 5000), "9' is not a number of at least 0"),
        ((LOGS, "--price", "cheap"), "'cheap' is not a number of at least 0"),
        ((LOGS, "--against", "nothing.xml"), "nothing.xml: the file cannot be read"),
        ((LOGS, "--form", "xml"), "invalid choice: 'xml'"),
        ((LOGS, "--rejects", "/no/folder/x"), "/no/folder/x: the file cannot be written: No such"),
        ((LOGS, "--html", "/no/folder/x"), "/no/folder/x: the file cannot be written: No such"),
        ((LOGS, "--html", "."), ".: the file cannot be written: Is a directory"),
    ],
)
def test_mistake_gets_one_clear_error(arguments: tuple[str, ...], error: str, ask: Any) -> None:
    status, out, err = ask("replay", RULES, "--traffic", *arguments)
    assert (status, out) == (2, "")
    assert error in err
    assert err.count("\n") == 1


def test_folder_that_cannot_be_read_is_named_and_not_passed_over(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    shutil.copy(Path(LOGS, "realtime.json"), tmp_path / "day.json")
    scan = os.scandir

    def refuse(path: str | int) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    status, out, err = ask("replay", RULES, "--traffic", str(tmp_path))
    said = f"{tmp_path}/locked: the file cannot be read: Permission denied"
    assert (status, out, err) == (2, "", f"oss-emulator: {said}\n")


def test_path_that_is_too_long_is_one_sentence(ask: Any) -> None:
    status, _, err = ask("replay", RULES, "--traffic", "x" * 5000)
    assert (status, err.count("\n")) == (2, 1)
    assert err.endswith("x: the file cannot be read: File name too long\n")


def test_report_may_go_to_a_pipe(ask: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        page = pool.submit(pipe.read_bytes)
        assert ask("replay", RULES, "--traffic", LOGS, "--html", str(pipe))[0] == 0
        assert page.result(PATIENCE).startswith(b"<!DOCTYPE html>")
    assert pipe.is_fifo()


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_log_may_come_from_a_pipe_once(
    pack: Callable[[bytes], bytes], ask: Any, tmp_path: Path
) -> None:
    pipe, log = tmp_path / "pipe", Path(LOGS, "examplebucket2026-11-24-00-00-00-0001.log")
    os.mkfifo(pipe)
    with ThreadPoolExecutor() as pool:
        written = pool.submit(pipe.write_bytes, pack(log.read_bytes()))
        status, out, _ = ask("replay", RULES, "--traffic", str(pipe))
        written.result(PATIENCE)
    assert (status, out) == ask("replay", RULES, "--traffic", str(log))[:2]
    assert "243 lines were read." in out


@pytest.mark.parametrize(
    "content", [gzip.compress(b"x" * 5_000, mtime=0)[:-10], b"x"], ids=["cut", "not compressed"]
)
def test_damaged_file_is_named(content: bytes, ask: Any, tmp_path: Path) -> None:
    log = tmp_path / "a.log.gz"
    log.write_bytes(content)
    status, out, err = ask("replay", RULES, "--traffic", str(log))
    assert (status, out) == (2, "")
    assert f"{log}: the file cannot be read: " in err


def test_empty_log_is_reported(ask: Any, tmp_path: Path) -> None:
    log, page = tmp_path / "empty.log", tmp_path / "report.html"
    log.write_text("")
    status, out, err = ask("replay", RULES, "--traffic", str(log), "--html", str(page))
    said = "The logs are empty, so there was nothing to judge."
    assert (status, out, err) == (0, f"{said}\n", "")
    assert said in page.read_text()
    _, out, _ = ask("replay", RULES, "--traffic", LOGS, "--bucket", "another")
    assert out.startswith("No request of the logs was judged.")


@pytest.mark.parametrize(
    "command",
    [
        ("replay", RULES, "--traffic", LOGS),
        ("generate", "https://a.test", "--to", "xml", "--traffic", LOGS),
        ("review", RULES, "--traffic", LOGS),
    ],
)
def test_missing_package_is_named(
    command: tuple[str, ...], ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "oss_referer.traffic.duck", raising=False)
    status, _, err = ask(*command)
    assert status == 2
    assert err == (
        "oss-emulator: replay needs the package duckdb, which is not installed; run "
        f"{extras.command('replay')}\n"
    )


def test_pandas_is_not_imported(tmp_path: Path) -> None:
    """Where pandas is installed, importing it takes longer than everything else."""
    (tmp_path / "pandas.py").write_text("raise RuntimeError('pandas was imported')\n")
    done = subprocess.run(
        [*EMULATOR, "replay", RULES, "--traffic", LOGS],
        capture_output=True,
        text=True,
        env=environment(PYTHONPATH=os.pathsep.join((str(tmp_path), *filter(None, sys.path)))),
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_logs_of_a_bucket_are_downloaded(
    live: Live, make_bucket: Callable[..., str], monkeypatch: pytest.MonkeyPatch, ask: Any
) -> None:
    import oss2

    monkeypatch.setenv("OSS_ENDPOINT", live.endpoint)
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
    name = make_bucket()
    bucket = oss2.Bucket(oss2.Auth(ACCESS_KEY_ID, ACCESS_KEY_SECRET), live.endpoint, name)
    for file in sorted(Path(LOGS).glob("example*")):
        bucket.put_object_from_file(f"logs/{file.name}", str(file))
    bucket.put_object("other/x", b"not a log")
    status, out, err = ask("replay", RULES, "--traffic", f"oss://{name}/logs/", "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["lines"]["read"] == 443
    status, _, err = ask("replay", RULES, "--traffic", f"oss://{name}/nothing/")
    assert status == 2
    assert f"oss://{name}/nothing/: there is no object with this prefix" in err


def test_log_of_the_server_is_judged_as_it_had_answered(tmp_path: Path, ask: Any) -> None:
    log = tmp_path / "access.log"
    demo = str(ROOT / "emulator" / "oss_emulator" / "demo.toml")
    with serving(tmp_path, "--seed", demo, "--access-log", str(log)) as running:
        for referer in (None, "", "https://www.example.com/", "http://thief.example.org/", "x?y"):
            fields: dict[str, Any] = {} if referer is None else {"referer": referer}
            for method in ("GET", "HEAD"):
                running.ask(method, "/examplebucket/hello.txt", **fields)
            running.ask("GET", "/examplebucket/missing", **fields)
            running.ask("OPTIONS", "/examplebucket/hello.txt", **fields)
            running.ask("GET", "/examplebucket", **fields)
        rules = tmp_path / "rules.xml"
        endpoint = ("--endpoint", running.endpoint)
        report = json.loads(
            ask("replay", "oss://examplebucket", "--traffic", str(log), "--json", *endpoint)[1]
        )
    assert not rules.exists()
    assert report["totals"]["revoked"]["requests"] == 0
    assert report["totals"]["gained"]["requests"] == 0
    assert report["totals"]["unknown"]["requests"] == 0
    assert report["totals"]["unchanged"]["requests"] >= 12
    denied = log.read_text().count('"AccessDenied"')
    assert denied > 2


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    pipe, rejects, page = (tmp_path / name for name in ("log", "rejects", "page.html"))
    os.mkfifo(pipe)
    page.write_text("before")
    asked = [
        "replay",
        RULES,
        "--traffic",
        str(pipe),
        "--rejects",
        str(rejects),
        "--html",
        str(page),
    ]
    with tempfile.TemporaryFile() as err, Forked(asked, err) as process:
        wait_for(lambda: any(tmp_path.glob(".rejects.*.part")))
        process.send_signal(signal.SIGINT)
        assert (process.wait(PATIENCE), process.stdout.read()) == (130, b"")
        err.seek(0)
        assert err.read() == b"oss-emulator: interrupted\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "page.html"]
    assert page.read_text() == "before"


def test_full_disk_leaves_no_half_report(
    ask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    page.write_text("before")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, limits[1]))
    try:
        status, out, err = ask("replay", RULES, "--traffic", LOGS, "--html", str(page))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (status, out) == (2, "")
    assert "File too large" in err
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert page.read_text() == "before"
