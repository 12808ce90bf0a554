"""The time until a server with a data folder has loaded many objects."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Row, Section, Spread, duel

OBJECTS = 20_000
SECONDS = 5
COPIES = 3
"""Times the CPU time of a plain copy of the files that a preloaded folder may take."""
ROUNDS = 5


def measure(scratch: Path) -> Section:
    """Measure the time from the start to the ready file, with a seed and with a folder."""
    seed = scratch / "seed.toml"
    seed.write_text("".join(_tables()), encoding="utf-8")
    elapsed, cpu = [], []
    for number in range(ROUNDS):
        began = time.perf_counter()
        used = _serve(scratch / f"data-{number}", "--seed", str(seed))
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
        "Each start uses a new folder. The folders are removed only after the last start, because "
        "ext4 creates files more slowly for some minutes after many were deleted. The row of "
        "--preload divides the CPU time of the start by that of a loop in Python that reads "
        "the same files, computes the MD5 of each, and writes them to one folder."
    )
    return Section("Seeds", method, [row, _measure_preload(scratch)])


def _measure_preload(scratch: Path) -> Row:
    site = scratch / "site"
    for number in range(OBJECTS):
        folder = site / f"{number % 100:02}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:05}.txt").write_text(f"content {number}")
    used, numbers = ("--preload", f"{site}=site"), count()
    both = duel(
        lambda: _serve(scratch / f"preloaded-{next(numbers)}", *used),
        lambda: _copy(site, scratch / f"copy-{next(numbers)}"),
        ROUNDS,
    )
    return Row(
        f"start with --preload of {OBJECTS:,} files, --data, --fsync on, CPU time",
        "a loop that copies them",
        both.ratio,
        at_most=COPIES,
        figures=f"{both.ours.median:.1f} s and {both.theirs.median:.1f} s of CPU",
    )


def _copy(source: Path, target: Path) -> float:
    """Copy all files of a folder into another one; returns the CPU time in seconds."""
    target.mkdir()
    began = time.process_time()
    for path in source.glob("*/*"):
        data = path.read_bytes()
        hashlib.md5(data, usedforsecurity=False).hexdigest()
        (target / path.name).write_bytes(data)
    return time.process_time() - began


def _tables() -> list[str]:
    objects = (
        f'[[bucket.object]]\nkey = "folder/{number:05}.txt"\ntext = "content {number}"\n'
        for number in range(OBJECTS)
    )
    return ['[[bucket]]\nname = "seeded"\n', *objects]


def _serve(data: Path, *flags: str) -> float:
    """Start a server, wait until it is ready, and end it; returns its CPU time in seconds."""
    ready = data.with_suffix(".json")
    command = [sys.executable, "-m", "oss_emulator", "serve", "--port", "0"]
    command += ["--data", str(data), "--ready-file", str(ready), *flags]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not ready.exists():
        assert process.poll() is None
        time.sleep(0.01)
    used = processes.Running(0, process).cpu
    process.terminate()
    process.wait(processes.PATIENCE)
    return used
