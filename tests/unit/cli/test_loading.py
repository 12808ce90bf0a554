"""Loading of modules, what clients in Java need, and the display of progress."""

import gc
import importlib.util
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import pkcs12
from oss_emulator.cli import run
from oss_referer.terminal.program import loading
from oss_referer.terminal.progress import Progress

from tests.rows import read_cases, rows


def test_no_garbage_is_collected_meanwhile() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_loaded_is_left_out_of_collections() -> None:
    with loading():
        loaded: list[object] = []
    assert not any(item is loaded for item in gc.get_objects())


def test_error_enables_collections_again() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_collections_that_were_off_stay_off() -> None:
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


UNUSED = (
    *("aiohttp", "asyncio", "lxml", "tomllib", "difflib", "shutil"),
    *(f"oss_referer.sources.{name}" for name in "bucket editing hcl plain_list terraform".split()),
)
"""Modules that load slowly, and that a decision on a Referer by rules in XML does not need."""

CHECK = f"""
import sys
from oss_emulator.cli import main
status = main(["check", "rules.xml", "https://www.example.com/"])
sys.exit(status or str([name for name in {UNUSED} if name in sys.modules]))
"""


def test_check_loads_only_what_it_needs(tmp_path: Path) -> None:
    tmp_path.joinpath("rules.xml").write_text(
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList/>"
        "</RefererConfiguration>"
    )
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"


# --- The settings with which Java uses a proxy and trusts a CA; tests/cli/test_run.py runs Java

CASES = read_cases("unit.cli")


def test_properties_name_the_proxy_and_the_store() -> None:
    found = run.options("http://127.0.0.1:9000", Path("/a.p12"), ["localhost"]).split()
    assert found == [
        "-Dhttp.proxyHost=127.0.0.1",
        "-Dhttp.proxyPort=9000",
        "-Dhttps.proxyHost=127.0.0.1",
        "-Dhttps.proxyPort=9000",
        "-Dhttp.nonProxyHosts=localhost|*.localhost",
        "-Djavax.net.ssl.trustStore=/a.p12",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
    ]


@rows(("hosts", "patterns"), *CASES["names_of_no_proxy_become_patterns"])
def test_names_of_no_proxy_become_patterns(hosts: list[str], patterns: str) -> None:
    (found,) = [
        option for option in run.options("http://a:1", None, hosts).split() if "nonProxy" in option
    ]
    assert found == f"-Dhttp.nonProxyHosts={patterns}"


def test_path_with_a_space_is_quoted() -> None:
    found = run.options("http://a:1", Path("/a b/c.p12"), [])
    assert '"-Djavax.net.ssl.trustStore=/a b/c.p12"' in found


def test_store_holds_every_certificate_of_the_bundle(tmp_path: Path) -> None:
    pems = [trustme.CA().cert_pem.bytes() for _ in range(2)]
    bundle = b"# a comment\n" + b"\n".join([pems[0], b"-----BEGIN CERTIFICATE-----\nx\n", pems[1]])
    bundle += b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    path = run.write_store(bundle, tmp_path / "a.p12")
    assert path is not None
    found = pkcs12.load_pkcs12(path.read_bytes(), None).additional_certs
    assert len(found) == 2


def test_older_cryptography_makes_no_store(tmp_path: Path) -> None:
    with mock.patch.object(run, "pkcs12", object()):
        assert run.write_store(b"", tmp_path / "a.p12") is None


# --- Progress: shown on a terminal after a delay, with the time left, and never in a pipe


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def shown(stream: io.StringIO, moments: Iterator[float]) -> str:
    with Progress("Loading", stream, lambda: next(moments)) as progress:
        progress.show(1, 4)
        progress.show(2, 4)
        before = stream.getvalue()
    assert stream.getvalue() == before + ("\r\x1b[K" if before else "")
    return before


@pytest.fixture
def without_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_rich")
def test_terminal_without_rich_gets_one_line_with_the_time_left() -> None:
    assert shown(Terminal(), iter((0, 0.1, 100))) == "\rLoading: 50 %, 1 min 40 s left\x1b[K"


def test_terminal_with_rich_gets_a_bar() -> None:
    stream = Terminal()
    with Progress("Loading", stream, iter((0.0, 100.0)).__next__) as progress:
        progress.show(2, 4)
    assert "Loading" in stream.getvalue()
    assert "50%" in stream.getvalue()


def test_bar_tells_the_speed_in_a_unit() -> None:
    stream = Terminal()
    with Progress(
        "Reading", stream, iter((0.0, 100.0, 200.0, 300.0)).__next__, "lines"
    ) as progress:
        progress.show(1, 4)
        progress.show(2, 4)
        progress.show(3, 4)
    assert "lines/s" in stream.getvalue()


def test_quick_tasks_and_pipes_show_nothing() -> None:
    assert shown(Terminal(), iter((0, 0.1, 0.2))) == ""
    assert shown(io.StringIO(), iter((0, 100, 200))) == ""
