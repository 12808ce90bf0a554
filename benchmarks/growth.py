"""How costs grow with keys, buckets, rules and connections."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings
from oss_emulator.storage.base import Bucket, Object, Storage
from oss_emulator.storage.disk import DiskStorage
from oss_emulator.storage.memory import MemoryStorage

from benchmarks import bucket, processes
from benchmarks.load import throughput
from benchmarks.result import Row, Section, Table, duel

FEW, MANY = 10_000, 1_000_000
CALLS = 15
PAGES = {
    "first page": "",
    "page from the middle": "marker=folder-{half:04}/key-000500",
    "page below a prefix": "prefix=folder-{half:04}/key-0000",
    "page of folders": "delimiter=/",
}
MAX_FOLDERS = 100
"""The folders of each bucket: listing them must not cost more when they have more keys."""

ENTRIES = (0, 20, 100, 600)
"""The entries of a whitelist: the lists of a bucket may have 20 KB (R-42)."""


def measure(scratch: Path) -> Section:
    """Measure listings in both storages, then requests over HTTP."""
    rows = [
        *_listings("memory", MemoryStorage()),
        *_listings("disk", DiskStorage(scratch / "listings", fsync=False)),
    ]
    return Section(
        "How cost grows",
        f"Listings: the time for a page of 1,000 keys in a bucket of {MANY:,} keys, divided by the "
        f"time for a page in a bucket of {FEW:,}, within the process. The other tables measure "
        "anonymous GETs of 1 KiB over HTTP.",
        rows,
        [_buckets(), _rules(scratch), _connections(scratch)],
    )


def _listings(name: str, storage: Storage) -> Iterator[Row]:
    service = Service(Settings(), storage)
    for bucket_name, count in (("few", FEW), ("many", MANY)):
        _ask(service, "PUT", f"/{bucket_name}")
        with storage.transaction():
            _fill(storage, bucket_name, count)
    for page, query in PAGES.items():
        query = query.format(half=MAX_FOLDERS // 2)
        target = f"?max-keys=1000&{query}"
        found = duel(
            partial(_ask, service, "GET", f"/many{target}"),
            partial(_ask, service, "GET", f"/few{target}"),
            rounds=CALLS,
        )
        mine, its = found.ours.median * 1e3, found.theirs.median * 1e3
        yield Row(
            f"{name}: {page}, {MANY:,} keys",
            f"{FEW:,} keys",
            found.ratio,
            figures=f"{mine:.1f} ms and {its:.1f} ms",
        )
    storage.close()


def _fill(storage: Storage, name: str, count: int) -> None:
    each = count // MAX_FOLDERS
    for folder in range(MAX_FOLDERS):
        for number in range(each):
            key = f"folder-{folder:04}/key-{number:06}"
            storage.put_object(name, Object(key, (), 0, '"0"', 0, 0.0, "1"))


def _ask(service: Service, method: str, target: str) -> float:
    """Return the seconds that a call takes."""
    request = Request.parse(method, target, [("Host", "localhost")], time.time())
    began = time.perf_counter()
    answer = service.handle(request, caller=service.accounts.owner)
    seconds = time.perf_counter() - began
    assert answer.status == 200, answer
    return seconds


def _buckets() -> Table:
    rows = []
    for count in (1, 100, 10_000):
        storage = MemoryStorage()
        service = Service(Settings(), storage)
        owner = service.accounts.owner.id
        for number in range(count):  # PutBucket would stop at 100 for an account
            storage.put_bucket(Bucket(f"bucket-{number:05}", owner, 0.0, service.settings.region))
        costs = [_ask(service, "GET", f"/bucket-{count // 2:05}?acl") for _ in range(200)]
        pages = [_ask(service, "GET", "/?max-keys=100") for _ in range(20)]
        rows.append(
            (
                f"{count:,}",
                f"{statistics.median(costs) * 1e6:.0f} µs",
                f"{statistics.median(pages) * 1e3:.1f} ms",
            )
        )
    return Table(("buckets", "GetBucketAcl", "ListBuckets, 100 a page"), rows)


def _rules(scratch: Path) -> Table:
    rows = [(str(entries), *_over_http(scratch, entries, (16,))) for entries in ENTRIES]
    return Table(("entries of the whitelist", "GET, 16 connections"), rows)


def _connections(scratch: Path) -> Table:
    numbers = (1, 4, 16, 64, 256, 1024)
    found = _over_http(scratch, 20, numbers)
    return Table(("connections", "GET"), list(zip(map(str, numbers), found, strict=True)))


def _over_http(scratch: Path, entries: int, connections: tuple[int, ...]) -> list[str]:
    folder = scratch / f"growth-{entries}-{len(connections)}"
    folder.mkdir()
    whitelist = [f"https://www.other{number}.com/*" for number in range(entries - 1)]
    seed = bucket.seed(folder, [*whitelist, "https://www.example19.com/*"] if entries else [])
    with processes.emulator("--seed", str(seed)) as running:
        return [
            f"{statistics.median(_asked(running.port, number)):,.0f}/s" for number in connections
        ]


def _asked(port: int, connections: int) -> list[float]:
    return [throughput(port, bucket.get(), connections) for _ in range(4)][1:]
