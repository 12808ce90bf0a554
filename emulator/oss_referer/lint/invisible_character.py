"""An entry contains a character that cannot be seen.

A copy from a document or a chat may contain a byte order mark, a zero-width space or a space of
another width. The rules compare this character like any other, and no Referer contains it, because
browsers send ASCII (B-02).
"""

from oss_referer.engine import Sentence

REASON = Sentence("It contains an invisible character, which no Referer contains.")
