"""The short form of the random requests of OSS, S3 and `/_emulator/`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hard import fuzz
from tests.thorough import cases


@pytest.mark.thorough
def test_random_requests_cause_no_failure_and_no_hang(tmp_path: Path) -> None:
    happened = fuzz.run(tmp_path, cases(600, 20_000))
    assert happened["off 2xx"] > 10
    assert happened["strict 2xx"] > 10
    assert happened["strict 4xx"] > 10
