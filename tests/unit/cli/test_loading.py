"""Loading of modules: without garbage collection, and only what a command needs."""

import gc
import subprocess
import sys
from pathlib import Path

import pytest
from oss_referer.terminal.program import loading


def test_no_garbage_is_collected_meanwhile() -> None:
    with loading():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_loaded_is_left_out_of_collections() -> None:
    with loading():
        loaded: list[object] = []
    assert not any(item is loaded for item in gc.get_objects())


def test_error_enables_collections_again() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()


def test_collections_that_were_off_stay_off() -> None:
    gc.disable()
    try:
        with loading():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


UNUSED = (
    *("aiohttp", "asyncio", "lxml", "tomllib", "difflib", "shutil"),
    *(f"oss_referer.sources.{name}" for name in "bucket editing hcl plain_list terraform".split()),
)
"""Modules that load slowly, and that a decision on a Referer by rules in XML does not need."""

CHECK = f"""
import sys
from oss_emulator.cli import main
status = main(["check", "rules.xml", "https://www.example.com/"])
sys.exit(status or str([name for name in {UNUSED} if name in sys.modules]))
"""


def test_check_loads_only_what_it_needs(tmp_path: Path) -> None:
    tmp_path.joinpath("rules.xml").write_text(
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList/>"
        "</RefererConfiguration>"
    )
    done = subprocess.run(
        [sys.executable, "-c", CHECK], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stderr.strip() == "[]"
