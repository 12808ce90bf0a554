"""A pytest plugin that makes the outcome of the suite of oss2 repeatable and writes its results.

The run of the suite loads it by name, in each worker. The environment variable OSS2_SUITE_RESULTS
names the file for the results.
"""

import fcntl
import importlib
import json
import os
import random
import shutil
import signal
import socket
import threading
import unittest
import urllib.request
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

SECONDS_A_TEST = 240

# These tests block public access for the account, which all tests share.
_ALONE = "test_public_access_block.py"

_DOMAIN = ".aliyuncs.com"
_ADDRESS = "127.0.0.2"
"""The address of this machine to which the endpoints of OSS resolve."""

# Python 3.12 removed these names from unittest; the suite still uses them.
_FORMER_NAMES = {
    "assertEquals": "assertEqual",
    "assertNotEquals": "assertNotEqual",
    "assertRegexpMatches": "assertRegex",
    "assertRaisesRegexp": "assertRaisesRegex",
    "assert_": "assertTrue",
}


def pytest_configure(config: pytest.Config) -> None:
    for former, name in _FORMER_NAMES.items():
        if not hasattr(unittest.TestCase, former):
            setattr(unittest.TestCase, former, getattr(unittest.TestCase, name))
    warnings.simplefilter("ignore")
    _stay_on_this_machine()
    _redirect_only_oss()
    if not hasattr(config, "workerinput"):
        _answer_late()
        config.pluginmanager.register(_Results(Path(os.environ["OSS2_SUITE_RESULTS"])))


_LATE = (
    # Two tests expect these requests to take more than a millisecond.
    {"operation": "GetBucketAcl", "latency": 1.0},
    # A test expects an error, as its threads send the parts of a sequential upload at once. Where
    # they happen to take turns, the parts come in order. With every second part late they do not.
    {"operation": "UploadPart", "key": "test-upload_sequential", "every": 2, "latency": 1.0},
)
"""The requests that the emulator answers late."""


def _answer_late() -> None:
    """Plan the faults of `_LATE`."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for fault in _LATE:
        asked = urllib.request.Request(  # noqa: S310 - the emulator
            f"{os.environ['OSS_EMULATOR_ENDPOINT']}/_emulator/faults",
            json.dumps(fault).encode(),
            {"x-oss-emulator": "1"},
            method="POST",
        )
        opener.open(asked, timeout=60).close()


def _stay_on_this_machine() -> None:
    """Resolve no names of other hosts, so that a network does not change the outcome.

    The endpoints of OSS resolve to an address of this machine. It is one that the proxy serves and
    `NO_PROXY` does not name, so that a test that uses it as an endpoint reaches the emulator.
    """
    resolve = socket.getaddrinfo
    here = (None, "", "127.0.0.1", "localhost", b"127.0.0.1", b"localhost")

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in here:
            raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is outside of this machine")
        return resolve(host, *arguments, **options)

    def gethostbyname(host: str) -> str:
        if host.endswith(_DOMAIN):
            return _ADDRESS
        return str(getaddrinfo(host, None, socket.AF_INET)[0][4][0])

    socket.getaddrinfo = getaddrinfo
    socket.gethostbyname = gethostbyname


def _redirect_only_oss() -> None:
    """Use the proxy only for hosts of OSS, as if `NO_PROXY` named all others.

    A test expects the connection to another host to fail, not a refusal by the proxy.
    """
    utils: Any = importlib.import_module("requests.utils")
    bypasses = utils.should_bypass_proxies

    def should_bypass_proxies(url: str, no_proxy: str | None) -> bool:
        host = urlsplit(url).hostname or ""
        return not host.endswith((_DOMAIN, _ADDRESS)) or bool(bypasses(url, no_proxy))

    utils.should_bypass_proxies = should_bypass_proxies


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have oss2 write the records of transfers in one step, and files in the worker's own folder.

    Two tests write and remove a file of the same name; in parallel, one would lose it.
    """
    if session.items:
        importlib.import_module("oss2").resumable._ResumableStoreBase.put = _put_record_at_once
        folder = Path(os.environ["OSS2_SUITE_RESULTS"]).with_name(os.environ["PYTEST_XDIST_WORKER"])
        shutil.copytree("tests", folder / "tests")
        os.chdir(folder)


def _put_record_at_once(store: Any, key: str, value: object) -> None:
    """Write the record of a transfer as oss2 does, but in one step.

    oss2 drops a record that it reads while another thread writes it; the test then fails by chance.
    """
    part = Path(store.dir, f"{key}.{threading.get_ident()}")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.replace(Path(store.dir, key))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Give each test the same random numbers, the same environment and a time limit."""
    random.seed(item.nodeid)
    environ = dict(os.environ)

    def out_of_time(_number: int, _frame: object) -> None:
        raise TimeoutError(f"not finished within {SECONDS_A_TEST} s")

    before = signal.signal(signal.SIGALRM, out_of_time)
    # Raise repeatedly, because the suite has handlers that catch everything.
    try:
        with _turn(alone=item.path.name == _ALONE):
            signal.setitimer(signal.ITIMER_REAL, SECONDS_A_TEST, 5)
            return (yield)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        os.environ.clear()
        os.environ.update(environ)


@contextmanager
def _turn(*, alone: bool) -> Iterator[None]:
    """Run in parallel with the tests of other workers, or alone.

    A test that waits to be alone locks `door`, so that no other test starts.
    """
    results = Path(os.environ["OSS2_SUITE_RESULTS"])
    with results.with_name("door").open("w") as door, results.with_name("room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


class _Results:
    """Collects the outcome of every test in the process to which the workers report."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tests: dict[str, dict[str, Any]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        result = self._tests.setdefault(
            report.nodeid, {"passed": True, "why": "", "detail": "", "seconds": 0.0}
        )
        result["seconds"] += report.duration
        if not report.passed:
            result["passed"] = False
            result["why"] = result["why"] or _last_line(report)
            result["detail"] += report.longreprtext

    def pytest_sessionfinish(self) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(self._tests, indent=1, sort_keys=True), encoding="utf-8")
        part.replace(self._path)


def _last_line(report: pytest.TestReport) -> str:
    if report.skipped and isinstance(report.longrepr, Sequence):
        return str(report.longrepr[-1])
    lines = [line for line in report.longreprtext.splitlines() if line.strip()]
    return lines[-1] if lines else report.outcome
