"""With `TruncatePath` true, no whitelist entry is both effective and safe.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not cut
the entries (R-28). So `https://www.example.com/` matches nothing, and `https://www.example.com`
also matches `https://www.example.com.evil.test`. Both facts are partly assumed. Leave
`TruncatePath` false and end each entry with `/`: browsers send other sites no path anyway.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import example


def suspect(subject: Subject) -> Suspicions:
    """Suspect TruncatePath with a whitelist that names a site."""
    if not subject.configuration.truncate_path or not subject.names_sites:
        return
    named = [entry for entry in subject.whitelist if entry.parts.names_host]
    dead = [example(entry.text) for entry in named if "/" in entry.parts.rest]
    if dead and subject.cut is Truncation.PATH:
        said = Sentence("TruncatePath is true, so entries with a / after the host match nothing.")
        yield Suspicion(Evidence.DENIED, tuple(dead[:100]), said)
    else:
        said = Sentence("TruncatePath is true, so an entry cannot end the host with a /.")
        pages = [example(f"{entry.text.rstrip('*/')}.{subject.stranger}/") for entry in named[:100]]
        yield Suspicion(Evidence.ALLOWED, tuple(pages), said)
