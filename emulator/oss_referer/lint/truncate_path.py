"""With `TruncatePath` true, no entry is both effective and safe.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not cut
the entries (R-28). So `https://www.example.com/` matches nothing, and `https://www.example.com`
also matches `https://www.example.com.evil.test`. Both facts are partly assumed. Leave
`TruncatePath` false and end each entry with `/`: browsers send other sites no path anyway.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import example


def suspect(subject: Subject) -> Suspicions:
    """Suspect TruncatePath if the plan sets it to false."""
    line = subject.find_line(None, "truncate-path")
    if line is None:
        return
    dead = Sentence("TruncatePath is true, so entries with a / after the host match nothing.")
    is_open = Sentence("TruncatePath is true, so an entry cannot end the host with a /.")
    is_cut = subject.cut is Truncation.PATH
    cut = [entry for entry in subject.entries[:100] if is_cut and "/" in entry.parts.rest]
    longer = [f"{entry.text.rstrip('*/')}.{subject.stranger}/" for entry in subject.entries[:100]]
    last = Evidence.ALLOWED if subject.allows(STRANGER) else Evidence.DENIED
    for evidence, entries, said in (
        (Evidence.DENIED, [entry.text for entry in cut if entry.is_white], dead),
        (Evidence.ALLOWED, [entry.text for entry in cut if not entry.is_white], dead),
        (Evidence.ALLOWED, longer, is_open),
        (last, [STRANGER], is_open),
    ):
        if subject.is_unexplained(line):
            yield Suspicion(evidence, tuple(map(example, entries)), said, line=line)
