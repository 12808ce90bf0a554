"""The HTTP server: the only asynchronous code."""

from oss_emulator.server.app import Server

__all__ = ["Server"]
