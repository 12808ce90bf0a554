"""With `TruncatePath` true, no entry is both effective and safe.

`TruncatePath` leaves `scheme://host[:port]` of a Referer, without a `/` (R-27), and does not cut
the entries (R-28). So `https://www.example.com/` matches nothing, and `https://www.example.com`
also matches `https://www.example.com.evil.test`. Both facts are partly assumed. Leave
`TruncatePath` false and end each entry with `/`: browsers send other sites no path anyway.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.automaton import Truncation
from oss_referer.search.entry import example
from oss_referer.search.sent import read_sent


def suspect(subject: Subject) -> Suspicions:
    """Suspect TruncatePath if the plan sets it to false."""
    if not any(line.about == "truncate-path" for line in subject.plan.lines):
        return
    dead = Sentence("TruncatePath is true, so entries with a / after the host match nothing.")
    is_open = Sentence("TruncatePath is true, so an entry cannot end the host with a /.")
    entries, is_cut = subject.entries[:100], subject.cut is Truncation.PATH
    cut = [(one, example(one.text)) for one in entries if is_cut and "/" in one.parts.rest]
    longer = [example(f"{one.text.rstrip('*/')}.{subject.stranger}/") for one in entries]
    found = [(dead, page) for one, page in cut if subject.allows(page) is not one.is_white]
    found += [(is_open, page) for page in longer if subject.allows(page)]
    reason, page = next((one for one in found if read_sent(one[1])), (is_open, STRANGER))
    yield subject.describe(reason, page)
