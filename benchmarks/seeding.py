"""The time until a server with a data folder and a seed of many objects is ready."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Row, Section, Spread

OBJECTS = 20_000
SECONDS = 5
ROUNDS = 5


def measure(scratch: Path) -> Section:
    """Measure the seconds from the start of the process to the ready file."""
    seed = scratch / "seed.toml"
    seed.write_text("".join(_tables()), encoding="utf-8")
    elapsed, cpu = [], []
    for number in range(ROUNDS):
        began = time.perf_counter()
        used = _serve(scratch / f"data-{number}", seed, scratch / f"ready-{number}.json")
        elapsed.append(time.perf_counter() - began)
        cpu.append(used)
    row = Row(
        f"start with a seed of {OBJECTS:,} objects, --data, --fsync on",
        f"{SECONDS} s",
        Spread(tuple(seconds / SECONDS for seconds in elapsed)),
        at_most=1.0,
        figures=f"{Spread(tuple(elapsed)).median:.1f} s, {Spread(tuple(cpu)).median:.1f} s of CPU",
    )
    method = (
        "Each start has a new folder. The folders are removed after the last one, because ext4 "
        "makes files more slowly for some minutes after many were deleted."
    )
    return Section("Seeds", method, [row])


def _tables() -> list[str]:
    objects = (
        f'[[bucket.object]]\nkey = "folder/{number:05}.txt"\ntext = "content {number}"\n'
        for number in range(OBJECTS)
    )
    return ['[[bucket]]\nname = "seeded"\n', *objects]


def _serve(data: Path, seed: Path, ready: Path) -> float:
    """Start a server, wait until it is ready, and end it; returns its processor time in seconds."""
    command = [sys.executable, "-m", "oss_emulator", "serve", "--port", "0"]
    command += ["--data", str(data), "--seed", str(seed), "--ready-file", str(ready)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.01)
    used = processes.Running(0, process).cpu
    process.terminate()
    process.wait(processes.PATIENCE)
    return used
