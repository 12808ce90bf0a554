"""A host ends in a dot.

`https://www.example.com./` and `https://www.example.com/` are different hosts: a browser sends the
dot only if the address has it, and entries are compared character by character (R-20). Write the
host without the dot.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with a dot before the path or the port."""
    parts = entry.parts
    if not entry.is_white or not parts.names_host or not parts.host.endswith("."):
        return None
    if not (parts.rest or parts.port):
        return None  # a prefix of longer names
    corrected = Parts(parts.scheme, parts.host.rstrip("."), parts.port, parts.rest or "/").join()
    reason = Sentence("Browsers send the dot after the host only if the address has it.")
    return Suspicion.unmatched(corrected, reason)
