"""A pytest plugin that makes the suite of oss2 come out the same each time, and writes its results.

Loaded by name into the suite's own run, in every worker of it. The environment variable
OSS2_SUITE_RESULTS names the file the results go to.
"""

import fcntl
import importlib
import json
import os
import random
import signal
import socket
import threading
import unittest
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

SECONDS_A_TEST = 120

# It blocks public access for the account that all tests share.
_ALONE = "test_public_access_block.py"

# unittest dropped these names in Python 3.12; the suite still says them.
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
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Results(Path(os.environ["OSS2_SUITE_RESULTS"])))


def _stay_on_this_machine() -> None:
    """Names of other hosts are not found, with or without a network: the outcome is the same."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        if host not in (None, "", "127.0.0.1", "localhost", b"127.0.0.1", b"localhost"):
            raise socket.gaierror(socket.EAI_NONAME, f"{host!r} is outside of this machine")
        return resolve(host, *arguments, **options)

    socket.getaddrinfo = getaddrinfo


def pytest_collection_finish(session: pytest.Session) -> None:
    """Give the bucket that tests pick at random instead of the RSA one a local key as well.

    With `AliKMSProvider` they would pass or fail by chance, for there is no KMS to ask. Only the
    common set-up is touched: tests of `AliKMSProvider` itself meet the real one.
    """
    if not session.items:
        return
    common = importlib.import_module("tests.common")
    common.OssTestCase.setUp = _with_local_keys(common, common.OssTestCase.setUp)
    common.oss2.resumable._ResumableStoreBase.put = _put_record_at_once


def _with_local_keys(common: Any, set_up: Callable[[Any], None]) -> Callable[[Any], None]:
    def local_provider(*_: Any) -> Any:
        return common.oss2.RsaProvider(common.key_pair)

    def with_local_keys(case: Any) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(common.oss2, "AliKMSProvider", local_provider)
            set_up(case)

    return with_local_keys


def _put_record_at_once(store: Any, key: str, value: object) -> None:
    """As oss2 keeps how far a transfer has come, but no other thread sees half of it.

    oss2 drops a record that it reads while another thread writes it, and the test fails by chance.
    """
    part = Path(store.dir, f"{key}.{threading.get_ident()}")
    part.write_text(json.dumps(value), encoding="utf-8")
    part.replace(Path(store.dir, key))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """The same random numbers and the same environment for each test, and an end to all of them."""
    random.seed(item.nodeid)
    environ = dict(os.environ)

    def out_of_time(_number: int, _frame: object) -> None:
        raise TimeoutError(f"not finished within {SECONDS_A_TEST} s")

    before = signal.signal(signal.SIGALRM, out_of_time)
    # Again and again: the suite has handlers that catch everything.
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
    """Go on beside the other workers' tests, or without any of them.

    Whoever waits to be alone keeps the door, or the others would never all be gone.
    """
    results = Path(os.environ["OSS2_SUITE_RESULTS"])
    with results.with_name("door").open("w") as door, results.with_name("room").open("w") as room:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield


class _Results:
    """Collects the outcome of every test where the workers report to."""

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
