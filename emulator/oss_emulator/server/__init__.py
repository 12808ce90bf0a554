"""The HTTP server: sockets, TLS and workers, on the public interface of aiohttp."""

from oss_emulator.server.app import Server

__all__ = ["Server"]
