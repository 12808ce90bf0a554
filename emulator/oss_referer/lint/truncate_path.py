"""With `TruncatePath` true, no entry is both effective and safe.

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
    """Suspect TruncatePath if an entry names a site."""
    if subject.find_line(None, "truncate-path") is None:
        return
    is_white = subject.names_sites
    entries = subject.whitelist if is_white else subject.blacklist
    named = [entry for entry in entries if entry.parts.names_host]
    dead = [example(entry.text) for entry in named if "/" in entry.parts.rest]
    if dead and subject.cut is Truncation.PATH:
        said = Sentence("TruncatePath is true, so entries with a / after the host match nothing.")
        missed = Evidence.DENIED if is_white else Evidence.ALLOWED
        yield Suspicion(missed, tuple(dead[:100]), said)
    else:
        said = Sentence("TruncatePath is true, so an entry cannot end the host with a /.")
        pages = [example(f"{entry.text.rstrip('*/')}.{subject.stranger}/") for entry in named[:100]]
        matched = Evidence.ALLOWED if is_white else Evidence.DENIED
        yield Suspicion(matched, tuple(pages), said)
