"""The HTTP server: the only asynchronous code."""

from emulator.server.app import Server

__all__ = ["Server"]
