"""Replays of generated logs, compared with DuckDB's own scan and group of the same file.

`python -m benchmarks replay` writes logs of 1.2 GB into the temporary folder and removes them. The
growth of cost, to 30,000,000 lines, is measured with `python -m benchmarks.replay`, which needs
1.4 GB.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.sources import referer_xml

from benchmarks.result import Duel, Row, Section, Spread, Table, duel

LINES = 3_000_000
FEW, MANY = 30_000, 2_000_000
ORIGINS = 1_000
"""Origins of the Referers of a log, unless it says otherwise."""
ROUNDS = 3
MEMORY = 1.5
"""The most GiB that a replay may use."""
NEW_REFERERS = 300_000
"""Referers a second that `RefererPolicy.allows` must decide on, at least."""
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/120.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/17.0 Mobile/15E148 Safari/604.1",
    "curl/8.14.1",
)
_LINE = (
    '192.0.2.{} - - [24/Nov/2026:{:02}:{:02}:17 +0800] "GET /img/{}/{}.jpg HTTP/1.1" 200 {} {} '
    '"{}" "{}" "examplebucket.oss-cn-hangzhou.aliyuncs.com" "{:024X}" "true" "-" "GetObject" '
    '"examplebucket" "img/{}/{}.jpg" {} 1 "-" 0 "1000000000000001" - "-" "-" "-" "-" "-" '
    '"acs:oss:cn-hangzhou:1000000000000001:examplebucket"\n'
)
_SCAN = """
import sys, duckdb
columns = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(30))
print(len(duckdb.sql(f'''SELECT c9, count(*), sum(try_cast(c7 AS bigint)) FROM read_csv(
    '{sys.argv[1]}', columns = {{{columns}}}, delim = ' ', quote = '"', escape = '',
    header = false, auto_detect = false, null_padding = true) GROUP BY c9''').fetchall()))
"""
_MEASURE = """
import os, subprocess, sys, time
began = time.monotonic()
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
print(status, time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""
"""Runs a command from a small process: a child's peak counts the memory of its parent."""


class EntryForm(StrEnum):
    """The forms of the entries of rules."""

    PLAIN = "https://www.site{:04}.example/"
    WILDCARD = "https://*.site{:04}.example/"


LOGS = (
    (FEW, ORIGINS, {EntryForm.PLAIN: 2.4, EntryForm.WILDCARD: 2.8}),
    (FEW, FEW, {EntryForm.PLAIN: 2.4, EntryForm.WILDCARD: 2.8}),
    (MANY, ORIGINS, {EntryForm.PLAIN: 2.4, EntryForm.WILDCARD: 4.0}),
)
"""Distinct Referers, their origins, and the most time that a replay may take, in scans."""


@dataclass(frozen=True)
class Run:
    """The cost of a process."""

    seconds: float
    cpu: float
    memory: float
    """The peak in GiB."""


def measure(scratch: Path) -> Section:
    """Measure replays of two logs, and verdicts within the process."""
    rows: list[Row] = []
    for count, origins, bounds in LOGS:
        log = scratch / "access.log"
        write(log, LINES, count, origins)
        for form in EntryForm:
            title = f"{count:,} Referers on {origins:,} origins, {form.name.lower()} entries"
            rows += _compare(scratch, log, title, form, bounds[form])
        log.unlink()
    rows += [_verdicts(size) for size in (20, 1_000)]
    return Section(
        "Replays",
        f"A log of {LINES:,} lines (1.2 GB) and rules of 20 entries, in processes. The scan is "
        "`read_csv` of DuckDB with 30 columns, grouped by Referer with a count and a sum. An "
        "entry without wildcards ends with the host, so requests are grouped by the origins of "
        "Referers; an entry with a wildcard depends on whole Referers. Verdicts are decided "
        "within the process, on Referers that were not seen before.",
        rows,
    )


def _compare(scratch: Path, log: Path, title: str, form: EntryForm, bound: float) -> list[Row]:
    ours: list[Run] = []
    theirs: list[Run] = []

    def note(runs: list[Run], run: Callable[[], Run]) -> float:
        runs.append(run())
        return runs[-1].seconds

    found = duel(
        lambda: note(ours, lambda: replay(scratch, log, form=form)),
        lambda: note(theirs, lambda: _run([sys.executable, "-c", _SCAN, str(log)])),
        rounds=ROUNDS,
    )
    cpu = Spread(tuple(our.cpu for our in ours[1:]))
    other = Spread(tuple(their.cpu for their in theirs[1:]))
    peak = max(run.memory for run in ours)
    same = f"the same, {title}"
    return [
        Row(
            f"replay, {LINES:,} lines, {title}",
            "DuckDB: scan and group",
            found.ratio,
            at_most=bound,
            figures=f"{found.ours.median:.1f} s and {found.theirs.median:.1f} s",
        ),
        Row(
            f"{same}, CPU time",
            "DuckDB: scan and group",
            Duel(cpu, other).ratio,
            figures=f"{cpu.median:.1f} s and {other.median:.1f} s",
        ),
        Row(
            f"{same}, peak memory",
            f"{MEMORY:g} GiB",
            Spread((peak / MEMORY,)),
            at_most=1.0,
            figures=f"{peak:.2f} GiB",
        ),
    ]


def replay(scratch: Path, log: Path, *further: str, entries: int = 20, form: EntryForm) -> Run:
    """Replay a log in a process."""
    rules = scratch / "rules.xml"
    whitelist = tuple(form.format(number) for number in range(entries))
    rules.write_bytes(referer_xml.format(RefererConfiguration(False, whitelist=whitelist)))
    command = [
        sys.executable,
        "-m",
        "oss_emulator",
        "replay",
        str(rules),
        "--traffic",
        str(log),
        *further,
    ]
    return _run([*command, "--json"])


def _run(command: Sequence[str]) -> Run:
    # An installed package is compiled, so let the first run write bytecode.
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, *command],
        stdout=subprocess.PIPE,
        env=environ,
        check=True,
    )
    status, seconds, cpu, peak = map(float, done.stdout.split())
    assert status == 0, command
    return Run(seconds, cpu, peak / 2**20)


