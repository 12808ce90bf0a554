"""The event loop of the server."""

import asyncio
import warnings
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The factory of uvloop if it is installed (the extra `fast`), else None for asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop with whatever is left on it, such as connections whose TLS was never begun.

    uvloop warns of each; where warnings are errors, it would then wait for them for ever. (Not a
    method of a loop of ours: even an empty subclass of uvloop's costs each request 5 µs.)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loop.close()
