"""One run of the suite: `oss-emulator run` of pytest on the unpacked archive, and the results.

Every host of aliyuncs.com that a test names, over http or https, is then the emulator. The suite is
given the service's own endpoint, as its authors are.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tests.cli.process import EMULATOR

PLUGIN = Path(__file__).parent / "plugin"

RESULTS = "results.json"
LOG = "pytest.log"

LOCALE = "zh_CN.UTF-8"
"""The locale that two tests set."""

_KEY = ("conformance-id", "conformance-secret")
_PAYER = ("payer-id", "payer-secret")
_STS = ("sts-id", "sts-secret")
_REGION = "cn-hangzhou"
_ENDPOINT = f"http://oss-{_REGION}.aliyuncs.com"

_ACCOUNTS = f"""
[[account]]
id = "1000000000000001"
key = [{{id = "{_KEY[0]}", secret = "{_KEY[1]}"}}]

[[account.user]]
name = "sts"
policies = ["AliyunSTSAssumeRoleAccess"]
key = [{{id = "{_STS[0]}", secret = "{_STS[1]}"}}]

[[account.role]]
name = "conformance"
policies = ["AliyunOSSFullAccess"]

[[account]]
id = "1000000000000002"
key = [{{id = "{_PAYER[0]}", secret = "{_PAYER[1]}"}}]
"""
"""The account that is tested, and another one that pays for its own requests."""


class SessionError(Exception):
    """The suite did not finish."""


@dataclass(frozen=True, slots=True)
class Result:
    """The outcome of one test."""

    passed: bool
    why: str
    """The last line of its failure; "" if it passed."""
    detail: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Session:
    """A run in progress."""

    version: str
    _process: "subprocess.Popen[bytes]"
    _work: Path

    def results(self, deadline: float) -> dict[str, Result]:
        """Wait for the end; returns the results by test name.

        `deadline` is a time of the monotonic clock. Raises `SessionError` if the run does not end
        by then, or ends without results.
        """
        try:
            status = self._process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise SessionError(f"{self.version}: not finished in time\n{self._said()}") from None
        path = self._work / RESULTS
        # 0: all tests passed; 1: some failed; other statuses: pytest itself failed.
        if status not in (0, 1) or not path.is_file():
            raise SessionError(f"{self.version}: pytest ended with {status}\n{self._said()}")
        found = json.loads(path.read_text(encoding="utf-8"))
        return {name: Result(**fields) for name, fields in found.items()}

    def _said(self) -> str:
        return (self._work / LOG).read_text(encoding="utf-8", errors="replace")[-4000:]


@contextmanager
def started(suite: Path, version: str, work: Path, workers: int) -> Iterator[Session]:
    """Start the tests with one signature version; end all processes on exit."""
    _make_locale(work)
    accounts = work / "accounts.toml"
    accounts.write_text(_ACCOUNTS, encoding="utf-8")
    command = [*EMULATOR, "run", "--accounts", str(accounts), "--region", _REGION]
    command += ["--", *_pytest(suite, workers)]
    with (
        (work / LOG).open("wb") as log,
        _process(command, log=log, cwd=suite, environ=_environ(version, work)) as process,
    ):
        yield Session(version, process, work)


def _make_locale(folder: Path) -> None:
    """Compile the locale that two tests need, so that it need not be installed."""
    name, _, charset = LOCALE.partition(".")
    compiler = ["localedef", "-i", name, "-f", charset, str(folder / LOCALE)]
    try:
        done = subprocess.run(compiler, check=False, capture_output=True, text=True)
    except FileNotFoundError:
        raise SessionError("localedef of glibc is missing") from None
    if done.returncode:
        raise SessionError(
            f"localedef cannot make {LOCALE}; install its source (the package locales of Debian):\n"
            f"{done.stderr}"
        )


def _pytest(suite: Path, workers: int) -> list[str]:
    # Load only these plugins. Use Python's own tracebacks, because a test of encryption recurses so
    # deeply that pytest cannot format its traceback.
    options = ["-p", "xdist", "-p", "oss2_suite", "-p", "no:cacheprovider", "-W", "ignore"]
    quiet = ["-q", "--tb=native", "--show-capture=no"]
    place = ["-c", str(suite / "setup.cfg"), "--rootdir", str(suite), "-n", str(workers)]
    return [sys.executable, "-m", "pytest", *options, *quiet, *place, "tests"]


def _environ(version: str, work: Path) -> dict[str, str]:
    """Return the variables that the suite reads (its `tests/common.py`), and no others of OSS."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OSS_", "PYTEST_")) and not name.lower().endswith("_proxy")
    }
    return kept | {
        "OSS_TEST_ACCESS_KEY_ID": _KEY[0],
        "OSS_TEST_ACCESS_KEY_SECRET": _KEY[1],
        "OSS_TEST_ENDPOINT": _ENDPOINT,
        "OSS_TEST_REGION": _REGION,
        "OSS_TEST_AUTH_VERSION": version,
        "OSS_TEST_UID": "1000000000000001",
        "OSS_TEST_RAM_ROLE_ARN": "acs:ram::1000000000000001:role/conformance",
        "OSS_TEST_RAM_UID": "1000000000000001",
        "OSS_TEST_PAYER_UID": "1000000000000002",
        "OSS_TEST_PAYER_ACCESS_KEY_ID": _PAYER[0],
        "OSS_TEST_PAYER_ACCESS_KEY_SECRET": _PAYER[1],
        "OSS_TEST_STS_ID": _STS[0],
        "OSS_TEST_STS_KEY": _STS[1],
        "OSS_TEST_STS_ARN": "acs:ram::1000000000000001:role/conformance",
        "HOME": str(work),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        # The outcome must not depend on the locales of this machine.
        "LOCPATH": str(work),
        "TZ": "UTC",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(PLUGIN), kept.get("PYTHONPATH")))),
        "PYTHONWARNINGS": "ignore",
        "TMPDIR": str(work),
        "OSS2_SUITE_RESULTS": str(work / RESULTS),
    }


@contextmanager
def _process(
    command: list[str], *, log: BinaryIO, cwd: Path, environ: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Start a process in its own group; end the whole group on exit."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=log,
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
