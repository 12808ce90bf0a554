"""An entry has no effect because another entry matches everything that it matches.

Often the wider entry is wider than intended: if you wrote this entry with care, check the other.
"""

from oss_referer.engine import GramIndex, Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import Kind
from oss_referer.plan.proof import covers
from oss_referer.search.entry import example, parse_entry

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Suspicions:
    """Suspect entries that one other entry of the same list covers."""
    for entries in (subject.whitelist, subject.blacklist):
        first = {entry.text: entry for entry in reversed(entries)}  # duplicates have their own rule
        filed = GramIndex(parse_entry(text) for text in first)
        for entry in first.values():
            page = example(entry.text)
            wider = next(
                (
                    first[pattern.text]
                    for pattern in filed.candidates(page)
                    if pattern.matches(page) and _covers(subject, first[pattern.text], entry)
                ),
                None,
            )
            if wider is not None:
                yield Suspicion(
                    Evidence.UNCHANGED,
                    (page,),
                    Sentence("{} matches everything that this entry matches.", wider.place.entry),
                    entry.place,
                )


def _covers(subject: Subject, wider: LintedEntry, entry: LintedEntry) -> bool:
    if wider.reading.kind is Kind.EVERYBODY:
        return False  # matches_all reports it
    if wider is entry or not covers(wider.pattern, entry.pattern, subject.cut):
        return False
    # If two entries match the same Referers, the later one is superfluous.
    same = covers(entry.pattern, wider.pattern, subject.cut)
    return not same or wider.place.position < entry.place.position
