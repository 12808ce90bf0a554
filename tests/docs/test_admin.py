"""docs/admin.md: its routes and faults are those of the code."""

from __future__ import annotations

import json
import re
from pathlib import Path

from oss_emulator.control import faults
from oss_emulator.control.api import ROUTES

from tests.docs.markdown import blocks, table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


def test_sample_fault_can_be_read() -> None:
    (text,) = [block.text for block in BLOCKS if block.language == "json"]
    fault = faults.read(json.loads(text))
    assert (fault.operation, fault.code) == ("GetObject", "SlowDown")


def test_page_names_all_effects_and_conditions_of_faults() -> None:
    named = {name for row in table(PAGE, "Effect") for name in row[0].split(", ")}
    conditions = {"operation", "bucket", "key", "every", "probability", "times"}
    assert named == set(faults.Fault.__dataclass_fields__) - conditions
    assert all(f"`{name}`" in PAGE for name in conditions)


def test_page_names_all_routes() -> None:
    named = " ".join(row[0] for row in table(PAGE, "Request"))
    for route in ROUTES:
        if route.path not in ("health", "openapi.json"):
            stem = route.stem.rstrip("/")
            assert re.search(rf"{route.method} {re.escape(stem)}\b", named), route.path
    assert "`health`" in PAGE
    assert "openapi.json" in PAGE