def write(log: Path, lines: int, count: int, origins: int = ORIGINS) -> None:
    """Write a log with a number of distinct Referers on a number of origins."""
    chance = random.Random(1)  # noqa: S311 - reproducible
    draw = chance.random
    with log.open("w") as file:
        for number in range(lines):
            seed = int(draw() * 2**40)
            which = number if number < count else int(draw() * count)
            site, path = which % origins, which // origins
            referer = f"https://www.site{site:04}.example/{f'page/{path}' if path else ''}"
            folder, name = seed % 1_000, seed % 99_991
            file.write(
                _LINE.format(
                    seed % 255,
                    seed % 24,
                    seed % 60,
                    folder,
                    name,
                    seed % 100_003,
                    seed % 97,
                    "-" if seed % 10 == 0 else referer,
                    _AGENTS[seed % 3],
                    seed,
                    folder,
                    name,
                    seed % 100_003,
                )
            )


def _verdicts(size: int) -> Row:
    entries = tuple(f"https://www.site{number:04}.example/" for number in range(size))
    policy = RefererPolicy.compile(RefererConfiguration(False, whitelist=entries))
    rates = []
    for turn in range(5):
        referers = [
            f"https://www.site{number % (2 * size):04}.example/page/{turn}/{number}?x=1"
            for number in range(100_000)
        ]
        began = time.process_time()
        for referer in referers:
            policy.allows(referer)
        rates.append(len(referers) / (time.process_time() - began))
    speed = Spread(tuple(rate / NEW_REFERERS for rate in rates))
    return Row(
        f"RefererPolicy.allows, new Referers, {size:,} entries",
        f"{NEW_REFERERS:,}/s on one core",
        speed,
        at_least=1.0,
        figures=f"{speed.median * NEW_REFERERS:,.0f}/s",
    )


GROWTH = (
    (1_000_000, FEW, 20, EntryForm.PLAIN),
    (3_000_000, FEW, 20, EntryForm.PLAIN),
    (30_000_000, FEW, 20, EntryForm.PLAIN),
    (3_000_000, 1_000, 20, EntryForm.PLAIN),
    (3_000_000, MANY, 20, EntryForm.PLAIN),
    (3_000_000, FEW, 1_000, EntryForm.PLAIN),
    (3_000_000, FEW, 20, EntryForm.WILDCARD),
    (30_000_000, FEW, 20, EntryForm.WILDCARD),
    (3_000_000, MANY, 20, EntryForm.WILDCARD),
)
"""Lines, distinct Referers and entries for each row of the table of growth."""


def grow(scratch: Path, steps: Sequence[tuple[int, int, int, EntryForm]] = GROWTH) -> Table:
    """Measure how cost grows; a log that is 10 times as long repeats the same log 10 times."""
    rows = []
    for lines, count, entries, form in steps:
        log = scratch / "access.log"
        times = max(1, lines // LINES)
        write(log, lines // times, count)
        copies = [scratch / f"copy-{number}.log" for number in range(1, times)]
        for copy in copies:
            os.link(log, copy)
        run = replay(scratch, log, *map(str, copies), entries=entries, form=form)
        for path in (log, *copies):
            path.unlink()
        needed = (f"{run.seconds:.1f}", f"{run.cpu:.1f}", f"{run.memory:.2f}")
        rules = f"{entries:,}, {form.name.lower()}"
        rows.append((f"{lines:,}", f"{count:,}", rules, *needed))
        print(rows[-1], flush=True)
    return Table(("lines", "Referers", "entries", "seconds", "CPU time, s", "peak, GiB"), rows)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as name:
        print(Section("How the cost of a replay grows", "", tables=[grow(Path(name))]).format())
