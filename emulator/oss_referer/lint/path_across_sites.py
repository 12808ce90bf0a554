"""An entry has a path, but browsers send no path to other sites.

By default (`strict-origin-when-cross-origin`) a browser sends only `https://host/` to another host,
such as that of the bucket. Only a page with the policy `unsafe-url` or
`no-referrer-when-downgrade` sends its path. Write the entry up to its first `/`.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import Parts, example, parse_entry
from oss_referer.search.sent import SENDS_PATHS

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that do not match the `/` after their own host."""
    parts = entry.parts
    if not parts.names_host or entry.is_foreign or parts.rest in ("", "/"):
        return None
    if subject.cut is Truncation.PATH and not entry.is_white:
        return None  # needs_path reports it
    if parts.host == SENDS_PATHS and parts.rest.startswith("/"):
        return None
    origin = Parts(parts.scheme, parts.host, parts.port, "/").join()
    if parse_entry(entry.text).matches(example(origin)):
        return None
    reason = Sentence("To other sites, browsers send the origin without the path.")
    return Suspicion(Evidence.UNMATCHED, (example(origin), STRANGER), reason)
