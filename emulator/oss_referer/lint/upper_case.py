"""A host is written with capital letters, but browsers send it in lower case.

Entries are compared character by character (R-24, assumed; R-41 applies to queries only). A browser
converts every host to lower case before it sends the Referer (B-02).
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers send the host in lower case, and upper and lower case differ.")
