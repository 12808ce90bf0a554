"""The HTTP server: sockets and TLS, on the public interface of aiohttp."""

from oss_emulator.server.app import Server

__all__ = ["Server"]
