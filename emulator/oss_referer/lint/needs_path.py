"""A blacklist entry has a path, but the service cuts the path of the Referer before it compares.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not cut
the entries (R-28). An entry with a path, even a single `/`, therefore matches nothing. Remove the
path with its `/`. The whitelist has the rule `truncate-path`.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import example


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect blacklist entries with a path if TruncatePath is true."""
    if subject.cut is not Truncation.PATH or entry.is_white or not entry.parts.names_host:
        return None
    if "/" not in entry.parts.rest:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (example(entry.text),),
        Sentence("TruncatePath cuts the path off the Referer, with its /."),
    )
