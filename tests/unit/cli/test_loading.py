"""Loading without garbage collection."""

import gc
from collections.abc import Iterator

import pytest
from oss_emulator.cli.loading import loading


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    """Let collections look at the objects of these tests again."""
    yield
    gc.unfreeze()


def test_what_is_loaded_is_not_collected() -> None:
    with loading():
        assert not gc.isenabled()
        loaded: list[object] = []
    assert gc.isenabled()
    assert not any(found is loaded for found in gc.get_objects())


def test_error_enables_collections_again() -> None:
    with pytest.raises(ImportError), loading():
        raise ImportError
    assert gc.isenabled()
