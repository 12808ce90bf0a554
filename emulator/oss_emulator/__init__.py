"""A local server that speaks the protocol of Alibaba Cloud OSS and enforces hotlink protection.

`Emulator` runs the server in a thread. `oss_emulator.testing` adds assertions and interception, and
its pytest plugin loads itself. `oss_referer` decides on Referers without a server.

Docstrings and comments cite the facts that the code follows:

- P-..: the protocol, in docs/protocol.md
- R-.. and B-..: hotlink protection and what browsers send, in docs/referer.md
- A-..: accounts, policies and permissions, in docs/access.md
"""

from typing import TYPE_CHECKING, Any

from oss_referer.version import __version__

if TYPE_CHECKING:
    from oss_emulator.testing.emulator import Emulator

__all__ = ["Emulator", "__version__"]


def __getattr__(name: str) -> Any:
    # Import on first use: parts of the package work without aiohttp, and commands start faster.
    if name == "Emulator":
        from oss_emulator.testing.emulator import Emulator

        return Emulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
