"""Two workers compared with one."""

from __future__ import annotations

from pathlib import Path

from benchmarks import bucket, processes
from benchmarks.load import throughput
from benchmarks.result import Row, Section, duel

CONNECTIONS = 32
REQUESTS = 5_000


def measure(scratch: Path) -> Section:
    """Measure the same GET from one process and from two; each setup has its own folder."""
    seed = str(bucket.seed(scratch))
    request = bucket.get()
    one, two = (("--data", str(scratch / f"workers-{count}"), "--seed", seed) for count in (1, 2))
    with (
        processes.emulator(*one) as single,
        processes.emulator(*two, "--workers", "2") as double,
    ):
        found = duel(
            lambda: throughput(double.port, request, CONNECTIONS, REQUESTS, sleeps=True),
            lambda: throughput(single.port, request, CONNECTIONS, REQUESTS, sleeps=True),
        )
    row = Row(
        f"GET 1 KiB, disk, --workers 2, {CONNECTIONS} connections",
        "one worker",
        found.ratio,
        1.6,
        figures=f"{found.ours.median:,.0f}/s and {found.theirs.median:,.0f}/s",
    )
    return Section(
        "Workers",
        "The client sleeps between events here: two workers and a client that polls would be three "
        "processes that each need a core.",
        [row],
    )
