"""WeChat mini programs have a Referer of their own.

A mini program sends `https://servicewechat.com/<appid>/<version>/page-frame.html`, whatever site it
belongs to. Without an entry for it, it is denied; an entry that does not name the appid allows
every mini program of WeChat.
"""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import Subject

SEVERITY = Severity.NOTE

_HOST = "https://servicewechat.com/"
_REFERER = f"{_HOST}wx0123456789abcdef/1/page-frame.html"
_NAMED = (f"{_HOST}YOUR-APPID/",)


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelists that allow no mini program, or all of them."""
    named = [entry for entry in subject.whitelist if "servicewechat" in entry.text]
    if subject.whitelist and not named:
        yield Suspicion(
            Evidence.DENIED,
            (_REFERER,),
            "The rules deny WeChat mini programs.",
            Correction(add=_NAMED),
        )
    for entry in named:
        if entry.pattern.matches(_REFERER):
            yield Suspicion(
                Evidence.ALLOWED,
                (_REFERER,),
                "It names no appid, so it allows every WeChat mini program.",
                Correction(_NAMED),
                entry.place,
                Severity.WARNING,
            )
