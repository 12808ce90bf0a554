"""An entry has a query, but the service cuts the query of the Referer before it compares.

`AllowTruncateQueryString`, which is true by default, cuts the Referer at its first `?` (R-26) and
does not cut the entries (R-28). Also, `?` in an entry is a wildcard and not a question mark (R-21).
Remove the query, and the path, which browsers do not send across sites; or set
`AllowTruncateQueryString` to false.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.automaton import Truncation


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with a `?` after the host."""
    if subject.cut is not Truncation.QUERY or "?" not in entry.parts.rest:
        return None
    return Suspicion(
        Evidence.UNMATCHED,
        (entry.text.replace("*", "www"),),
        Sentence("AllowTruncateQueryString cuts the query off the Referer before the comparison."),
    )
