"""The blacklist denies a site by one scheme only.

The scheme is compared as text (R-22): `https://thief.example/` does not match
`http://thief.example/`, so a site that is denied by https gets in if it is opened by http. Write
both entries.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan.proof import covers
from oss_referer.search.entry import Parts, example, parse_entry

SEVERITY = Severity.WARNING

_OTHER = {"http": "https", "https": "http"}


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect blacklist entries if the rules allow the host by the other scheme."""
    parts = entry.parts
    if entry.is_white or parts.scheme not in _OTHER or not parts.names_host or parts.port:
        return None  # a port serves one scheme
    other = Parts(_OTHER[parts.scheme], parts.host, None, parts.rest).join()
    decided = subject.decide(example(other))
    if not decided.reason.allows:
        return None
    if decided.entry is not None and covers(parse_entry(other), decided.entry, subject.cut):
        return None  # the whitelist names this very site
    return Suspicion(
        Evidence.ALLOWED,
        (example(other),),
        Sentence("The same site is allowed by {}.", _OTHER[parts.scheme]),
    )
