"""A verified request to an RPC service."""

from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.access import Accounts, Identity


class Installation(NamedTuple):
    """What the answers of a server depend on besides the request."""

    accounts: Accounts
    key: bytes = b""
    """The secret key of the server."""
    region: str = "cn-hangzhou"
    """The region of requests whose host names none."""


class RPCCall(NamedTuple):
    """The argument of every action."""

    parameters: Mapping[str, str]
    caller: Identity
    installation: Installation
    region: str
    now: float
    material: bytes
    """Random bytes."""
