"""An entry contains quotation marks, or is in brackets.

The quotes or the brackets of a program, of a shell or of a text have become part of the entry. An
entry is compared from its first character on (R-20), and no Referer begins with such a character,
so the entry matches nothing.
"""

from oss_referer.engine import Sentence

REASON = Sentence("The quotation marks or brackets are part of the entry.")
