"""A host is not written in ASCII, but browsers send it in ASCII.

The Referer of `https://例え.example/` is `https://xn--r8jz45g.example/` (B-02). Write the entry in
the ASCII form.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers send this host in its ASCII form.")
