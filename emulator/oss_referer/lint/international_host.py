"""A host is not written in ASCII, but browsers send it in ASCII.

The Referer of `https://例え.example/` is `https://xn--r8jz45g.example/` (B-02). Write the entry in
the ASCII form.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.url import encode_host


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries whose host has a letter outside ASCII."""
    host = entry.parts.host
    ascii_host = None if host.isascii() else encode_host(host)
    if not ascii_host:
        return None
    head, _, tail = entry.text.partition(host)
    corrected = f"{head}{ascii_host}{tail}"
    return Suspicion.unmatched(corrected, Sentence("Browsers send this host in its ASCII form."))
