"""`oss-emulator record` against a second emulator, and `play` of what it wrote."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oss_emulator.cli.client import TIMEOUT
from oss_emulator.testing import Emulator

from tests.cli.process import EMULATOR, PATIENCE, environment, wait_for
from tests.cli.refusal import refuse

PROGRAM = Path(__file__).with_name("recorded") / "program.py"
ASKING = "import requests; requests.get('http://bbb.oss-cn-hangzhou.aliyuncs.com/key')"
KEY, SECRET = "LTAI5tExampleKeyId", "ExampleSecretOfThirtyCharacters"


@pytest.fixture(scope="module")
def service() -> Iterator[Emulator]:
    """The service, another emulator."""
    with Emulator(tls=True, access_key_id=KEY, access_key_secret=SECRET) as emulator:
        yield emulator


def record(
    service: Emulator, *arguments: str | Path, stdin: int = subprocess.DEVNULL
) -> subprocess.CompletedProcess[str]:
    """Run the command with the service as upstream."""
    return subprocess.run(
        [*EMULATOR, "record", "--upstream", service.endpoint, *arguments],
        stdin=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(
            SSL_CERT_FILE=str(service.ca_file or ""),
            OSS_ACCESS_KEY_ID=KEY,
            OSS_ACCESS_KEY_SECRET=SECRET,
        ),
    )


def play(*arguments: str | Path) -> tuple[int, str]:
    done = subprocess.run(
        [*EMULATOR, "play", *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(),
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.system
def test_recorded_program_is_played_without_a_difference(service: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    done = record(service, "-o", file, "--yes", "--keep-bodies", "--", sys.executable, PROGRAM)
    assert done.returncode == 0, done.stderr
    assert "26 answers recorded. Look at the file before you send it." in done.stderr
    written = file.read_text()
    for secret in (KEY, SECRET, "private-bucket", "private-site"):
        assert secret not in written
    assert play(file) == (0, "26 of 26 answers are equal\n")
    assert play(file, "--lang", "zh") == (0, "26 个响应中有 26 个相同\n")
    _check_difference_is_reported(file, tmp_path)


def _check_difference_is_reported(file: Path, folder: Path) -> None:
    document = json.loads(file.read_text())
    document["scenarios"][0]["steps"][1]["answer"]["headers"]["Vary"] = "Origin"
    file.write_text(json.dumps(document))
    report = folder / "report.xml"
    status, output = play(file, "--format", "github")
    (annotation,) = output.splitlines()
    assert status == 1
    assert annotation.startswith(f"::error file={file},line=1,col=1,title=answer::1 PUT bucket-1/")
    status, output = play(file, "--json", "--junit", report)
    found = json.loads(output)
    assert (status, found["answers"], found["equal"]) == (1, 26, 25)
    assert found["different"][0]["step"] == 1
    assert found["different"][0]["differences"] == [
        {"where": "header Vary", "recorded": "Origin", "found": ""}
    ]
    written = report.read_bytes()
    assert b'failures="1"' in written
    assert b' name="1 PUT bucket-1/' in written
    assert b'<failure message="header Vary: ' in written


@pytest.mark.system
def test_default_key_of_an_emulator_is_no_obstacle(tmp_path: Path) -> None:
    """It is in the name of this program, which the file has."""
    file = tmp_path / "recorded.json"
    program = (
        "import oss2\n"
        "auth = oss2.Auth('oss-emulator', 'oss-emulator-secret')\n"
        "oss2.Bucket(auth, 'http://oss-cn-hangzhou.aliyuncs.com', 'bucket').create_bucket()\n"
    )
    with Emulator() as emulator:
        done = record(emulator, "-o", file, "--yes", "--", sys.executable, "-c", program)
    assert (done.returncode, done.stderr.count("1 answers recorded")) == (0, 1), done.stderr


@pytest.mark.parametrize("status", [0, 1, 126, 127])
@pytest.mark.parametrize(
    ("older", "lang", "said"),
    [
        (None, "en", "nothing was recorded; the file was not written."),
        ("older", "en", "nothing was recorded; the file is as before."),
        (None, "zh", "没有录制任何内容；文件没有写入。"),
        ("older", "zh", "没有录制任何内容；文件保持不变。"),
    ],
)
def test_command_without_requests_leaves_the_file_and_keeps_its_status(
    status: int, older: str | None, lang: str, said: str, tmp_path: Path, ask: Any
) -> None:
    file = tmp_path / "r.json"
    if older is not None:
        file.write_text(older)
    options = ("--lang", lang, "-o", str(file), "--yes", "--")
    found, _, err = ask("record", *options, "sh", "-c", f"exit {status}")
    assert found == status
    assert err == f"oss-emulator: {file}{'：' if lang == 'zh' else ': '}{said}\n"
    assert (file.read_text() if file.exists() else None) == older


@pytest.mark.system
def test_requests_that_are_not_recorded_leave_the_file(service: Emulator, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    file.write_text("older")
    asking = ("--yes", "--bucket", "other", "--", sys.executable, "-c", ASKING)
    done = record(service, "-o", file, *asking)
    assert (done.returncode, file.read_text()) == (0, "older")
    assert done.stderr.endswith(
        f"{file}: nothing was recorded; the file is as before. "
        "1 requests to other services or buckets were passed on, not recorded.\n"
    )


@pytest.mark.system
def test_interrupted_command_leaves_what_was_recorded(service: Emulator, tmp_path: Path) -> None:
    file, begun = tmp_path / "recorded.json", tmp_path / "begun"
    program = (
        "import requests, pathlib, time\n"
        "requests.get('https://bbb.oss-cn-hangzhou.aliyuncs.com/key')\n"
        f"pathlib.Path({str(begun)!r}).touch()\n"
        "time.sleep(60)\n"
    )
    env = environment(SSL_CERT_FILE=str(service.ca_file))
    command = [*EMULATOR, "record", "--upstream", service.endpoint, "-o", str(file), "--yes"]
    with subprocess.Popen(
        [*command, sys.executable, "-c", program], stderr=subprocess.PIPE, env=env
    ) as process:
        wait_for(begun.exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 128 + signal.SIGINT
        assert process.stderr is not None
        assert b"1 answers recorded" in process.stderr.read()
    steps = json.loads(file.read_text())["scenarios"][0]["steps"]
    assert [step["answer"]["status"] for step in steps] == [404]


def test_nobody_to_ask_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    assert "nobody can be asked before the first request; add --yes" in refuse(
        "record", "-o", str(file), "true"
    )
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-o", "missing/r.json", "--yes", "true"), "missing/r.json: its folder does not exist"),
        (("-o", "r.json", "--yes"), "give a COMMAND to run"),
        (("-o", "r.json", "--yes", "--upstream", "ftp://x", "true"), "'ftp://x' is not a service"),
        (("-o", "/", "--yes", "false"), "/ is a folder; nothing is run"),
    ],
)
def test_command_line_with_a_mistake_is_refused(arguments: tuple[str, ...], said: str) -> None:
    assert said in refuse("record", *arguments)


@pytest.mark.parametrize("content", [None, "text"])
def test_file_without_certificates_is_refused(content: str | None, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    done = subprocess.run(
        [*EMULATOR, "record", "-o", tmp_path / "o.json", "--yes", "true"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=environment(SSL_CERT_FILE=str(file)),
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"oss-emulator: SSL_CERT_FILE={file} has no certificates: ")


def test_full_disk_is_reported(service: Emulator) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("the system has no /dev/full")
    assert "/dev/full: the file cannot be written: No space left on device" in refuse(
        *("record", "-o", "/dev/full", "--yes", "--upstream", service.endpoint),
        *("--", sys.executable, "-c", ASKING),
        SSL_CERT_FILE=str(service.ca_file),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "the file cannot be read: No such file or directory"),
        ("{", "recorded.json, line 1, column 2: this is not valid JSON"),
        ('{"scenarios": [{}]}', "scenario is not a string"),
    ],
)
def test_file_without_scenarios_is_refused(content: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    if content is not None:
        file.write_text(content)
    assert said in refuse("play", str(file))


@pytest.mark.system
def test_recorded_framing_is_not_sent(tmp_path: Path) -> None:
    """The player frames a request itself: the server would wait for what does not come."""
    file = tmp_path / "recorded.json"
    framing = {
        "Transfer-Encoding": "chunked",
        "content-length": "7",
        "Host": "example.com",
        "Expect": "100-continue",
        "Connection": "Upgrade",
    }
    request = {"method": "PUT", "bucket": "bbb", "path": "/k", "headers": framing}
    steps = [
        {"request": {"method": "PUT", "bucket": "bbb", "path": "/"}, "answer": {"status": 200}},
        {"request": {**request, "body": {"size": 3}}, "answer": {"status": 200}},
    ]
    file.write_text(json.dumps([{"scenario": "s", "steps": steps}]))
    began = time.monotonic()
    found = json.loads(play(file, "--json")[1])["different"]
    assert time.monotonic() - began < TIMEOUT
    assert "status" not in {item["where"] for each in found for item in each["differences"]}


def test_service_that_does_not_answer_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    step = {
        "request": {"method": "GET", "bucket": "b", "path": "/"},
        "answer": {"status": 200},
    }
    file.write_text(json.dumps([{"scenario": "s", "steps": [step]}]))
    said = refuse("play", str(file), "--endpoint", "http://127.0.0.1:1")
    assert "http://127.0.0.1:1 does not answer" in said


def test_recording_of_a_region_that_cannot_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps({"endpoint": "oss-oss-a.aliyuncs.com", "scenarios": []}))
    assert "region: 'oss-a' is not a region; write one such as" in refuse("play", str(file))


def test_command_that_does_not_exist_leaves_an_older_recording(
    service: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "recorded.json"
    file.write_text("older")
    done = record(service, "-o", file, "--yes", "--", "no-such-command")
    assert (done.returncode, file.read_text()) == (127, "older")
    assert done.stderr == (
        "oss-emulator: no-such-command cannot be run: No such file or directory\n"
        f"oss-emulator: {file}: nothing was recorded; the file is as before.\n"
    )
