"""A wildcard for sub-domains does not match the domain itself.

`https://*.example.com/` needs the dot before `example.com` (R-21), which `https://example.com/`
does not have. Write an entry for the domain too if it has pages.
"""

from dataclasses import replace

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Severity, Suspicion
from oss_referer.lint.mini_program import WRITE_APPID
from oss_referer.lint.risk import read_host
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, example
from oss_referer.search.sent import SENDS_PATHS

SEVERITY = Severity.WARNING

_SERVICES = {"*.console.aliyun.com"}
"""Domains that have only sub-domains."""


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with `*.` before a domain that the rules deny."""
    parts = entry.parts
    host = parts.host.removeprefix("*.")
    if not entry.is_white or entry.is_foreign or host == parts.host or "*" in host:
        return None
    root = Parts(parts.scheme or "https", host, parts.port, "/").join()
    if read_host(parts) is None:
        return None  # a public suffix, which is not a site of the owner
    if parts.host in _SERVICES:
        return None
    pages = (example(entry.text.replace("*.", f"{name}.", 1)) for name in ("www", "m"))
    if all(map(subject.denies_first, pages)):
        return None  # the blacklist denies all sub-domains, which `shadowed` reports
    reason = Sentence("The domain itself, without a sub-domain, is denied.")
    missing = subject.lacks(entry, root, reason)
    if missing and host == SENDS_PATHS:  # the domain would let in every mini program
        return replace(missing, correction=Correction(decide=WRITE_APPID))
    return missing
