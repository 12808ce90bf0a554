"""An entry without a scheme matches nothing that a browser sends.

A Referer begins with `http://` or `https://`, and an entry must match from its first character on
(R-20). The service accepts, stores and returns `www.example.com`, but it matches no Referer (R-23).
This is the usual cause of "configured but no effect", and of a whole site that gets 403. Write the
scheme, and a `/` after the host, so that the entry does not match longer hosts.
"""

from oss_referer.engine import Sentence

REASON = Sentence("It has no scheme, but every Referer of a browser begins with one.")
