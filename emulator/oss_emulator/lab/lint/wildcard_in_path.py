"""A `*` in a host also matches another host and the `/` after it.

`*.example.com` and `https://*.example.com/` match `https://evil.test/.example.com/`, because `*`
stands for any characters, including `/` (R-21). Only a page that sends its whole address does that,
but an attacker can write such a page (`referrerpolicy="unsafe-url"`). Only hosts without wildcards
are safe.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.parts import Parts, fill

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries with `*` in or before the host, unless TruncatePath is true."""
    for entry in subject.whitelist if subject.cut is not Cut.PATH else ():
        if "*" in entry.parts.origin and entry.parts.names_host:
            yield Suspicion(
                Evidence.ALLOWED,
                (_behind(entry, "https"), _behind(entry, "http")),
                "Its * also matches another host and the / after it.",
                Correction((_named(entry),)),
                entry.place,
            )


def _behind(entry: LintedEntry, scheme: str) -> str:
    parts = entry.parts
    if parts.scheme is None or "*" in parts.scheme:
        head, tail = f"{scheme}://evil.test/", parts.host.lstrip("*")
    else:
        before, _, tail = parts.host.partition("*")
        head = f"{parts.scheme}://{before}evil.test/"
    ending = fill(parts.rest, "") or "/"
    return Parts(None, head + fill(tail, "x"), parts.port, ending).join()


def _named(entry: LintedEntry) -> str:
    scheme = entry.parts.scheme or "https"
    host = fill(entry.parts.host, "www" if entry.parts.host[1:2] == "." else "")
    return Parts(scheme.replace("*", "") or "https", host, entry.parts.port, "/").join()
