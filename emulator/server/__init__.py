"""The HTTP server: the only asynchronous code."""

from emulator.server.app import Server
from emulator.server.running import Emulator

__all__ = ["Emulator", "Server"]
