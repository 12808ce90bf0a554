"""Several entries are written as one.

The guide of 2021 calls entries "separated by a comma" (R-37), but a comma or a line break within an
entry is text, and no Referer of a site contains it. So the entry matches nothing. Write each entry
in its own element.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Several entries are joined in it, so it is compared as one text.")
