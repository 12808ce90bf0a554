"""`oss-emulator play`: recorded scenarios against an emulator."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from oss_emulator.cli import main
from oss_emulator.recording import scenario

from tests.cli.process import EMULATOR, environment
from tests.cli.refusal import refuse
from tests.client import PATIENCE

ERRORS = Path(__file__).parents[2] / "fixtures" / "recorded" / "errors.json"

COMMON = dict.fromkeys(("Date", "Server", "x-oss-request-id", "x-oss-server-time"), "*")
STEPS: Any = [
    {
        "request": {"method": "PUT", "bucket": "bucket-1", "path": "/"},
        "answer": {"status": 200, "headers": {**COMMON, "Location": "/bucket-1"}},
    },
    {
        "request": {"method": "DELETE", "bucket": "bucket-1", "path": "/key"},
        "answer": {"status": 204, "headers": COMMON},
    },
]


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
def test_equal_answers_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps([{"scenario": "s", "steps": STEPS}]))
    assert play(file) == (0, "2 of 2 answers are equal\n")
    assert play(file, "--lang", "zh") == (0, "2 个响应中有 2 个相同\n")


@pytest.mark.system
def test_difference_is_reported_in_each_format(tmp_path: Path) -> None:
    file, report = tmp_path / "recorded.json", tmp_path / "report.xml"
    first, second = STEPS
    answer = {"status": 204, "headers": {**COMMON, "Vary": "Origin"}}
    steps = [first, {**second, "answer": answer}]
    file.write_text(json.dumps([{"scenario": "s", "steps": steps}]))
    status, output = play(file, "--format", "github")
    (annotation,) = output.splitlines()
    assert status == 1
    assert annotation.startswith(
        f"::error file={file},line=1,col=1,title=answer::1 DELETE bucket-1/"
    )
    status, output = play(file, "--json", "--junit", report)
    found = json.loads(output)
    assert (status, found["answers"], found["equal"]) == (1, 2, 1)
    assert found["different"][0]["step"] == 1
    assert found["different"][0]["differences"] == [
        {"where": "header Vary", "recorded": "Origin", "found": ""}
    ]
    written = report.read_bytes()
    assert b'failures="1"' in written
    assert b' name="1 DELETE bucket-1/' in written
    assert b'<failure message="header Vary: ' in written


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
    """The player frames each request itself: with the recorded headers, the server would wait."""
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
    found = json.loads(play(file, "--json")[1])["different"]
    assert "status" not in {item["where"] for each in found for item in each["differences"]}


def test_service_that_does_not_answer_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recorded.json"
    step = {"request": {"method": "GET", "bucket": "b", "path": "/"}, "answer": {"status": 200}}
    file.write_text(json.dumps([{"scenario": "s", "steps": [step]}]))
    assert main(["play", str(file), "--endpoint", "http://127.0.0.1:1"]) == 2
    assert "http://127.0.0.1:1 does not answer" in capsys.readouterr().err
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        Thread(target=lambda: server.accept()[0].sendall(b"SSH-2.0\r\n\x1b[2J\r\n")).start()
        assert main(["play", str(file), "--endpoint", endpoint]) == 2
    assert re.search(rf"{endpoint} does not answer: SSH-2.0[^\x1b\n]*\n$", capsys.readouterr().err)


def test_recording_of_a_region_that_cannot_be_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    file.write_text(json.dumps({"endpoint": "oss-oss-a.aliyuncs.com", "scenarios": []}))
    assert "region: 'oss-a' is not a region; write one such as" in refuse("play", str(file))


@pytest.mark.system
def test_cases_of_help_pages_are_played(capsys: pytest.CaptureFixture[str]) -> None:
    """Two answers differ; fixtures/recorded/errors.toml has the reasons."""
    answers = sum(len(each.steps) for each in scenario.read(ERRORS).scenarios)
    assert main(["play", str(ERRORS)]) == 1
    assert capsys.readouterr().out.endswith(f"\n{answers - 2} of {answers} answers are equal\n")
