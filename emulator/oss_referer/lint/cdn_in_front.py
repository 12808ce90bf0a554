"""A CDN in front answers from its cache without asking OSS.

A CDN sends OSS the Referer of the first visitor. Once the object is in its cache, everybody gets
it, also visitors whom these rules deny (R-43); if the first visitor is denied, the CDN may keep
that answer for all. A CDN that reads a private bucket signs its requests, so the rules never apply
to them (R-36). If there is a CDN, set the Referer rules there.
"""

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE
COMMON = True


def suspect(subject: Subject) -> Suspicions:
    """Suspect rules that deny somebody."""
    if subject.has_whitelist:
        yield Suspicion(
            Evidence.DENIED,
            (STRANGER,),
            Sentence("Behind a CDN, denied sites still get the objects that are in its cache."),
        )
