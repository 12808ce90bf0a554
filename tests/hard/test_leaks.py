"""The short form of the conversations that end at every moment."""

from __future__ import annotations

import pytest

from tests.hard import leaks

pytestmark = pytest.mark.system


@pytest.mark.parametrize("fast", [True, False], ids=["fast", "asyncio"])
def test_no_conversation_leaves_anything_behind(fast: bool) -> None:
    kinds = leaks.run(1, 120, fast=fast)
    assert sum(kinds.values()) == 120
