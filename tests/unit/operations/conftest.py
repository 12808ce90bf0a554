"""A service of its own for each test."""

from __future__ import annotations

import pytest

from tests.unit.operations.service import Caller


@pytest.fixture
def ask() -> Caller:
    """A service with the bucket `bucket`."""
    return Caller()
