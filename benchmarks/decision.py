"""What one decision costs: `python -m benchmarks.decision`.

The whitelist matches nobody, the worst case for a list. Columns, in microseconds but for compile:

- new: a Referer of ordinary length that the policy has not seen;
- naive: the same, trying one entry after the other;
- seen: a Referer the policy has seen;
- 8 KiB: a new Referer of 8 KiB; hostile: one made of pieces of the very entries.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from emulator.referer import Pattern, RefererConfiguration, RefererPolicy

SIZES = (10, 100, 1_000, 10_000)
SHAPES: dict[str, Callable[[int], str]] = {
    "plain": lambda number: f"https://www.site{number:05}.example/",
    "*.host": lambda number: f"*.site{number:05}.example",
    "?": lambda number: f"http?://*.si?e{number:05}.?xample/",
    "many *": lambda number: f"*a*b*c*site{number:05}*d*e*",
    "only *": lambda number: "*" + "*".join(f"{number:05}zq"),
}
LENGTH = 8 * 1024
ORDINARY = "https://www.example.com/articles/2024/05/{:03}/site-of-the-day.html"
LARGE = "https://www.example.com/{:03}" + "/articles/2024/05/site-of-the-day" * 300
HOSTILE = "https://zq{:03}" + "".join(f"ite{number:05}.examp." for number in range(1_000))
COLUMNS = ("entries", "compile ms", "new", "naive", "seen", "8 KiB", "hostile")


def main() -> None:
    """Print the table."""
    print(f"{'shape':<8}", *(f"{column:>11}" for column in COLUMNS), sep="")
    for shape, entry in SHAPES.items():
        for size in SIZES:
            costs = measure(tuple(entry(number) for number in range(size)))
            print(
                f"{shape:<8}{size:>11,}", *(f"{cost:>11,.1f}" for cost in costs), sep="", flush=True
            )


def measure(entries: tuple[str, ...]) -> tuple[float, ...]:
    """The costs for one list, in the order of the columns."""
    started = time.perf_counter()
    policy = RefererPolicy.compile(RefererConfiguration(whitelist=entries))
    compiled = time.perf_counter() - started
    patterns = [Pattern.compile(entry) for entry in entries]

    def try_each(referer: str) -> bool:
        return any(pattern.matches(referer) for pattern in patterns)

    ordinary = [ORDINARY.format(number) for number in range(100)]
    return (
        compiled * 1e3,
        best(policy.decide, ordinary),
        best(try_each, ordinary[:5]),
        best(policy.decide, ordinary),
        best(policy.decide, [LARGE.format(number)[:LENGTH] for number in range(10)]),
        best(policy.decide, [HOSTILE.format(number)[:LENGTH] for number in range(10)]),
    )


def best(decide: Callable[[str], object], referers: Iterable[str]) -> float:
    """The least microseconds that one of the Referers took."""
    costs = []
    for referer in referers:
        started = time.perf_counter()
        decide(referer)
        costs.append(time.perf_counter() - started)
    return min(costs) * 1e6


if __name__ == "__main__":
    main()
