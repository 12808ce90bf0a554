"""Loading the modules of a command."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """Let no collection of garbage look at what the block loads, neither now nor later.

    Modules stay loaded: looking at them again and again would take an eighth of the start.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
