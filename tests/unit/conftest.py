"""The fixtures of all unit tests."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder in memory if the system has one: the 256 folders of a data folder are slow."""
    memory = Path("/dev/shm")  # noqa: S108 - of Linux
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made)
