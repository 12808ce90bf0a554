"""Short forms of the soak: connections that end at every moment, mixed traffic, large objects."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import serving
from tests.hard import leaks, soak
from tests.hard.large import MOST, peak, up_and_down
from tests.hard.traffic import FLAGS

pytestmark = pytest.mark.system


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "asyncio"])
def test_no_conversation_leaves_anything_behind(fast: bool) -> None:
    kinds = leaks.run(1, 120, fast=fast)
    assert sum(kinds.values()) == 120


# --- The soak test for a few seconds, with the same traffic

WARMING = 100 * 1024**2
"""Bytes that a server needs in its first seconds for twenty parallel uploads, threads, caches."""


def test_mixed_traffic_causes_no_errors_and_no_leaks(tmp_path: Path) -> None:
    report = soak.run(tmp_path, 3, 20, WARMING)
    assert sum(report.requests.values()) > 100
    assert set(report.requests) >= {"PUT", "GET", "hotlink", "multipart upload"}


# --- An object of 256 MiB does not grow the server's memory


@pytest.mark.parametrize("store", ["memory", "disk"])
def test_large_objects_do_not_grow_memory(tmp_path: Path, store: str) -> None:
    flags = ("--data", str(tmp_path / "data")) if store == "disk" else ()
    with serving(tmp_path, *flags, *FLAGS) as running:
        up_and_down(running, 256 * 1024**2)
        assert peak(running) < MOST
        assert running.end() == 0
