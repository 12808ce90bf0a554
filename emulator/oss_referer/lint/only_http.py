"""A site is allowed by http only.

The scheme is compared as text (R-22): `http://www.example.com/` does not match
`https://www.example.com/`. The rules deny a site that has moved to https. Write both entries.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with http:// if the rules deny the host with https://."""
    parts = entry.parts
    if not entry.is_white or parts.scheme != "http" or not parts.names_host or parts.port:
        return None  # a port serves one scheme
    https = Parts("https", parts.host, None, parts.rest).join()
    return subject.lacks(https, Sentence("The same site is denied by https."))
