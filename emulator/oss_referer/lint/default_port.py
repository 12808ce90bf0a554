"""An entry contains the default port of its scheme, which browsers omit.

A port is compared as text (R-22): `https://www.example.com:443/` needs `:443` in the Referer, but
browsers send a port only if it is not the default of the scheme (B-02).
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers leave the default port out of the Referer.")
