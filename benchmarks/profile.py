"""A profile of a request by the folders of the package, sampled by py-spy from outside."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.load import throughput
from benchmarks.processes import Running
from benchmarks.result import Table

SECONDS = 4
SAMPLES = 1000
"""Samples for each second."""

PACKAGE = "oss_emulator/"
ROOMS = {
    "protocol/signature": "verify the signature",
    "protocol": "the wire: headers, dates, XML, checksums",
    "referer": "hotlink protection",
    "access": "accounts and permissions",
    "documents": "configurations of the bucket",
    "operations": "the operation",
    "storage": "the storage",
    "pipeline": "the order of a request",
    "control": "journal and metrics",
    "accesslog": "access log",
    "server": "the server around it",
}
"""The purpose of each folder of the package; the longest matching folder counts."""
REST = "receive, parse and send (aiohttp, uvloop, kernel)"


def measure(running: Running, requests: Mapping[str, bytes], scratch: Path) -> Table | None:
    """Return the microseconds of each request by folder; None if py-spy is not installed."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which(
        "py-spy"
    )
    if program is None:
        return None
    found = [_sample(program, running, request, scratch) for request in requests.values()]
    labels = [(f"{what} (`{room}`)", room) for room, what in ROOMS.items()]
    rows = [
        (label, *(f"{costs[room]:.1f}" for costs in found))
        for label, room in [*labels, (REST, REST)]
        if any(costs[room] for costs in found)
    ]
    rows.append(("together", *(f"{sum(costs.values()):.1f}" for costs in found)))
    return Table(("µs of a request", *requests), rows)


def _sample(program: str, running: Running, request: bytes, scratch: Path) -> dict[str, float]:
    """Sample the microseconds that a request costs, by folder."""
    file = scratch / "stacks"
    command = [program, "record", "-p", str(running.process.pid), "-d", str(SECONDS)]
    command += ["-r", str(SAMPLES), "--nonblocking", "-f", "raw", "-o", str(file)]
    each = 1e6 / throughput(running.port, request, 16)
    total = int((SECONDS + 2) * 1e6 / each)
    load = threading.Thread(target=throughput, args=(running.port, request, 16, total))
    load.start()
    subprocess.run(command, capture_output=True, check=True)
    load.join()
    samples: Counter[str] = Counter()
    for line in file.read_text(errors="replace").split("\n"):
        stack, _, count = line.rpartition(" ")
        if count.isdigit():  # py-spy does not stop the process, and can misread a name
            samples[_room(stack.split(";"))] += int(count)
    share = each / samples.total()
    return {room: samples[room] * share for room in [*ROOMS, REST]}


def _room(frames: list[str]) -> str:
    """Find the folder of the innermost frame in the package: `name (folder/file.py:line)`."""
    for frame in reversed(frames):
        _, found, file = frame.partition(PACKAGE)
        if found:
            fitting = [room for room in ROOMS if file.startswith(f"{room}/")]
            return max(fitting, key=len, default=REST)
    return REST
