"""The lab at a bucket: its rules are read, and put after a look at what changes."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from oss_emulator.cli import main

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, Live

EXAMPLE = Path(__file__).parents[2] / "examples" / "guard"
RULES = """
allow_empty_referer = false
truncate_path = true
whitelist = ["https://www.example.com", "https://例え.test"]
blacklist = ["https://evil.test"]
"""


@pytest.fixture
def lab_bucket(live: Live, make_bucket: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket as RULES, its service and key in the environment."""
    monkeypatch.setenv("OSS_ENDPOINT", live.endpoint)
    monkeypatch.setenv("OSS_ACCESS_KEY_ID", ACCESS_KEY_ID)
    monkeypatch.setenv("OSS_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)
    return f"oss://{make_bucket()}"


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(RULES, encoding="utf-8")
    return str(path)


def answer(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Somebody sits at a terminal and types this."""
    terminal = io.StringIO(text)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)


def test_apply_shows_and_puts_changes_once(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["apply", file, lab_bucket, "--yes"]) == 0
    out = capsys.readouterr().out
    assert "~ AllowEmptyReferer: true -> false" in out
    assert "+ blacklist: https://evil.test" in out
    assert f"{lab_bucket} has these rules now." in out
    assert main(["apply", file, lab_bucket, "--yes", "--json"]) == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (said["put"], said["equivalent"], said["certainty"]) == (False, True, "proved")


def test_bucket_on_this_machine_is_read_without_the_proxy_of_the_environment(
    lab_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert main(["check", lab_bucket, "--no-referer"]) == 0


def test_bucket_elsewhere_is_read_through_the_proxy_of_the_environment(
    lab_bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert main(["check", lab_bucket, "--no-referer", "--endpoint", "http://oss.test"]) == 2
    assert "Connection refused" in capsys.readouterr().err  # by the proxy


def test_rules_of_a_bucket_are_read_completely(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apply", file, lab_bucket, "--yes"])
    assert main(["diff", file, lab_bucket]) == 0  # TruncatePath as well
    assert main(["check", lab_bucket, "--referer", "https://www.example.com/a"]) == 0
    assert main(["check", lab_bucket, "--no-referer"]) == 1
    assert "TruncatePath cut the Referer to 'https://www.example.com'" in capsys.readouterr().out


def test_apply_puts_rules_that_the_guard_let_pass(
    lab_bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = lab_bucket.removeprefix("oss://")
    log = tmp_path / "access.log"
    log.write_text((EXAMPLE / "access.log").read_text().replace('"examplebucket"', f'"{name}"'))
    planned, token = tmp_path / "plan.json", str(tmp_path / "token.json")
    planned.write_text((EXAMPLE / "plan.json").read_text().replace("examplebucket", name))
    flags = ["--logs", str(log), "--max-revoked", "8", "--token", token]
    assert main(["guard", "--plan", str(planned), *flags]) == 0
    assert main(["apply", str(planned), f"{lab_bucket}/", "--yes", "--require-token", token]) == 0
    assert f"{lab_bucket}/ has these rules now." in capsys.readouterr().out
    assert main(["check", lab_bucket, "--referer", "https://m.example.com/"]) == 0
    assert main(["check", lab_bucket, "--referer", "https://pictures.thief.test/"]) == 1


@pytest.mark.parametrize(("typed", "status"), [("y\n", 0), ("Yes\n", 0), ("\n", 1), ("no\n", 1)])
def test_apply_asks_for_confirmation(
    lab_bucket: str,
    file: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    typed: str,
    status: int,
) -> None:
    answer(monkeypatch, typed)
    assert main(["apply", file, lab_bucket]) == status
    out = capsys.readouterr().out
    assert f"Put these rules to {lab_bucket}? [y/N]" in out
    assert ("The rules were not put." in out) is bool(status)
    assert main(["diff", file, lab_bucket]) == status


def test_apply_without_a_terminal_requires_yes(
    lab_bucket: str, file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert main(["apply", file, lab_bucket]) == 2
    assert "add --yes" in capsys.readouterr().err
    assert main(["diff", file, lab_bucket]) == 1


@pytest.mark.parametrize(
    ("variables", "arguments", "words"),
    [
        ({}, ("oss://no-such-bucket",), "answers 404 NoSuchBucket"),
        ({"OSS_ACCESS_KEY_SECRET": "wrong"}, (), "answers 403 SignatureDoesNotMatch"),
        ({}, ("--endpoint", "http://127.0.0.1:1"), "http://127.0.0.1:1 does not answer: "),
        ({}, ("oss://A",), "'A' is not the name of a bucket, which has 3 to 63 lower-case"),
        ({}, ("oss://",), "'' is not the name of a bucket"),
    ],
)
def test_failure_of_the_service_is_one_sentence(
    lab_bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variables: dict[str, str],
    arguments: tuple[str, ...],
    words: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    address = () if arguments[:1] and arguments[0].startswith("oss:") else (lab_bucket,)
    assert main(["lint", *address, *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert words in printed.err
    assert printed.err.count("\n") == 1


def test_server_that_does_not_answer_is_one_sentence(
    lab_bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lint", lab_bucket, "--endpoint", "http://127.0.0.1:1"]) == 2
    assert capsys.readouterr().err == (
        f"oss-emulator: {lab_bucket}: http://127.0.0.1:1 does not answer: Connection refused; "
        "start it, or name another service with --endpoint\n"
    )


def test_bucket_without_rules_is_said(lab_bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", lab_bucket]) == 0
    assert "There are no rules, so every site is allowed." in capsys.readouterr().out


def test_rules_of_a_bucket_are_corrected_but_not_written(
    lab_bucket: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["apply", file, lab_bucket, "--yes"])
    capsys.readouterr()
    assert main(["lint", lab_bucket, "--fix"]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("<?xml")
    assert "give these to oss-emulator apply" in printed.err
    assert main(["lint", lab_bucket, "--fix", "--write"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


class Endless(BaseHTTPRequestHandler):
    """Answers without an end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):  # the client leaves
            while True:
                self.wfile.write(b"<" * (1 << 20))

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class BrokenOff(Endless):
    """Breaks off an answer."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"<RefererConfiguration>")


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("command", ["lint", "replay"])
@pytest.mark.parametrize(
    ("handler", "said"),
    [(Endless, "more than 1,000,000 bytes"), (BrokenOff, "cannot be read: ")],
)
def test_answer_is_read_up_to_a_limit(
    file: str,
    command: str,
    handler: type[BaseHTTPRequestHandler],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("oss_referer.sources.bucket.MAX_FILE", 1_000_000)
    arguments = [file, "oss://examplebucket/x"] if command == "replay" else ["oss://examplebucket"]
    with serving(handler) as endpoint:
        assert main([command, *arguments, "--endpoint", endpoint]) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err
