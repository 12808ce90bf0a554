"""The time until the emulator is ready, and its memory while it waits."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Row, Section, Spread, duel

MIB = 60
ROUNDS = 15


def measure(scratch: Path) -> Section:
    """Measure the seconds from the start of the process to the ready file."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    } | {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}
    resident: list[float] = []
    found = duel(lambda: _start(environment, resident), lambda: _import(environment), rounds=ROUNDS)
    rows = [
        Row(
            "start until ready",
            'python -c "import aiohttp.web"',
            found.ratio,
            at_most=1.6,
            figures=f"{found.ours.median * 1e3:.0f} ms and {found.theirs.median * 1e3:.0f} ms",
        ),
        Row(
            "resident memory, idle",
            f"{MIB} MiB",
            Spread(tuple(size / MIB for size in resident)),
            at_most=1.0,
            figures=f"{Spread(tuple(resident)).median:.1f} MiB",
        ),
    ]
    return Section("Start", "Both find their bytecode compiled.", rows)


def _import(environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import aiohttp.web"], env=environment, check=True)
    return time.perf_counter() - began


def _start(environment: dict[str, str], resident: list[float]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder, "ready.json")
        began = time.perf_counter()
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "oss_emulator",
                "serve",
                "--port",
                "0",
                "--ready-file",
                str(ready),
            ],
            stdout=subprocess.DEVNULL,
            env=environment,
        )
        try:
            while not ready.exists():
                assert process.poll() is None
                time.sleep(0.001)
            seconds = time.perf_counter() - began
            resident.append(processes.Running(0, process).resident)
        finally:
            process.terminate()
            process.wait(processes.PATIENCE)
    return seconds
