"""The answers of the control API conform to its OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import pytest
from oss_emulator.control.api import ROUTES

from tests.plugin.process import run_pytest

CONFORMANCE = Path(__file__).with_name("openapi_conformance.py")


@pytest.mark.system
def test_answers_conform_to_the_document() -> None:
    """Run it in its own pytest: schemathesis generates its requests while pytest collects tests.

    Otherwise every worker of the suite would generate them.
    """
    flags = ("-o", "addopts=--import-mode=importlib", str(CONFORMANCE))
    outcomes = run_pytest(CONFORMANCE.parents[2], *flags, loaded=("schemathesis", "asyncio"))
    assert f"= {len(ROUTES)} passed in " in outcomes.output, outcomes.output
