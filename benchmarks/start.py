"""The time until the emulator is ready, its memory while it waits, and the time of a command."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Row, Section, Spread, duel

MIB = 60
ROUNDS = 15
RULES = """<RefererConfiguration>
  <AllowEmptyReferer>false</AllowEmptyReferer>
  <RefererList><Referer>https://www.example.com/</Referer></RefererList>
</RefererConfiguration>
"""


def measure(scratch: Path) -> Section:
    """Measure seconds from the start of a process: to the ready file, or to its end."""
    environment = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    } | {"PYTHONPYCACHEPREFIX": str(scratch / "bytecode")}
    resident: list[float] = []
    rules = scratch / "rules.xml"
    rules.write_text(RULES)
    check = ["-m", "oss_emulator", "check", str(rules), "https://www.example.com/"]
    rows = [
        _compare("start until ready", lambda: _start(environment, resident), environment, 1.5),
        _compare("check of a Referer", lambda: _run(check, environment), environment, 0.5),
        Row(
            "resident memory, idle",
            f"{MIB} MiB",
            Spread(tuple(size / MIB for size in resident)),
            at_most=1.0,
            figures=f"{Spread(tuple(resident)).median:.1f} MiB",
        ),
    ]
    return Section("Start", "Both find their bytecode compiled.", rows)


def _compare(
    what: str, ours: Callable[[], float], environment: dict[str, str], at_most: float
) -> Row:
    found = duel(ours, lambda: _run(["-c", "import aiohttp.web"], environment), rounds=ROUNDS)
    figures = f"{found.ours.median * 1e3:.0f} ms and {found.theirs.median * 1e3:.0f} ms"
    against = 'python -c "import aiohttp.web"'
    return Row(what, against, found.ratio, at_most=at_most, figures=figures)


def _run(arguments: Sequence[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], stdout=subprocess.DEVNULL, env=environment, check=True
    )
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
