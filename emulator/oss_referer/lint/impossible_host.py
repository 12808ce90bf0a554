"""An entry has a host or a port that no site has.

A host consists of letters, digits, hyphens and dots, and a port is at most 65535. Browsers send no
other Referer, so the entry matches nothing. Often it contains a stray character. A dot before the
host, as in cookies and nginx, is not a wildcard.
"""

from oss_referer.engine import Sentence

REASON = Sentence("No site has such a host or port.")
