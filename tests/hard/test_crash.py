"""A few rounds of crashes, with one process and with two workers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hard import crash


@pytest.mark.parametrize("flags", [(), ("--workers", "2", "--fsync", "off")])
def test_acknowledged_writes_survive_a_crash(tmp_path: Path, flags: tuple[str, ...]) -> None:
    report = crash.run(tmp_path, 2, *flags)
    assert report.rounds == 2
    assert report.acknowledged > 0
    assert report.in_doubt > 0
