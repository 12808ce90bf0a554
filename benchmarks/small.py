"""Small requests compared with a bare aiohttp server, in CPU time, on two Pythons."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import bucket, processes, profile, wrk
from benchmarks.bare import BODY
from benchmarks.processes import MissingError, Running
from benchmarks.result import Row, Section, Spread, duel
from benchmarks.wrk import Load

ROUNDS = 8
ROOT = Path(__file__).parents[1]
INSTALLING = 300
"""Seconds that an installation may take."""

BARE = "bare aiohttp server, same bytes"
HASHING = "bare aiohttp server that reads and hashes the body"
ANONYMOUS = "anonymous GET"
IN_URL = "GET, V4 in the URL"


@dataclass(frozen=True)
class Python:
    """A Python that is measured, and the ratios that are required on it."""

    version: str
    bounds: dict[str, float]


PYTHONS = (
    Python("3.13", {ANONYMOUS: 0.43, IN_URL: 0.38}),
    Python("3.11", {ANONYMOUS: 0.40, IN_URL: 0.34}),
)

_METHOD = (
    "CPU time per request. For each Python, the emulator and a bare `web.Server` of aiohttp "
    f"run at once, both on uvloop, and take turns under `wrk` with {wrk.CONNECTIONS} connections "
    f"for {wrk.SECONDS} seconds, all on one processor. A whitelist of 20 entries protects the "
    "object of 1 KiB, and its last entry matches. The ratio is the bare server's CPU time "
    "per request over the emulator's: 0.4 means that a request costs the emulator two and a half "
    "times what it costs the bare server. Both send the same body. The second table is a profile: "
    "the time that a request spends in each folder of `oss_emulator`."
)

_REMARKS = [
    "Why CPU time: requests per second of wall time depend on the client, and on how the "
    "machine wakes processes that sleep. For the same two servers, a polling client and `wrk` "
    "gave ratios of 0.73 and 0.43. CPU time per request is what a server costs, and it "
    "hardly depends on either.",
    "Why one processor: waking a client that sleeps on another processor takes time of the "
    "server, in a virtual machine up to 10 µs for each answer. The client of the slower server "
    "sleeps, but the client of the faster one does not. On one processor, neither server has this "
    "cost.",
    "Why not faster: the emulator uses only what aiohttp documents, and every request takes the "
    "same path through it, short or long, from memory or from disk. A shortcut for short requests "
    "used private parts of aiohttp and was faster, but any release of aiohttp could have broken "
    "it for users. In a test suite, nobody notices the difference; everybody notices a suite that "
    "no longer starts.",
    "Why two Pythons: the emulator spends its time in Python code, the bare server mostly in "
    "aiohttp's C code. A newer Python makes only Python code faster, so the bounds differ.",
]


def measure(scratch: Path) -> Section:
    """Measure GETs of 1 KiB, anonymous and signed, and uploads of 1 KiB."""
    seed = str(bucket.seed(scratch))
    rows: list[Row] = []
    remarks = list(_REMARKS)
    for python in PYTHONS:
        try:
            program = _environment(python.version, scratch)
            with processes.on_one_processor():
                rows += _measure(python, program, seed)
        except MissingError as error:
            remarks.append(f"Python {python.version} was not measured: {error}.")
    with processes.emulator("--seed", seed) as ours:
        found = profile.measure(ours, requests(), scratch)
    if found is None:
        remarks.append("There is no profile, because py-spy is not installed.")
    return Section("Small requests", _METHOD, rows, [] if found is None else [found], remarks)


def requests() -> dict[str, bytes]:
    """Return the requests that are measured, by name."""
    return {
        ANONYMOUS: bucket.get(),
        "GET, V4 in the header": bucket.signed_in_header("GET"),
        IN_URL: bucket.signed_in_url("v4"),
        "GET, V1 in the URL": bucket.signed_in_url("v1"),
        "PUT, V4 in the header": bucket.signed_in_header("PUT", BODY),
    }


def _measure(python: Python, program: str, seed: str) -> Iterator[Row]:
    with (
        processes.emulator("--seed", seed, python=program) as ours,
        processes.start_python("-m", "benchmarks.bare", python=program) as bare,
    ):
        for name, request in requests().items():
            yield _row(python, name, request, ours, bare)


def _row(python: Python, name: str, request: bytes, ours: Running, bare: Running) -> Row:
    mine: list[Load] = []
    its: list[Load] = []

    def ask(server: Running, loads: list[Load]) -> float:
        loads.append(wrk.load(server, request))
        return loads[-1].per_cpu_second

    found = duel(lambda: ask(ours, mine), lambda: ask(bare, its), ROUNDS)
    cost, bare_cost = 1e6 / found.ours.median, 1e6 / found.theirs.median
    rate, bare_rate = (Spread(tuple(load.per_second for load in each[1:])) for each in (mine, its))
    return Row(
        f"Python {python.version}: {name}, 1 KiB",
        HASHING if name.startswith("PUT") else BARE,
        found.ratio,
        python.bounds.get(name),
        figures=f"{cost:.0f} µs and {bare_cost:.0f} µs of CPU a request; "
        f"{rate.median:,.0f}/s and {bare_rate.median:,.0f}/s",
    )


def _environment(version: str, scratch: Path) -> str:
    """Return the path of a Python of this version with the emulator; raises `MissingError`."""
    if platform.python_version().startswith(f"{version}."):
        return sys.executable
    program = shutil.which(f"python{version}", path="/usr/bin:/usr/local/bin") or shutil.which(
        f"python{version}"
    )
    if program is None:
        raise MissingError(f"there is no python{version}")
    folder = scratch / f"python-{version}"
    _run(program, "-m", "venv", str(folder))
    python = str(folder / "bin/python")
    _run(python, "-m", "pip", "install", "--quiet", f"{ROOT}[fast]")
    return python


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALLING, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["it failed"])[-1]
        raise MissingError(f"`{' '.join(command[:4])}` says {reason!r}")
