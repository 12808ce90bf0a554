"""Asking a service: put the rules of each setup, wait until they take effect, send the requests."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from oss_referer.sources.referer_xml import format

from .inquiries import Ask, plan
from .requests import Fetch, PutAcl, PutRules, Reply, ServiceRequest
from .setups import Setup

TRIES = 25
"""The most times that the canaries of a setup are tried."""
IN_A_ROW = 2
"""The number of expected answers in a row after which the rules count as in effect."""

Send: TypeAlias = Callable[[ServiceRequest], Reply]
Replies: TypeAlias = Mapping[Ask, Reply | str]
"""What a service replied to each request, or why there is no reply."""


def bounds(left_out: Mapping[Setup, str]) -> tuple[int, int]:
    """Return how many requests are sent if rules take effect at once, and at most."""
    asked = [(setup, asks) for setup, asks in plan().items() if setup not in left_out]
    fixed = sum(len(asks) + (setup.rules is not None) + bool(setup.acl) for setup, asks in asked)
    canaries = sum(len(setup.canaries) for setup, _ in asked)
    most = sum(len(setup.canaries) * len(setup.signings) for setup, _ in asked)
    return fixed + canaries * IN_A_ROW, fixed + most * TRIES


def ask_all(
    send: Send,
    left_out: Mapping[Setup, str],
    withheld: Callable[[Ask], str],
    pause: Callable[[], None],
) -> Replies:
    """Send all requests, one setup after the other.

    `left_out` names the setups that cannot be asked under, and `withheld` returns why a request
    cannot be sent, or "". `pause` is called while rules have not taken effect yet.
    """
    replies: dict[Ask, Reply | str] = {}
    for setup, asks in plan().items():
        reason = left_out.get(setup, "")
        if not reason:
            reason = _set_up(send, pause, setup, replies)
        for ask in asks:
            why = reason or withheld(ask)
            replies[ask] = why or _send(send, ask)
    return replies


def _set_up(
    send: Send, pause: Callable[[], None], setup: Setup, replies: dict[Ask, Reply | str]
) -> str:
    """Bring the bucket into the state of a setup; returns why that failed, or ""."""
    if setup.acl:
        reply = send(PutAcl(setup.acl))
        if reply.status >= 300:
            return f"PutBucketAcl {setup.acl} was answered {reply}"
    if setup.rules is not None:
        reply = replies[Ask(setup, None)] = send(PutRules(format(setup.rules)))
        if reply.status >= 300:
            return f"PutBucketReferer was answered {reply}"
    if setup.canaries and not _takes_effect(send, pause, setup):
        return f"the new rules or ACL did not take effect within {TRIES} tries"
    return ""


def _takes_effect(send: Send, pause: Callable[[], None], setup: Setup) -> bool:
    """Try the canaries until they are answered as wanted, several times in a row."""
    row = 0
    for _ in range(TRIES):
        row = row + 1 if _is_in_effect(send, setup) else 0
        if row == IN_A_ROW:
            return True
        if row == 0:
            pause()
    return False


def _is_in_effect(send: Send, setup: Setup) -> bool:
    """Whether all canaries are answered as wanted, in one of the ways to sign them."""
    return any(
        all(
            wanted.fits(send(Fetch((referer,), signing=signing, target=setup.target)))
            for referer, wanted in setup.canaries
        )
        for signing in setup.signings
    )


def _send(send: Send, ask: Ask) -> Reply | str:
    if ask.request is None:
        raise TypeError("the PutBucketReferer of a setup is sent with it")
    reply = send(ask.request)
    return f"the service answered {reply}" if reply.is_trouble else reply
