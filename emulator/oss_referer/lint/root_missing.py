"""A wildcard for sub-domains does not match the domain itself.

`https://*.example.com/` needs the dot before `example.com` (R-21), which `https://example.com/`
does not have. Write an entry for the domain too if it has pages.
"""

from oss_referer.engine import Reason, Sentence
from oss_referer.lint.finding import Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, example

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
    if not entry.reading.sites:
        return None  # a public suffix, which is not a site of the owner
    if parts.host in _SERVICES:
        return None
    pages = (example(entry.text.replace("*.", f"{name}.", 1)) for name in ("www", "m"))
    if all(subject.decide(page).reason is Reason.BLACKLISTED for page in pages):
        return None  # the blacklist denies all sub-domains, which `shadowed` reports
    reason = Sentence("The domain itself, without a sub-domain, is denied.")
    return subject.lacks(root, reason)
