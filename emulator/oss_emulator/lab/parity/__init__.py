"""Parity: the requests that show whether a service decides as the emulator assumes.

`ask_all` sends them with the function that it gets, and `judge` compares the replies with every
variant of each assumed fact and with the documented ones. Nothing here opens a connection.
"""

from .asking import Replies, ask_all, bounds
from .inquiries import Ask
from .judging import Conclusion, ParityResult, chosen, format_assumptions, judge
from .requests import (
    Fetch,
    GetRules,
    PutAcl,
    PutRules,
    Reply,
    RequestTarget,
    ServiceRequest,
)
from .setups import SETUPS, Setup

__all__ = [
    "SETUPS",
    "Ask",
    "Conclusion",
    "Fetch",
    "GetRules",
    "ParityResult",
    "PutAcl",
    "PutRules",
    "Replies",
    "Reply",
    "RequestTarget",
    "ServiceRequest",
    "Setup",
    "ask_all",
    "bounds",
    "chosen",
    "format_assumptions",
    "judge",
]
