"""A verified request to STS."""

from collections.abc import Mapping
from typing import NamedTuple

from oss_emulator.access import Accounts, Identity


class STSCall(NamedTuple):
    """The argument of every action."""

    parameters: Mapping[str, str]
    caller: Identity
    accounts: Accounts
    now: float
    material: bytes
    """Random bytes."""
