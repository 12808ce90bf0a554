"""The times that people wait: for a suite of tests with buckets, and for a first answer."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from subprocess import SubprocessError

from benchmarks import processes
from benchmarks.result import Cost, Row, Section, Spread, compare, duel
from tests.newcomer.__main__ import Newcomer, run

TESTS = 200
"""The number of tests of each suite."""
WHAT = f"{TESTS} tests with the pytest plugin"
ROUNDS = 9
FEW_ROUNDS = 3
"""The rounds of measurements that take long."""
BUCKET = 0.003
"""Seconds of CPU time that a test's bucket may cost."""

PLUGIN = """
import pytest

@pytest.mark.parametrize("number", range(TESTS))
def test_bucket(oss_bucket, number):
    oss_bucket.put_object("key", b"x" * 1024)
    assert oss_bucket.get_object("key").read() == b"x" * 1024
"""
MOTO = """
import boto3
import pytest
from moto import mock_aws

@pytest.fixture
def client():
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bucket")
        yield client

@pytest.mark.parametrize("number", range(TESTS))
def test_bucket(client, number):
    client.put_object(Bucket="bucket", Key="key", Body=b"x" * 1024)
    assert client.get_object(Bucket="bucket", Key="key")["Body"].read() == b"x" * 1024
"""
BARE = """
import asyncio
import threading
import pytest
import requests
from aiohttp import web

STORED = {}

async def answer(request):
    if request.method == "PUT":
        STORED[request.path] = await request.read()
        return web.Response()
    return web.Response(body=STORED[request.path])

async def serve():
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner

@pytest.fixture(scope="session")
def port():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(serve(), loop).result()
    yield runner.addresses[0][1]
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()

@pytest.fixture
def client(port):
    STORED.clear()
    with requests.Session() as session:
        session.trust_env = False
        session.base = f"http://127.0.0.1:{port}/bucket"
        session.put(session.base).raise_for_status()
        yield session

@pytest.mark.parametrize("number", range(TESTS))
def test_bucket(client, number):
    client.put(f"{client.base}/key", b"x" * 1024).raise_for_status()
    assert client.get(f"{client.base}/key").content == b"x" * 1024
"""
ASKING = """
import pytest

@pytest.mark.parametrize("number", range(TESTS))
def test_nothing({fixture}, number):
    pass
"""
SUITES = {
    "plugin": PLUGIN,
    "moto": MOTO,
    "bare": BARE,
    "bucket": ASKING.format(fixture="oss_bucket"),
    "emulator": ASKING.format(fixture="oss_emulator"),
}

_METHOD = (
    f"A suite is a run of `pytest`, from the start of the process to its end, with {TESTS} tests. "
    "Each test gets a new bucket, puts an object of 1 KiB and reads it. In our suite, the fixture "
    "is `oss_bucket`. In moto's suite, the fixture starts `mock_aws` and creates a boto3 client, "
    "as moto's documentation does; creating the client takes most of the time. In the third suite, "
    "the fixture is written by hand: an aiohttp server in a thread that keeps bytes in a dict, and "
    "a requests session for each test. pytest loads only the plugin that a suite uses. The cost of "
    f"a bucket is the CPU time of {TESTS} tests that ask for `oss_bucket` and do nothing "
    f"else, less that of {TESTS} tests that ask for `oss_emulator` instead, divided by {TESTS}: a "
    "share of the import of oss2 is part of it. The last row is wall time in an empty folder with "
    "warm caches of packages, with uv where it is installed: `git clone` of this repository, `make "
    "run` and the first answer to `curl`. For moto, it is a new environment, `pip install "
    "'moto[server]'`, `moto_server` and the first answer to `curl`."
)


