"""A browser requests a video twice, once without a Referer and once with the video's own address.

For an MP4 or MP3 in the address bar, the first request has no Referer, and the second has the
address of the file itself (B-06). If `AllowEmptyReferer` is false, the rules deny the first request
(R-11). If it is true but the host of the bucket is not in the whitelist, they deny the second one.
Allow empty Referers and add `https://BUCKET.oss-REGION.aliyuncs.com/`. On a page, the first request
has the Referer of the page, and later requests may have no Referer (R-44).
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion, Suspicions
from oss_referer.lint.subject import Subject

SEVERITY = Severity.NOTE
COMMON = True

_BUCKET = "https://examplebucket.oss-cn-hangzhou.aliyuncs.com/video.mp4"
_ENDINGS = (".aliyuncs.com", ".aliyuncs.com/")


def suspect(subject: Subject) -> Suspicions:
    """Suspect rules that deny one of the two requests."""
    if not subject.configuration.allow_empty_referer:
        yield Suspicion(
            Evidence.DENIED,
            (None,),
            Sentence(
                "A video opened from the address bar fails: its first request has no Referer."
            ),
        )
    elif not any(entry.text.endswith(_ENDINGS) for entry in subject.whitelist):
        yield Suspicion(
            Evidence.DENIED,
            (_BUCKET,),
            Sentence(
                "A video opened from the address bar fails: the Referer of its second request is "
                "its own address, and the host of the bucket is not listed."
            ),
        )
