"""Loading what stays in memory: the modules of a command, and the seed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Let no collection of garbage look at what the block loads, neither now nor later.

    It stays in memory, so there is no garbage to find. Looking for it again and again would take an
    eighth of the start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
