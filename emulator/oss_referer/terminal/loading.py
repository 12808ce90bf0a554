"""Loading what stays in memory: the modules of a command, and the seed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Collect no garbage while the block loads what stays in memory.

    There is hardly any, and looking for it again and again would take an eighth of the start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
