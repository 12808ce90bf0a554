"""An entry occurs twice in the same list.

The second one has no effect. Often the author intended another entry, such as one for the other
scheme.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.search.entry import example

SEVERITY = Severity.WARNING


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries that repeat an earlier one."""
    for entries in (subject.whitelist, subject.blacklist):
        seen: set[str] = set()
        for entry in entries:
            if entry.text in seen:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (example(entry.text),),
                    Sentence("The same entry occurs earlier in this list."),
                    entry.place,
                )
            seen.add(entry.text)
