"""The steps after each entry of the journal: metrics for Prometheus and the access log."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import partial
from itertools import accumulate
from operator import itemgetter
from typing import TextIO

from oss_referer.browser.changes import ARN_IN_LOGS
from oss_referer.traffic import accesslog

from oss_emulator.control.journal import JournalEntry
from oss_emulator.pipeline.service import Service

BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of the latency buckets in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The counts since the server started."""

    def __init__(self) -> None:
        self._durations: defaultdict[tuple[str, str, int], _Durations] = defaultdict(_Durations)
        """The latencies by operation, verdict and status."""

    def count(self, entry: JournalEntry) -> None:
        operation = entry.admission.operation.name or "unknown"
        durations = self._durations[operation, entry.verdict, entry.response.status]
        durations.counts[bisect_left(BOUNDS, entry.seconds)] += 1
        durations.seconds += entry.seconds

    def counts(self) -> dict[str, dict[str, int]]:
        """Return the numbers of requests by operation and verdict."""
        found: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
        for (operation, verdict, _), durations in self._durations.items():
            found[operation][verdict] += sum(durations.counts)
        return {operation: dict(found[operation]) for operation in sorted(found)}

    def latencies(self) -> list[int]:
        """Return the numbers of requests in each bucket of `BOUNDS`, and above the last bound."""
        whole = _Durations()
        for durations in self._durations.values():
            whole.add(durations)
        return whole.counts

    def format(self) -> str:
        """Format the page that Prometheus reads."""
        lines = [
            "# HELP oss_emulator_requests_total Requests by operation, verdict and status.",
            "# TYPE oss_emulator_requests_total counter",
        ]
        by_operation: defaultdict[str, _Durations] = defaultdict(_Durations)
        for (operation, verdict, status), durations in sorted(
            self._durations.items(), key=itemgetter(0)
        ):
            labels = f'operation="{operation}",verdict="{verdict}",status="{status}"'
            lines.append(f"oss_emulator_requests_total{{{labels}}} {sum(durations.counts)}")
            by_operation[operation].add(durations)
        lines += [
            "# HELP oss_emulator_request_seconds How long requests took.",
            "# TYPE oss_emulator_request_seconds histogram",
        ]
        for operation, durations in by_operation.items():
            lines += _histogram(operation, durations)
        return "\n".join(lines) + "\n"


class _Durations:
    """The latencies of one group of requests."""

    __slots__ = ("counts", "seconds")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS) + 1)
        """Numbers of requests up to each of `BOUNDS` and above the one before; last, above all."""
        self.seconds = 0.0

    def add(self, others: "_Durations") -> None:
        self.counts = [mine + its for mine, its in zip(self.counts, others.counts, strict=True)]
        self.seconds += others.seconds


def _histogram(operation: str, durations: _Durations) -> list[str]:
    name, label = "oss_emulator_request_seconds", f'operation="{operation}"'
    bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
    lines = [
        f'{name}_bucket{{{label},le="{bound}"}} {count}'
        for bound, count in zip(bounds, accumulate(durations.counts), strict=True)
    ]
    lines.append(f"{name}_sum{{{label}}} {durations.seconds:.6f}")
    lines.append(f"{name}_count{{{label}}} {sum(durations.counts)}")
    return lines


def steps(
    service: Service, metrics: Metrics, access_log: TextIO | None
) -> Mapping[str, Callable[[JournalEntry], None]]:
    """Return the steps after the journal, by their names in `docs/architecture.md`."""
    lines = {} if access_log is None else {"access log": partial(_write_line, service, access_log)}
    return {"metrics": metrics.count, **lines}


def _write_line(service: Service, file: TextIO, entry: JournalEntry) -> None:
    region = service.settings.region if service.changes.follow(ARN_IN_LOGS) else None
    line = entry.to_line(service.storage, region)
    print(accesslog.format(line), file=file, flush=True)
