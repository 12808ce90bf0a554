"""The entries together have more bytes than PutBucketReferer accepts, or nearly.

The service refuses more than 20 KB in both lists together with `InlineDataTooLarge` (R-42). The
documentation does not say what counts. The emulator counts the entries in UTF-8, and the rule
reports 16 KB and more, to leave some room. Write one entry with a wildcard instead of many, or
spread the objects over several buckets. For lists with more than 100 KiB, the linter checks only
the size.
"""

from oss_referer.engine import Sentence
from oss_referer.engine.policy import MAX_EXAMINED, MAX_SIZE
from oss_referer.lint.finding import Suspicions
from oss_referer.lint.subject import Subject

WARNED_SIZE = 16 * 1024
"""Bytes of entries from which the rule has a note."""


def suspect(subject: Subject) -> Suspicions:
    """Suspect lists that are too large, or nearly."""
    size = subject.configuration.size
    if size < WARNED_SIZE:
        return
    template = "The entries have {} bytes, and PutBucketReferer refuses more than {}."
    if size > MAX_EXAMINED:
        template = (
            "The entries have {} bytes, and PutBucketReferer refuses more than {}. "
            "Nothing else was examined."
        )
    yield subject.describe(Sentence(template, f"{size:,}", f"{MAX_SIZE:,}"))
