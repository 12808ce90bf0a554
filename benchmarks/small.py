"""Small requests beside a bare aiohttp server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import bucket, processes
from benchmarks.bare import BODY
from benchmarks.load import throughput
from benchmarks.processes import Running
from benchmarks.result import Row, Section, duel

REQUESTS = 10_000
CONNECTIONS = (16, 32)
BARE = "bare aiohttp server, same bytes"
HASHING = "bare aiohttp server that reads and hashes the body"


def measure(scratch: Path) -> Section:
    """Requests for 1 KiB, anonymous and signed, and uploads of 1 KiB."""
    seed = bucket.seed(scratch)
    with (
        processes.emulator("--seed", str(seed)) as ours,
        processes.start_python("-m", "benchmarks.bare") as bare,
    ):
        return Section(
            "Small requests",
            "Both servers run at once on uvloop and are asked in turn by a client with as many "
            "connections as the row says, each with one request under way. The ratio is the "
            "emulator's requests per second over the bare server's. The client polls and never "
            "sleeps (`benchmarks/load.py` says why); the last row has one that sleeps.",
            list(_rows(ours, bare)),
        )


def _rows(ours: Running, bare: Running) -> Iterator[Row]:
    plain = bucket.get()
    for connections in CONNECTIONS:
        yield _row("anonymous GET", plain, plain, ours, bare, connections, 0.60)
    for name, request in (
        ("GET, V4 in the header", bucket.signed_in_header("GET")),
        ("GET, V4 in the URL", bucket.signed_in_url("v4")),
        ("GET, V1 in the URL", bucket.signed_in_url("v1")),
    ):
        yield _row(name, request, plain, ours, bare, 16, 0.45)
    put = bucket.signed_in_header("PUT", BODY)
    yield _row("PUT, V4 in the header", put, put, ours, bare, 16, 0.45, HASHING)
    yield _row(
        "anonymous GET, a client that sleeps", plain, plain, ours, bare, 16, None, sleeps=True
    )


def _row(
    name: str,
    request: bytes,
    other: bytes,
    ours: Running,
    bare: Running,
    connections: int,
    bound: float | None,
    against: str = BARE,
    *,
    sleeps: bool = False,
) -> Row:
    ask = partial(throughput, connections=connections, total=REQUESTS, sleeps=sleeps)
    before = ours.cpu, bare.cpu
    found = duel(lambda: ask(ours.port, request), lambda: ask(bare.port, other))
    after = ours.cpu, bare.cpu
    count = REQUESTS * (len(found.ours.values) + 1)
    mine, its = ((now - then) / count * 1e6 for now, then in zip(after, before, strict=True))
    return Row(
        f"{name}, 1 KiB, {connections} connections",
        against,
        found.ratio,
        bound,
        figures=f"{found.ours.median:,.0f}/s and {found.theirs.median:,.0f}/s; "
        f"{mine:.0f} µs and {its:.0f} µs of CPU a request",
    )
