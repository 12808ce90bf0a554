"""Asking a service: put the rules of each setup, wait until they take effect, send the requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from oss_emulator.referer.codec import format
from oss_emulator.referer.request import Signing

from .inquiries import Ask, plan
from .requests import Fetch, PutAcl, PutRules, Reply, ServiceRequest
from .setups import Setup

TRIES = 25
"""How often the canaries of a setup are tried at most."""
IN_A_ROW = 2
"""How often they must be answered as wanted before the rules count as in effect."""

Send: TypeAlias = Callable[[ServiceRequest], Reply]
Replies: TypeAlias = Mapping[Ask, Reply | str]
"""What a service replied to each request, or why there is no reply."""


def bounds(left_out: Mapping[Setup, str]) -> tuple[int, int]:
    """Return how many requests are sent if rules take effect at once, and at most."""
    asked = [(setup, asks) for setup, asks in plan().items() if setup not in left_out]
    fixed = sum(len(asks) + (setup.rules is not None) + bool(setup.acl) for setup, asks in asked)
    canaries = sum(len(setup.canaries) for setup, _ in asked)
    return fixed + canaries * IN_A_ROW, fixed + canaries * TRIES * len(_SIGNINGS)


def ask_all(send: Send, left_out: Mapping[Setup, str], withheld: Callable[[Ask], str]) -> Replies:
    """Send all requests, one setup after the other.

    `left_out` names the setups that cannot be asked under, and `withheld` returns why a request
    cannot be sent, or "".
    """
    replies: dict[Ask, Reply | str] = {}
    for setup, asks in plan().items():
        reason = left_out.get(setup, "")
        if not reason:
            reason = _set_up(send, setup, replies)
        for ask in asks:
            why = reason or withheld(ask)
            replies[ask] = why or _send(send, ask)
    return replies


def _set_up(send: Send, setup: Setup, replies: dict[Ask, Reply | str]) -> str:
    """Bring the bucket into the state of a setup; returns why that failed, or ""."""
    if setup.acl:
        reply = send(PutAcl(setup.acl))
        if reply.status >= 300:
            return f"PutBucketAcl {setup.acl} was answered {reply}"
    if setup.rules is not None:
        reply = replies[Ask(setup, None)] = send(PutRules(format(setup.rules)))
        if reply.status >= 300:
            return f"PutBucketReferer was answered {reply}"
    if not _take_effect(send, setup):
        return f"the rules were not seen to take effect in {TRIES} tries"
    return ""


def _take_effect(send: Send, setup: Setup) -> bool:
    """Try the canaries until they are answered as wanted, in signed URLs or anonymously."""
    row = 0
    for _ in range(TRIES):
        row = row + 1 if any(_sings(send, setup, signing) for signing in _SIGNINGS) else 0
        if row == IN_A_ROW or not setup.canaries:
            return True
    return False


def _sings(send: Send, setup: Setup, signing: Signing) -> bool:
    return all(
        wanted.fits(send(Fetch((referer,), signing=signing))) for referer, wanted in setup.canaries
    )


def _send(send: Send, ask: Ask) -> Reply | str:
    if ask.request is None:
        raise TypeError("the PutBucketReferer of a setup is sent with it")
    reply = send(ask.request)
    return f"the service answered {reply}" if reply.is_trouble else reply


_SIGNINGS = (Signing.URL, Signing.NONE)
"""How canaries are sent: if one way fails, the other one may show that the rules are in effect."""
