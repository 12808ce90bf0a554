"""The event loop of the server."""

import asyncio
import signal
import warnings
from collections.abc import Callable


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return the factory of uvloop if it is installed (the extra `fast`), None for asyncio's."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def on_signal(number: signal.Signals, call: Callable[[], object]) -> None:
    """Call a function in the running loop when a signal arrives."""
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(number, call)
    except NotImplementedError:
        signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))


def close(loop: asyncio.AbstractEventLoop) -> None:
    """Close a loop that may still have connections, such as those that never began TLS.

    uvloop warns about each; where warnings are errors, it would then wait for them for ever. (This
    is a function because even an empty subclass of uvloop's loop costs each request 5 µs.)
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loop.close()
