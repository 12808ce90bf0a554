"""A local server that speaks the OSS protocol and enforces hotlink protection."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.server.running import Emulator

__version__ = "0.1.0"
__all__ = ["Emulator", "__version__"]


def __getattr__(name: str) -> Any:
    # Loaded when asked for: the bricks can be used without aiohttp, and commands start quickly.
    if name == "Emulator":
        from emulator.server.running import Emulator

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
