"""An entry requires a port, but browsers omit the default port.

`https://www.example.com:*/` needs the colon before the port (R-21). Browsers send a port only if it
is not the default of the scheme (B-02), so the entry does not match `https://www.example.com/`.
Write an entry without a port too.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with a wildcard port if the rules deny the default port."""
    parts = entry.parts
    port = parts.port or ""
    if not entry.is_white or not parts.names_host or "*" not in port or port.strip("*?"):
        return None  # also for ports such as 80*
    origin = Parts(parts.scheme, parts.host, None, parts.rest or "/").join()
    reason = Sentence("Browsers leave the default port out, with its colon.")
    return subject.lacks(origin, reason)
