"""Pages at the service's own host names are downloaded, not shown.

Since 2017 the service sends `.htm` and `.html` objects of new buckets as downloads at hosts such as
`BUCKET.oss-REGION.aliyuncs.com` (D-01). So no page at such a host sends a Referer, and an entry for
the host helps only a video in the address bar (B-06). The service sends images there as downloads
too (D-03). Bind your own domain to the bucket, and list that domain.
"""

from oss_referer.browser.default_domain import find_rule_of_url
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject
from oss_referer.plan import BOTH

SEVERITY = Severity.NOTE


def suspect(subject: Subject) -> Suspicions:
    """Suspect whitelist entries that name a bucket at the service's endpoint."""
    for entry in subject.whitelist:
        site = f"{entry.parts.scheme}://{entry.parts.host}/"
        rule = find_rule_of_url(entry.parts.host, "index.html")
        if rule is None or entry.parts.scheme not in BOTH:
            continue
        yield Suspicion(
            Evidence.ALLOWED,
            (site, f"{site}video.mp4"),
            Sentence(
                "Pages of {} are downloaded and not shown ({}), so they send no Referer.",
                site,
                rule.fact,
            ),
            place=entry.place,
        )
