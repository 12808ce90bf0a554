"""An object of 256 MiB does not grow the server's memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.process import serving
from tests.hard.large import MOST, peak, up_and_down
from tests.hard.traffic import FLAGS

pytestmark = pytest.mark.system


@pytest.mark.parametrize("store", ["memory", "disk"])
def test_large_objects_do_not_grow_memory(tmp_path: Path, store: str) -> None:
    flags = ("--data", str(tmp_path / "data")) if store == "disk" else ()
    with serving(tmp_path, *flags, *FLAGS) as running:
        up_and_down(running, 256 * 1024**2)
        assert peak(running) < MOST
        assert running.end() == 0
