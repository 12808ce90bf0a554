"""The metrics: their numbers, and the grammar of the text format of Prometheus."""

from __future__ import annotations

import re
import time
from typing import Any

import requests
from oss_emulator import Emulator
from oss_emulator.control.journal import Journal
from oss_emulator.control.metrics import BOUNDS, Metrics
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.message import Request, Response

from tests.rows import read_cases, rows

CASES = read_cases("unit.control")

SAMPLE = re.compile(
    r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)"
    r"(?:\{(?P<labels>(?:[a-zA-Z_]\w*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})?"
    r" (?P<value>[0-9.e+-]+|[+-]Inf|NaN)"
)
"""A line of a sample (exposition formats of Prometheus)."""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> tuple[dict[str, str], Samples]:
    """Parse the types by metric and the values by name and labels; fails where promtool would."""
    assert text.endswith("\n")
    types: dict[str, str] = {}
    helped: set[str] = set()
    samples: Samples = {}
    family = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split()[2]
            assert family not in helped, "a second HELP"
            helped.add(family)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name == family, "TYPE does not follow its HELP"
            types[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            base = re.sub(r"_(bucket|sum|count)$", "", match["name"])
            assert family in (match["name"], base), "the samples of a metric are not together"
            labels = re.findall(r'(\w+)="([^"]*)"', match["labels"] or "")
            identity = match["name"], frozenset(labels)
            assert identity not in samples, "a sample occurs twice"
            samples[identity] = float(match["value"])
    return types, samples


def measured(*requests: tuple[str, str, int, float]) -> Samples:
    """Return the metrics after GETs, each a target, a Referer, a status and seconds."""
    service, metrics, journal = Service(), Metrics(), Journal()
    fields = [("Host", "localhost"), ("x-oss-acl", "public-read")]
    created = Request.parse("PUT", "/examplebucket", fields, time.time())
    service.handle(created, caller=service.accounts.owner)
    for target, referer, status, seconds in requests:
        fields = [("Host", "localhost"), ("Referer", referer)]
        outcome = service.admit(Request.parse("GET", target, fields, time.time()))
        metrics.count(journal.record(outcome, Response(status), 0, seconds))
    return parse(metrics.format())[1]


def sample(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"oss_emulator_{name}", frozenset(labels.items())))


def test_new_metrics_are_empty() -> None:
    types, samples = parse(Metrics().format())
    assert types == {
        "oss_emulator_requests_total": "counter",
        "oss_emulator_request_seconds": "histogram",
    }
    assert samples == {}


def test_requests_are_counted_by_operation_verdict_and_status() -> None:
    samples = measured(
        ("/examplebucket/a", "http://a/", 200, 0.1),
        ("/examplebucket/a", "http://a/", 200, 0.1),
        ("/examplebucket/a", "http://a/", 404, 0.1),
        ("/examplebucket", "http://a/", 200, 0.1),
    )

    def count(operation: str, verdict: str, status: str) -> float | None:
        return sample(
            samples, "requests_total", operation=operation, verdict=verdict, status=status
        )

    assert count("GetObject", "allowed", "200") == 2
    assert count("GetObject", "allowed", "404") == 1
    assert count("ListObjects", "not-checked", "200") == 1
    assert count("GetObject", "denied", "403") is None


@rows("seconds, bound", *CASES["latency_counts_in_every_bucket_above_it"])
def test_latency_counts_in_every_bucket_above_it(seconds: float, bound: str) -> None:
    samples = measured(("/examplebucket/a", "", 200, seconds))
    bounds = [*(f"{value:g}" for value in BOUNDS), "+Inf"]
    held = [
        sample(samples, "request_seconds_bucket", operation="GetObject", le=value)
        for value in bounds
    ]
    first = bounds.index(bound)
    assert held == [0] * first + [1] * (len(bounds) - first)
    assert sample(samples, "request_seconds_count", operation="GetObject") == 1
    assert sample(samples, "request_seconds_sum", operation="GetObject") == seconds


def test_served_metrics_agree_with_the_journal() -> None:
    with Emulator() as emulator:
        emulator.bucket("examplebucket", acl="public-read").put_object("a", b"1")
        for target in ("examplebucket/a", "examplebucket/none", "examplebucket?somethingNew", ""):
            requests.get(f"{emulator.endpoint}/{target}", timeout=20)
        answer = requests.get(f"{emulator.endpoint}/_emulator/metrics", timeout=20)
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        _, samples = parse(answer.text)
        wanted: dict[Any, int] = {}
        for entry in emulator.journal:
            operation = entry.operation or "unknown"
            labels = ("operation", operation), ("verdict", entry.verdict.value)
            identity = frozenset({*labels, ("status", str(entry.status))})
            wanted[identity] = wanted.get(identity, 0) + 1
        counted = {
            labels: value
            for (name, labels), value in samples.items()
            if name == "oss_emulator_requests_total"
        }
        assert counted == wanted
