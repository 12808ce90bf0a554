"""An entry contains the default port of its scheme, which browsers omit.

A port is compared as text (R-22): `https://www.example.com:443/` needs `:443` in the Referer, but
browsers send a port only if it is not the default of the scheme (B-02).
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.url import DEFAULT_PORTS


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with http and port 80, or with https and port 443."""
    parts = entry.parts
    if parts.port is None or parts.port != DEFAULT_PORTS.get(parts.scheme or ""):
        return None
    corrected = f"{parts.scheme}://{parts.host}{parts.rest or '/'}"
    reason = Sentence("Browsers leave the default port {} out of the Referer.", parts.port)
    return Suspicion.unmatched(corrected, reason)
