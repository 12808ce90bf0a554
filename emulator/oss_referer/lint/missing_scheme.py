"""An entry without a scheme matches nothing that a browser sends.

A Referer begins with `http://` or `https://`, and an entry must match from its first character on
(R-20). The service accepts, stores and returns `www.example.com`, but it matches no Referer (R-23).
This is the usual cause of "configured but no effect", and of a whole site that gets 403. Write the
scheme, and a `/` after the host, so that the entry does not match longer hosts.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import SCHEMES, LintedEntry, Subject
from oss_referer.search.entry import example


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that begin with a host."""
    bare = entry.text.lstrip("/")
    if entry.parts.scheme is not None or not bare[:1].isalnum() or entry.is_foreign:
        return None
    ending = "" if "/" in bare or bare.endswith("*") else "/"
    corrected = tuple(f"{scheme}://{bare}{ending}" for scheme in SCHEMES)
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(map(example, corrected)),
        Sentence("It has no scheme, but every Referer of a browser begins with one."),
        is_dead=True,
    )
