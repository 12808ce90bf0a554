"""Counts and latencies in the text format of Prometheus."""

from bisect import bisect_left
from collections import Counter, defaultdict
from itertools import accumulate

from emulator.journal import Entry

BOUNDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of the latency buckets in seconds."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """What was counted since the server began."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, str, int]] = Counter()
        self._latencies: defaultdict[str, list[int]] = defaultdict(lambda: [0] * (len(BOUNDS) + 1))
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def count(self, entry: Entry) -> None:
        """Count one answered request."""
        operation = entry.call.operation.name or "unknown"
        self._requests[operation, entry.verdict, entry.status] += 1
        self._latencies[operation][bisect_left(BOUNDS, entry.seconds)] += 1
        self._seconds[operation] += entry.seconds

    def format(self) -> str:
        """The page that Prometheus reads."""
        lines = [
            "# HELP oss_emulator_requests_total Answered requests by what the referer rules said.",
            "# TYPE oss_emulator_requests_total counter",
        ]
        for (operation, verdict, status), count in sorted(self._requests.items()):
            labels = f'operation="{operation}",verdict="{verdict}",status="{status}"'
            lines.append(f"oss_emulator_requests_total{{{labels}}} {count}")
        lines += [
            "# HELP oss_emulator_request_seconds How long requests took.",
            "# TYPE oss_emulator_request_seconds histogram",
        ]
        for operation, latencies in sorted(self._latencies.items()):
            lines += self._histogram(operation, latencies)
        return "\n".join(lines) + "\n"

    def _histogram(self, operation: str, latencies: list[int]) -> list[str]:
        name, label = "oss_emulator_request_seconds", f'operation="{operation}"'
        bounds = [*(f"{bound:g}" for bound in BOUNDS), "+Inf"]
        lines = [
            f'{name}_bucket{{{label},le="{bound}"}} {count}'
            for bound, count in zip(bounds, accumulate(latencies), strict=True)
        ]
        lines.append(f"{name}_sum{{{label}}} {self._seconds[operation]:.6f}")
        lines.append(f"{name}_count{{{label}}} {sum(latencies)}")
        return lines
