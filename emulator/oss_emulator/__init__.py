"""A local server that speaks the OSS protocol and enforces hotlink protection."""

from typing import TYPE_CHECKING, Any

from oss_emulator.version import __version__

if TYPE_CHECKING:
    from oss_emulator.testing.emulator import Emulator

__all__ = ["Emulator", "__version__"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the bricks work without aiohttp, and commands start quickly.
    if name == "Emulator":
        from oss_emulator.testing.emulator import Emulator

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
