"""The cost of a decision, compared with trying each entry and with nginx's referer module.

No entry of the whitelist matches, which is the worst case for a list.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from random import Random
from string import ascii_lowercase

from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.search.entry import parse_entry

from benchmarks import bucket, nginx, processes
from benchmarks.bare import BODY
from benchmarks.load import throughput
from benchmarks.result import Row, Section, Spread, Table, duel

STORED = (10, 100, 600)
"""Entries of a list that a server takes: the lists of a bucket may have 20 KB (R-42)."""
SIZES = (*STORED, 10_000)
"""The last is the size of a rules file before somebody shortens it for a bucket."""
SHAPES: dict[str, Callable[[int], str]] = {
    "plain": lambda number: f"https://www.site{number:05}.example/",
    "`*.host`": lambda number: f"*.site{number:05}.example",
    "`?`": lambda number: f"http?://*.si?e{number:05}.?xample/",
    "many `*`": lambda number: f"*a*b*c*site{number:05}*d*e*",
    "only `*`": lambda number: "*" + "*".join(f"{number:05}zq"),
    "only `*`, any letters": lambda number: "*" + "*".join(_letters(number)),
}
LENGTH = 8 * 1024
LONGEST = 5.0
"""The most milliseconds that a decision on a Referer of 8 KiB may take by the lists of a bucket."""
ORDINARY = "https://www.example.com/articles/2024/05/{:03}/site-of-the-day.html"
LARGE = "https://www.example.com/{:03}" + "/articles/2024/05/site-of-the-day" * 300
HOSTILE = "https://zq{:03}" + "".join(f"ite{number:05}.examp." for number in range(1_000))
UNORDERED = "https://{:03}." + 2 * ascii_lowercase[::-1] + LENGTH * "#"
"""A Referer with each letter before every other one, but rarely twelve in the order of an entry."""
HOSTILE_TO = {"only `*`, any letters": UNORDERED}
HEAD = ("entries", "compile, ms", "new", "one by one", "seen", "new, 8 KiB", "hostile, 8 KiB")

_REMARK = (
    "The last table is the worst known case: the entries are single letters between stars, and in "
    "the Referer each letter occurs somewhere before every other letter, so only trying an entry "
    "shows that it does not match. The policy tries all entries, at about 1 to 2 µs each "
    "(`oss_referer/engine/entry_list.py`). The decision on such a Referer is then remembered."
)


def measure(scratch: Path) -> Section:
    """Measure a table for each shape of entries, and the comparison with nginx over HTTP."""
    rows, tables = [], []
    for shape, entry in SHAPES.items():
        lines: list[tuple[str, ...]] = []
        longest = 0.0
        for size in SIZES:
            entries = tuple(entry(number) for number in range(size))
            costs = costs_of(entries, HOSTILE_TO.get(shape, HOSTILE))
            if size in STORED:
                longest = max(longest, *costs[-2:])
            lines.append((f"{size:,}", *(f"{cost:,.1f}" for cost in costs)))
        tables.append(Table((f"{shape}: {HEAD[0]}", *HEAD[1:]), lines))
        rows.append(_slowest(shape, longest / 1e3))
    beside, remarks = _beside_nginx(scratch)
    return Section(
        "Decisions",
        "Medians in microseconds of CPU time. *New* is a Referer of ordinary length that "
        "the policy has not seen before; *one by one* tries each entry on it; *seen* is a Referer "
        "that the policy has seen before; *hostile* consists of pieces of the entries. The last "
        "rows are of requests over HTTP with 16 connections: an object behind whitelists of "
        "different lengths, divided by the same object without a list, for the emulator and for "
        "nginx's `valid_referers`, which allows `*` only at the ends of host names.",
        [*rows, *beside],
        tables,
        [*remarks, _REMARK],
    )


def _slowest(shape: str, longest: float) -> Row:
    """Compare the slowest decision of a table, in milliseconds, with the bound."""
    return Row(
        f"slowest decision on a Referer of 8 KiB by a list that a bucket takes, {shape}",
        f"{LONGEST:g} ms",
        Spread((longest / LONGEST,)),
        at_most=1.0,
        figures=f"{longest:.2f} ms",
    )


def costs_of(entries: tuple[str, ...], hostile: str) -> tuple[float, ...]:
    """Return the costs of one list, in the order of the columns."""
    began = time.thread_time()
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=entries))
    compiled = time.thread_time() - began
    patterns = [parse_entry(entry) for entry in entries]

    def try_each(referer: str) -> bool:
        return any(pattern.matches(referer) for pattern in patterns)

    ordinary = [ORDINARY.format(number) for number in range(100)]
    return (
        compiled * 1e3,
        _median(policy.decide, ordinary),
        _median(try_each, ordinary[:5]),
        _median(policy.decide, ordinary),
        _median(policy.decide, [LARGE.format(number)[:LENGTH] for number in range(10)]),
        _median(policy.decide, [hostile.format(number)[:LENGTH] for number in range(10)]),
    )


def _letters(number: int) -> list[str]:
    return Random(number).choices(ascii_lowercase, k=12)  # noqa: S311 - reproducible


def _median(decide: Callable[[str], object], referers: Iterable[str]) -> float:
    """Return the median of the microseconds that each Referer takes."""
    costs = []
    for referer in referers:
        began = time.thread_time()
        decide(referer)
        costs.append(time.thread_time() - began)
    return statistics.median(costs) * 1e6


def _beside_nginx(scratch: Path) -> tuple[list[Row], list[str]]:
    root = scratch / "referers"
    root.mkdir(exist_ok=True)
    (root / "kilobyte").write_bytes(BODY)
    rows = []
    for size in STORED[1:]:
        hosts = [f"*.site{number:05}.example" for number in range(size - 1)] + ["*.example19.com"]
        try:
            rows.append(_emulator(scratch, hosts))
            rows.append(_nginx(scratch, root, hosts))
        except processes.MissingError as error:
            return rows, [f"nginx could not be had: {error}."]
    return rows, []


def _emulator(scratch: Path, hosts: Sequence[str]) -> Row:
    folder = scratch / f"listed-{len(hosts)}"
    folder.mkdir()
    listed = bucket.seed(folder, [f"http*://{host}/*" for host in hosts])
    free = bucket.seed(scratch, [])
    with (
        processes.emulator("--seed", str(listed)) as long,
        processes.emulator("--seed", str(free)) as none,
    ):
        return _row("emulator", len(hosts), long.port, none.port, bucket.get())


def _nginx(scratch: Path, root: Path, hosts: Sequence[str]) -> Row:
    location = f"""
        location / {{
            valid_referers {" ".join(hosts)};
            if ($invalid_referer) {{ return 403; }}
        }}"""
    before = "referer_hash_max_size 65536; referer_hash_bucket_size 256;"
    location = location.replace("valid_referers", f"{before} valid_referers")
    with nginx.serve(scratch, root, location) as long, nginx.serve(scratch, root) as none:
        request = bucket.format("GET", "/kilobyte", {"Referer": bucket.REFERER})
        return _row("nginx", len(hosts), long.port, none.port, request)


def _row(name: str, size: int, long: int, none: int, request: bytes) -> Row:
    found = duel(
        lambda: throughput(long, request, 16), lambda: throughput(none, request, 16), rounds=3
    )
    return Row(
        f"{name}, {size:,} entries",
        f"{name}, no list",
        found.ratio,
        figures=f"{found.ours.median:,.0f}/s and {found.theirs.median:,.0f}/s",
    )
