"""A service of its own for each test."""

from __future__ import annotations

import pytest
from oss_emulator.pipeline.service import Service

from tests.unit.pipeline.service import serve


@pytest.fixture
def service() -> Service:
    """A service with `public-bucket` and `private-bucket`."""
    return serve()
