"""How the worst requests for images and rows delay a small one, and the memory that they take."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import processes
from benchmarks.result import Row, Section, Spread
from tests.hard import overload

ROUNDS = 200
PAUSE = 0.05
WALL = 0.25
"""Seconds within which a small GET is answered."""
PROCESSOR = 0.05
"""Seconds of the server's CPU time for one."""

_METHOD = (
    "Eight of the worst image requests (300 blurs, three watermarks of 15,800 × 15,800, the "
    "average hue of such an image, one of 9,000 × 9,000) and twelve SelectObjects that compare "
    "timestamps run while a client reads an object of 1 KiB on a new connection every 50 ms. The "
    "first rows divide the median and the slowest answer by the median of the idle server and by "
    "250 ms, the third the CPU time of the server for each by 50 ms, and the last the most "
    "memory of the server and its processes together by 1.5 GiB."
)


def measure(scratch: Path) -> Section:
    """Measure from memory and from disk."""
    seed = scratch / "seed.toml"
    seed.write_text(overload.SEED, encoding="utf-8")
    rows = []
    for name, flags in (("memory", ()), ("disk", ("--data", str(scratch / "data")))):
        rows += _measure(name, "--seed", str(seed), "--auth", "off", *flags)
    return Section("Overload", _METHOD, rows)


def _measure(name: str, *flags: str) -> list[Row]:
    with processes.emulator(*flags) as server:
        overload.prepare(server.port)
        idle = Spread(tuple(_ask(server.port)))
        with overload.watching(server.process.pid) as peak:
            underway = overload.Underway(server.port, overload.WORST)
            time.sleep(1)
            began = server.cpu
            busy = Spread(tuple(_ask(server.port)))
            used = (server.cpu - began) / ROUNDS
            underway.leave()
            underway.wait()
    slowest, most = max(busy.values), peak.resident
    return [
        Row(
            f"GET 1 KiB, {name}, overloaded",
            "the same, idle",
            Spread(tuple(seconds / idle.median for seconds in busy.values)),
            figures=f"{busy.median * 1000:.1f} ms and {idle.median * 1000:.1f} ms",
        ),
        Row(
            f"GET 1 KiB, {name}, overloaded, slowest",
            "250 ms",
            Spread((slowest / WALL,)),
            at_most=1.0,
            figures=f"{slowest * 1000:.0f} ms",
        ),
        Row(
            f"GET 1 KiB, {name}, overloaded, CPU time",
            "50 ms",
            Spread((used / PROCESSOR,)),
            at_most=1.0,
            figures=f"{used * 1000:.1f} ms",
        ),
        Row(
            f"server and its processes, {name}, peak memory",
            "1.5 GiB",
            Spread((most / overload.MEMORY,)),
            at_most=1.0,
            figures=f"{most / 1024:.2f} GiB",
        ),
    ]


def _ask(port: int) -> list[float]:
    found = []
    for _ in range(ROUNDS):
        found.append(overload.get(port))
        time.sleep(PAUSE)
    return found
