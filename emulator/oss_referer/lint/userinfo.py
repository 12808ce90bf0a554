"""An entry contains a user name or a password.

Browsers remove `user:password@` from the Referer, so such an entry matches nothing.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts
from oss_referer.search.url import encode_host, is_host


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries with an `@` before the path."""
    before, sign, after = entry.text.rpartition("://")
    authority, slash, path = after.partition("/")
    _, at, host = authority.rpartition("@")
    if not at or not is_host(encode_host(Parts.split(host).host.lower()) or ""):
        return None
    corrected = f"{before}{sign}{host}{slash}{path}"
    reason = Sentence("Browsers leave the user name and password out of the Referer.")
    return Suspicion.unmatched(corrected, reason)
