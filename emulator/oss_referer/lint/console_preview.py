"""The preview in the OSS console has its own Referer.

The console shows objects on pages of hosts such as `oss.console.aliyun.com`. Without an entry for
them, the preview of an image fails with 403. The documentation names `*.console.aliyun.com` (R-44);
the safe form is `https://*.console.aliyun.com/` with the blacklist entry
`https://*/*.console.aliyun.com/`.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE
COMMON = True


def suspect(subject: Subject) -> Suspicions:
    """Suspect whitelists that deny the console."""
    if subject.has_whitelist:
        yield Suspicion(
            Evidence.DENIED,
            ("https://oss.console.aliyun.com/",),
            Sentence("The rules deny the preview in the OSS console."),
        )
