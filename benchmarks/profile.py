"""Where the time of a request goes, as py-spy sees it from outside."""

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
"""A second."""

STAGES = {
    "Request.parse (emulator/protocol/message.py)": "read the head",
    "at_hand (emulator/server/body.py)": "read the body, with MD5 and CRC-64",
    "Service._authenticate (emulator/service.py)": "verify the signature",
    "Service._check_referer (emulator/service.py)": "hotlink protection",
    "Service.admit (emulator/service.py)": "the rest of admission: address, operation, ACLs",
    "Service.perform (emulator/service.py)": "perform the operation",
    "format (emulator/server/wire.py)": "write the answer",
    "Server._record (emulator/server/app.py)": "journal and metrics",
    "Server._answer_at_once (emulator/server/app.py)": "the server around it, with the sending",
    "Connection._answer_at_once (emulator/server/connection.py)": "the connection around that",
}
REST = "receive and parse (aiohttp, uvloop, kernel)"


def measure(running: Running, requests: Mapping[str, bytes], scratch: Path) -> Table | None:
    """Microseconds by stage of each request; None where py-spy is not installed."""
    program = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which(
        "py-spy"
    )
    if program is None:
        return None
    found = [_stages(program, running, request, scratch) for request in requests.values()]
    names = [*dict.fromkeys(STAGES.values()), REST]
    rows = [(name, *(f"{stages[name]:.1f}" for stages in found)) for name in names]
    rows.append(("together", *(f"{sum(stages.values()):.1f}" for stages in found)))
    return Table(("µs of a request", *requests), rows)


def _stages(program: str, running: Running, request: bytes, scratch: Path) -> dict[str, float]:
    file = scratch / "stacks"
    command = [program, "record", "-p", str(running.process.pid), "-d", str(SECONDS)]
    command += ["-r", str(SAMPLES), "--nonblocking", "-f", "raw", "-o", str(file)]
    each = 1e6 / throughput(running.port, request, 16)
    total = int((SECONDS + 2) * 1e6 / each)
    load = threading.Thread(target=throughput, args=(running.port, request, 16, total))
    load.start()
    subprocess.run(command, capture_output=True, check=True)
    load.join()
    counts: Counter[str] = Counter()
    for line in file.read_text(errors="replace").split("\n"):
        stack, _, count = line.rpartition(" ")
        if count.isdigit():  # a name that py-spy misread, as the process goes on, can break a line
            counts[_stage(stack.split(";"))] += int(count)
    share = each / counts.total()
    return {name: counts[name] * share for name in [*STAGES.values(), REST]}


def _stage(frames: list[str]) -> str:
    """The innermost stage of a stack."""
    for frame in reversed(frames):
        name = frame.rpartition(":")[0] + ")"  # without the line
        if name in STAGES:
            return STAGES[name]
    return REST
