"""One run of the suite: an emulator of its own, pytest over the archive, the results."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PLUGIN = Path(__file__).parent / "plugin"
ROOT = Path(__file__).parents[2]

SECONDS_TO_START = 20
SECONDS_A_RUN = 400

_FAR_AWAY = {"operation": "GetBucketAcl", "latency": 0.05}
"""Two tests expect that this call takes longer than a millisecond, as over a real network."""

_KEY = ("conformance-id", "conformance-secret")
_REGION = "cn-hangzhou"


class SessionError(Exception):
    """The suite could not be run to its end."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one test."""

    passed: bool
    why: str
    """The last line of what it failed with, "" when it passed."""
    detail: str
    seconds: float


def run(suite: Path, version: str, work: Path, workers: int) -> dict[str, Result]:
    """Run the tests of the unpacked suite with one signature version; by test, its result.

    Raises `SessionError`.
    """
    results = work / "results.json"
    with _emulator(work) as endpoint, (work / "pytest.log").open("wb") as log:
        environ = _environ(endpoint, version, work) | {"OSS2_SUITE_RESULTS": str(results)}
        pytest = _pytest(suite, workers)
        with _started(pytest, log=log, cwd=suite, env=environ) as process:
            try:
                process.wait(SECONDS_A_RUN)
            except subprocess.TimeoutExpired:
                raise SessionError(f"{version}: not at its end after {SECONDS_A_RUN} s") from None
    if process.returncode not in (0, 1) or not results.is_file():
        said = (work / "pytest.log").read_text(encoding="utf-8", errors="replace")
        raise SessionError(f"{version}: pytest ended with {process.returncode}:\n{said[-4000:]}")
    return {
        name: Result(**fields)
        for name, fields in json.loads(results.read_text(encoding="utf-8")).items()
    }


def _pytest(suite: Path, workers: int) -> list[str]:
    # Only the plugins named here. Python's own tracebacks: a test of encryption recurses so deep
    # that pytest's code for showing it fails.
    options = ["-p", "xdist", "-p", "oss2_suite", "-p", "no:cacheprovider", "-W", "ignore"]
    quiet = ["-q", "--tb=native", "--show-capture=no"]
    place = ["-c", str(suite / "setup.cfg"), "--rootdir", str(suite), "-n", str(workers)]
    return [sys.executable, "-m", "pytest", *options, *quiet, *place, "tests"]


def _environ(endpoint: str, version: str, work: Path) -> dict[str, str]:
    """What the suite is told (its `tests/common.py`), and nothing that would lead it elsewhere."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OSS_", "PYTEST_")) and not name.lower().endswith("_proxy")
    }
    return kept | {
        "OSS_TEST_ACCESS_KEY_ID": _KEY[0],
        "OSS_TEST_ACCESS_KEY_SECRET": _KEY[1],
        "OSS_TEST_ENDPOINT": endpoint,
        "OSS_TEST_REGION": _REGION,
        "OSS_TEST_AUTH_VERSION": version,
        "OSS_TEST_UID": "1000000000000001",
        "OSS_TEST_RAM_ROLE_ARN": "acs:ram::1000000000000001:role/conformance",
        "OSS_TEST_RAM_UID": "1000000000000001",
        "OSS_TEST_PAYER_UID": "1000000000000002",
        "OSS_TEST_PAYER_ACCESS_KEY_ID": "payer-id",
        "OSS_TEST_PAYER_ACCESS_KEY_SECRET": "payer-secret",
        "OSS_TEST_STS_ID": "sts-id",
        "OSS_TEST_STS_KEY": "sts-secret",
        "OSS_TEST_STS_ARN": "acs:ram::1000000000000001:role/conformance",
        "LANG": "C.UTF-8",
        # No other locale, wherever it runs: what passes must not depend on it.
        "LC_ALL": "C.UTF-8",
        "LOCPATH": str(work),
        "TZ": "UTC",
        "NO_PROXY": "*",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(PLUGIN),
        "PYTHONWARNINGS": "ignore",
        "TMPDIR": str(work),
    }


@contextmanager
def _emulator(work: Path) -> Iterator[str]:
    """A server of this repository's code on a free port; its endpoint."""
    ready = work / "ready.json"
    serve = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--ready-file", str(ready)]
    settings = ["--access-key-id", _KEY[0], "--access-key-secret", _KEY[1], "--region", _REGION]
    with (
        (work / "emulator.log").open("wb") as log,
        _started([*serve, *settings], log=log, cwd=ROOT, env=_without_settings()) as process,
    ):
        deadline = time.monotonic() + SECONDS_TO_START
        while not ready.is_file():
            if process.poll() is not None or time.monotonic() > deadline:
                said = (work / "emulator.log").read_text(encoding="utf-8", errors="replace")
                raise SessionError(f"the emulator did not start:\n{said}")
            time.sleep(0.05)
        endpoint = json.loads(ready.read_text(encoding="utf-8"))["endpoint"]
        _plan(endpoint, _FAR_AWAY)
        yield endpoint


def _plan(endpoint: str, fault: dict[str, object]) -> None:
    asked = urllib.request.Request(  # noqa: S310 - our own server
        f"{endpoint}/_emulator/faults", json.dumps(fault).encode(), method="POST"
    )
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(asked, timeout=10).close()


def _without_settings() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("OSS_")}


@contextmanager
def _started(
    command: list[str], *, log: object, cwd: Path, env: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process in a group of its own, and the end of the whole group."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=log,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(5)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()
