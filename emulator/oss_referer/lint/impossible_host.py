"""An entry has a host or a port that no site has.

A host consists of letters, digits, hyphens and dots, and a port is at most 65535. Browsers send no
other Referer, so the entry matches nothing. Often it contains a stray character. A dot before the
host, as in cookies and nginx, is not a wildcard.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts
from oss_referer.search.url import is_host, is_port


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with other characters or empty labels in the host, or with a bad port."""
    if entry.is_foreign:
        return None
    port = _bad_port(entry.parts)
    if port is None and _may_be_host(entry):
        return None
    site = next(iter(subject.reading(entry.place).sites), None)
    page = STRANGER if site is None else site.page(site.schemes[0])
    reason = (
        Sentence("No site has such a host.")
        if port is None
        else Sentence("No site has the port {}.", port[:40])
    )
    return Suspicion(Evidence.UNMATCHED, (page,), reason, is_dead=True)


def _bad_port(parts: Parts) -> str | None:
    """Return a port that no site has; None for an entry without a port or with a valid one."""
    if parts.port is None:
        written = re.match(r":[^/]*", parts.rest)
        return written and (written[0].removeprefix(":") or ":")
    if is_port(parts.port) and parts.rest[:1] in ("", "/", "?", "#"):
        return None
    return parts.port + parts.rest.partition("/")[0]


def _may_be_host(entry: LintedEntry) -> bool:
    host, begin = entry.parts.host.lower(), entry.text.partition("*")[0]
    if entry.parts.scheme is None and not entry.text.startswith("*"):
        return False  # an entry that begins with a host has its own rule
    if "*" in entry.text and not host.strip("*?.") and len(begin) < len("https://"):
        return True  # such as *.* or *://*
    if not host.strip("*?") or not entry.parts.rest:
        host = host.rstrip(".*") or "*"  # a prefix of hosts has its own rule
    ending = host.lstrip("*").lstrip(".") or "*"
    return is_host(ending if host[:1] == "*" else host)
