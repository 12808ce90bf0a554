"""Small requests beside a bare aiohttp server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks import bucket, processes, profile
from benchmarks.bare import BODY
from benchmarks.load import throughput
from benchmarks.processes import Running
from benchmarks.result import Row, Section, duel

REQUESTS = 4_000
CONNECTIONS = (16, 32)
BARE = "bare aiohttp server, same bytes"
HASHING = "bare aiohttp server that reads and hashes the body"

_REMARKS = [
    "The emulator answers at once what it can, without the task and the objects that aiohttp "
    "makes for a request, so it does not pay for all that the bare server pays for. The rest is "
    "Python: an HMAC costs what some ten calls of Python functions cost, and what is beside it "
    "is the canonical form of the request (P-10 … P-15); newer Pythons are quicker with that, "
    "and no quicker with aiohttp's C. What is in a signed URL is read once, as "
    "such a URL is fetched again and again; a signature in the header is read each time.",
    "Where a row misses its bound, the second table says why. To read and verify a signature in "
    "the header takes a third to a half of what a bare request takes. An upload is, beyond an "
    "anonymous GET, its signature; its body with MD5, as for the bare server, and CRC-64; and what "
    "becomes of it: the headers that an object keeps, whether it may be overwritten, encrypted or "
    "called back for, its record, the ETag and checksums in the answer.",
]


def measure(scratch: Path) -> Section:
    """Requests for 1 KiB, anonymous and signed, and uploads of 1 KiB."""
    seed = bucket.seed(scratch)
    with (
        processes.emulator("--seed", str(seed)) as ours,
        processes.start_python("-m", "benchmarks.bare") as bare,
    ):
        rows = list(_rows(ours, bare))
        found = profile.measure(ours, _requests(), scratch)
        return Section(
            "Small requests",
            "Both servers run at once on uvloop and are asked in turn by a client with as many "
            "connections as the row says, each with one request under way. The ratio is the "
            "emulator's requests per second over the bare server's. The client polls and never "
            "sleeps (`benchmarks/load.py` says why); the last row has one that sleeps. Both get "
            "the same bytes. The second table is a profile: where the emulator's time goes.",
            rows,
            [] if found is None else [found],
            _REMARKS if found is not None else [*_REMARKS, "There is no profile without py-spy."],
        )


def _requests() -> dict[str, bytes]:
    return {
        "anonymous GET": bucket.get(),
        "GET, V4 in the header": bucket.signed_in_header("GET"),
        "GET, V4 in the URL": bucket.signed_in_url("v4"),
        "GET, V1 in the URL": bucket.signed_in_url("v1"),
        "PUT, V4 in the header": bucket.signed_in_header("PUT", BODY),
    }


def _rows(ours: Running, bare: Running) -> Iterator[Row]:
    requests = _requests()
    for name, request in requests.items():
        anonymous = request == requests["anonymous GET"]
        against = HASHING if name.startswith("PUT") else BARE
        for connections in CONNECTIONS if anonymous else CONNECTIONS[:1]:
            bound = 0.60 if anonymous else 0.45
            yield _row(name, request, ours, bare, connections, bound, against)
    get = requests["anonymous GET"]
    yield _row("anonymous GET, a client that sleeps", get, ours, bare, 16, None, sleeps=True)


def _row(
    name: str,
    request: bytes,
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
    found = duel(lambda: ask(ours.port, request), lambda: ask(bare.port, request))
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
