"""An entry contains a user name or a password.

Browsers remove `user:password@` from the Referer, so such an entry matches nothing.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers leave the user name and password out of the Referer.")
