"""The soak test for a few seconds, with the same traffic."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hard import soak

pytestmark = pytest.mark.system

WARMING = 100 * 1024**2
"""Bytes that a server needs in its first seconds for twenty parallel uploads, threads, caches."""


def test_mixed_traffic_causes_no_errors_and_no_leaks(tmp_path: Path) -> None:
    report = soak.run(tmp_path, 3, 20, WARMING)
    assert sum(report.requests.values()) > 100
    assert set(report.requests) >= {"PUT", "GET", "hotlink", "multipart upload"}