def measure(scratch: Path) -> Section:
    """Measure suites of tests, and the time until a newcomer's first answer."""
    rows, remarks = [], []
    suites = {name: _suite(scratch, name) for name in SUITES}
    moto = suites.pop("moto")
    costs = _take_turns(suites, ROUNDS)
    if find_spec("moto"):
        found = _take_turns({"plugin": suites["plugin"], "moto": moto}, FEW_ROUNDS)
        rows += compare(WHAT, found["plugin"], "the same with moto and boto3", found["moto"], 1.0)
    else:
        remarks.append("There is no suite of moto, because moto is not installed.")
    rows += compare(WHAT, costs["plugin"], "the same with a server written by hand", costs["bare"])
    rows.append(_bucket(costs["bucket"], costs["emulator"]))
    try:
        rows.append(_clone(scratch))
    except (AssertionError, OSError, RuntimeError, SubprocessError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[-1].rstrip(".")
        remarks.append(f"The first answer after a clone was not measured: {reason}.")
    return Section("Where people wait", _METHOD, rows, remarks=remarks)


def _suite(scratch: Path, name: str) -> Callable[[], Cost]:
    """Write a suite to a file; returns the function that runs it."""
    file = scratch / f"test_{name}.py"
    file.write_text(f"TESTS = {TESTS}\n{SUITES[name]}", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", str(file)]
    if "oss_" in SUITES[name]:
        command += ["-p", "oss_emulator.testing.pytest_plugin"]
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    environment = {
        **kept,
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONPYCACHEPREFIX": str(scratch / "bytecode"),
    }
    return lambda: processes.run(command, scratch, environment)


def _take_turns(suites: Mapping[str, Callable[[], Cost]], rounds: int) -> dict[str, list[Cost]]:
    """Run the suites in turns; the first round warms up and does not count."""
    found = [{name: cost() for name, cost in suites.items()} for _ in range(rounds + 1)][1:]
    return {name: [each[name] for each in found] for name in suites}


def _bucket(asking: Sequence[Cost], running: Sequence[Cost]) -> Row:
    pairs = zip(asking, running, strict=True)
    found = Spread(tuple((ours.processor - its.processor) / TESTS for ours, its in pairs))
    return Row(
        "the bucket of a test, CPU time",
        f"{BUCKET * 1000:.0f} ms",
        Spread(tuple(seconds / BUCKET for seconds in found.values)),
        at_most=1.0,
        figures=f"{found.median * 1000:.2f} ms",
    )


def _clone(scratch: Path) -> Row:
    numbers = count()

    def begin() -> tuple[Newcomer, float]:
        newcomer = Newcomer(scratch / f"newcomer-{next(numbers)}")
        newcomer.home.mkdir()
        newcomer.bare["XDG_CACHE_HOME"] = str(scratch / "cache")
        return newcomer, time.monotonic()

    def ours() -> float:
        newcomer, began = begin()
        newcomer.clone_it()
        with newcomer.make_run() as port:
            _ask(newcomer, f"http://127.0.0.1:{port}/examplebucket/hello.txt")
            return time.monotonic() - began

    def theirs() -> float:
        newcomer, began = begin()
        newcomer.install_into(newcomer.home, "moto[server]")
        program = str(newcomer.home / ".venv" / "bin" / "moto_server")
        with (
            processes.reserve_port() as port,
            processes.start([program, "-p", str(port)], port),
        ):
            _ask(newcomer, f"http://127.0.0.1:{port}/")
            return time.monotonic() - began

    found = duel(ours, theirs, FEW_ROUNDS)
    return Row(
        "from git clone to the first answer",
        "from pip install 'moto[server]' to the first answer",
        found.ratio,
        figures=f"{found.ours.median:.1f} s and {found.theirs.median:.1f} s",
    )


def _ask(newcomer: Newcomer, url: str) -> None:
    """Get a URL with a Referer that the demo bucket allows."""
    command = ("curl", "-sf", "-H", "Referer: http://www.example.com/page.html", url)
    run(*command, cwd=newcomer.home, env=newcomer.bare)
