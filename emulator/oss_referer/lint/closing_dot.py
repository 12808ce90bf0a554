"""A host ends in a dot.

`https://www.example.com./` and `https://www.example.com/` are different hosts: a browser sends the
dot only if the address has it, and entries are compared character by character (R-20). Write the
host without the dot.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers send the dot after the host only if the address has it.")
