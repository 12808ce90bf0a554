"""docs/admin.md: its commands and what they print, its routes, its fault."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import pairwise
from pathlib import Path

from oss_emulator.control import faults
from oss_emulator.control.api import ROUTES

from tests.cli.process import PATIENCE, environment, serving
from tests.docs.markdown import agrees, blocks, table
from tests.requirements import require

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "admin.md").read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)


def test_commands_print_what_is_shown(tmp_path: Path) -> None:
    require("curl")
    demo = str(ROOT / "fixtures" / "seeds" / "demo.toml")
    steps = [pair for pair in pairwise(BLOCKS) if pair[0].language == "sh"]
    assert len(steps) == sum(block.language == "text" for block in BLOCKS)
    with serving(tmp_path, "--seed", demo) as running:
        for command, shown in steps:
            assert shown.language == "text"
            done = subprocess.run(
                ["sh", "-eu"],
                input=re.sub(r":9000\b", f":{running.port}", command.text),
                capture_output=True,
                text=True,
                cwd=tmp_path,
                env=environment(no_proxy="*"),
                timeout=PATIENCE,
            )
            assert agrees(shown.text, done.stdout), f"{command.text}\n{done.stdout}{done.stderr}"


def test_fault_is_one() -> None:
    (text,) = [block.text for block in BLOCKS if block.language == "json"]
    fault = faults.read(json.loads(text))
    assert (fault.operation, fault.code) == ("GetObject", "SlowDown")


def test_effects_of_faults_are_all_told() -> None:
    told = {name for row in table(PAGE, "Effect") for name in row[0].split(", ")}
    which = {"operation", "bucket", "key", "every", "probability", "times"}
    assert told == set(faults.Fault.__dataclass_fields__) - which
    assert all(f"`{name}`" in PAGE for name in which)


def test_routes_are_all_told() -> None:
    told = " ".join(row[0] for row in table(PAGE, "Request"))
    for route in ROUTES:
        if route.path not in ("health", "openapi.json"):
            stem = route.stem.rstrip("/")
            assert re.search(rf"{route.method} {re.escape(stem)}\b", told), route.path
    assert "`health`" in PAGE
    assert "openapi.json" in PAGE
