"""A CDN in front answers from its cache without asking OSS.

A CDN sends OSS the Referer of the first visitor. Once the object is in its cache, everybody gets
it, even visitors whom these rules deny (R-43). If the rules deny the first visitor, the CDN may
send that answer to all visitors. A CDN that reads a private bucket signs its requests, so the rules
never apply to them (R-36). If you use a CDN, set the Referer rules there.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE
COMMON = True


def suspect(subject: Subject) -> Suspicions:
    """Suspect rules with a whitelist."""
    if subject.has_whitelist:
        yield Suspicion(
            Evidence.DENIED,
            (f"https://{subject.stranger}/",),
            Sentence("Behind a CDN, denied sites still get the objects that are in its cache."),
        )
