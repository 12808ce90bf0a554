"""A wildcard replaces the scheme.

`*://www.example.com/`, `*//www.example.com/`, `http*www.example.com` and `https:/*.example.com/`
match `https://evil.test//www.example.com/`, because `*` stands for any characters, including `/`
(R-21). `http?://` matches `https://` and not `http://`, because `?` stands for exactly one. Write
an entry for each scheme.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with a wildcard in the scheme."""
    reading, line = entry.reading, subject.lines[entry.place]
    if not entry.is_white or "wildcard-scheme" not in reading.mistakes:
        return None
    if line.stranger is not None:
        return Suspicion(
            Evidence.ALLOWED,
            (line.stranger,),
            Sentence(
                "Its * in place of the scheme can also stand for another host and a /, so a "
                "stranger with this name in its path gets in."
            ),
        )
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(site.page(scheme) for site in reading.sites for scheme in site.schemes),
        Sentence("Its ? stands for exactly one character, so it does not match both schemes."),
    )
