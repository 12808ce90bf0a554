"""An entry has a host or a port that no site has.

A host consists of letters, digits, hyphens and dots, and a port is at most 65535. Browsers send no
other Referer, so the entry matches nothing. Often it contains a stray character.
"""

import re

from oss_emulator.lab.domains import is_host, is_port
from oss_emulator.lab.parts import Parts
from oss_emulator.referer.sentence import Sentence

from .finding import Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries whose host has other characters or empty labels."""
    parts = entry.parts
    bad_port = parts.port is not None and not is_port(parts.port)
    if entry.is_foreign or (_may_be_host(entry) and not bad_port):
        return None
    likely = Parts(parts.scheme, _likely_host(parts.host), None if bad_port else parts.port, "/")
    corrected = likely.join()
    is_likely = is_host(likely.host) and "." in likely.host and parts.host.isascii()
    if bad_port:
        reason = Sentence("No site has the port {}.", parts.port or "")
    else:
        reason = Sentence("No site has such a host.")
    return Suspicion.unmatched(corrected if is_likely and corrected != entry.text else "", reason)


def _may_be_host(entry: LintedEntry) -> bool:
    host, begin = entry.parts.host.lower(), entry.text.partition("*")[0]
    if entry.parts.scheme is None and not entry.text.startswith("*"):
        return False  # what begins with a host has its own rule
    if "*" in entry.text and not host.strip("*?.") and len(begin) < len("https://"):
        return True  # such as *.* or *://*
    if not host.strip("*?") or not entry.parts.rest:
        host = host.rstrip(".*") or "*"  # a prefix of hosts has its own rule
    ending = host.lstrip("*").lstrip(".") or "*"
    return is_host(ending if host[:1] == "*" else host)


def _likely_host(host: str) -> str:
    kept = re.sub(r"[^a-z0-9*?.-]", "", host.lower())
    labels = [label.strip("-") for label in kept.split(".")]
    return ".".join(filter(None, labels))
