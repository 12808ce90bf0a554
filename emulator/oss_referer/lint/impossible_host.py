"""An entry has a host or a port that no site has.

A host consists of letters, digits, hyphens and dots, and a port is at most 65535. Browsers send no
other Referer, so the entry matches nothing. Often it contains a stray character. A dot before the
host, as in cookies and nginx, is not a wildcard.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import LEAVE_OUT, Correction, Evidence, Suspicion
from oss_referer.lint.risk import GUESS
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, example
from oss_referer.search.url import is_host, is_port


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with other characters or empty labels in the host, or with a bad port."""
    if entry.is_foreign:
        return None
    parts, port = entry.parts, _bad_port(entry.parts)
    if port is None and _may_be_host(entry):
        return None
    correction = _correct(entry, Parts(parts.scheme, parts.host, None if port else parts.port, "/"))
    page = example(correction.instead[0]) if correction.instead else STRANGER
    reason = (
        Sentence("No site has such a host.")
        if port is None
        else Sentence("No site has the port {}.", port[:40])
    )
    return Suspicion(Evidence.UNMATCHED, (page,), reason, correction, is_dead=True)


def _bad_port(parts: Parts) -> str | None:
    """Return a port that no site has; None for an entry without a port or with a valid one."""
    if parts.port is None:
        written = re.match(r":[^/]*", parts.rest)
        return written and (written[0].removeprefix(":") or ":")
    if is_port(parts.port) and parts.rest[:1] in ("", "/", "?", "#"):
        return None
    return parts.port + parts.rest.partition("/")[0]


def _correct(entry: LintedEntry, likely: Parts) -> Correction:
    host = likely.host.removeprefix(".")
    if host != likely.host and is_host(host):
        both = (f"*.{host}", host)
        schemes = (likely.scheme,) if likely.scheme else entry.schemes
        return Correction(
            tuple(
                Parts(scheme, item, likely.port, "/").join() for scheme in schemes for item in both
            )
        )
    guessed = likely.host if is_host(likely.host) else _guess(likely.host)
    corrected = Parts(likely.scheme, guessed, likely.port, "/").join()
    is_likely = is_host(guessed) and ("." in guessed or guessed == likely.host)
    is_likely &= "@" not in entry.text  # a user name is not a host
    if not is_likely or corrected == entry.text or not likely.host.isascii():
        return Correction(decide=LEAVE_OUT)
    return Correction((corrected,), risk=None if guessed == likely.host else GUESS)


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


def _guess(host: str) -> str:
    kept = re.sub(r"[^a-z0-9*?.-]", "", host.lower())
    labels = [label.strip("-") for label in kept.split(".")]
    return ".".join(filter(None, labels))
