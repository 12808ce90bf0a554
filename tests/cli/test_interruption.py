"""Ctrl-C at any moment: one line, and nothing half done."""

from __future__ import annotations

import http.server
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from oss_emulator import __main__ as command
from oss_emulator.cli import main

from tests.rows import read_cases
from tests.thorough import cases

CASES = read_cases("cli")

ROOT = Path(__file__).parents[2]
RULES = str(ROOT / "fixtures" / "lab" / "corrected.xml")
SEED = str(ROOT / "emulator" / "oss_emulator" / "demo.toml")
GATE = ROOT / "examples" / "gate"

COMMANDS = {
    "check": ("check", RULES, "--referer", "https://www.example.com/"),
    "lint": ("lint", RULES),
    "lint a folder": ("lint", str(ROOT / "examples")),
    "diff": ("diff", RULES, SEED + "#examplebucket"),
    "translate": ("translate", RULES, "--to", "nginx"),
    "scenarios": ("scenarios", RULES, "--site", "https://www.example.com"),
    "generate": ("generate", "--site", "https://www.example.com", "--to", "table"),
    "replay": (
        "replay",
        RULES,
        "--traffic",
        str(ROOT / "fixtures" / "logs"),
        "--html",
        "page.html",
    ),
    "gate": (
        *("replay", str(GATE / "plan.json"), "--traffic", str(GATE / "access.log")),
        *("--max-locked-out", "8", "--report", "report.md"),
    ),
}


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Press Ctrl-C once after `seconds`, wherever the program is."""
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, which is empty."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, int]:
    """Return the sizes of the files in bytes."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file()
    }


# An interruption may come between the opening of a file and its `with`: Python closes it later.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.thorough
@pytest.mark.parametrize("command", COMMANDS)
def test_ctrl_c_ends_with_one_line_and_130_and_writes_all_or_nothing(
    command: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(command)  # noqa: S311
    before = files(folder)
    began = time.monotonic()
    main(COMMANDS[command])  # loads all modules: a half-loaded one would be used again
    whole, longest = files(folder), time.monotonic() - began
    wanted, hits = cases(2, 40), 0
    for _ in range(20 * wanted):
        for made in {*files(folder)} - {*before}:
            Path(made).unlink()
        capsys.readouterr()
        began = time.monotonic()
        try:
            with interrupted_after(longest * chance.random()):
                status = main(COMMANDS[command])
        except KeyboardInterrupt:  # after the command had ended
            continue
        if status != 130:
            longest = min(longest, time.monotonic() - began)
            continue
        said = capsys.readouterr().err
        assert said.endswith("oss-emulator: interrupted\n")
        assert "Traceback" not in said
        assert files(folder) in (before, whole)
        hits += 1
        if hits == wanted:
            break
    assert hits == wanted


def test_ctrl_c_while_the_command_loads_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        """A module that Ctrl-C interrupts while it is loaded."""

        def __getattr__(self, name: str) -> Any:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "oss_emulator.cli", Interrupted())
    assert command.main() == 130
    assert capsys.readouterr().err == "oss-emulator: interrupted\n"


@contextmanager
def endpoint(body: bytes) -> Iterator[str]:
    """A server that answers every request with 200 and the same body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_PUT = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            """Write nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("body", [b"", b"hello", b"<a/>", b"<RefererConfiguration><a/>"])
def test_answer_that_is_not_of_the_service_is_named(
    body: bytes, ask: Callable[..., tuple[int, str, str]]
) -> None:
    with endpoint(body) as url:
        for command in (
            ("lint", "oss://bucket"),
            ("replay", RULES, "--traffic", "oss://bucket/logs"),
            ("apply", "--yes", RULES, "oss://bucket"),
        ):
            status, out, err = ask(*command, "--endpoint", url)
            assert (status, out) == (2, "")
            assert err == (
                f"oss-emulator: oss://bucket: {url} does not answer with the XML of the service\n"
            )


@pytest.mark.parametrize("site", CASES["site_with_a_line_end_is_refused"])
def test_site_with_a_line_end_is_refused(
    site: str, ask: Callable[..., tuple[int, str, str]]
) -> None:
    status, out, err = ask("generate", "--site", site, "--to", "xml")
    assert (status, out) == (2, "")
    assert "is not the address of a site" in err
    assert err.count("\n") == 1
