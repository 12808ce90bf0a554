"""An entry contains a placeholder that a template should have filled in.

`https://${var.domain}/` is in the rules with its placeholder, and no Referer contains `${`. So the
entry matches nothing. Only you know the value: fill in the template before you set the rules.
"""

from oss_referer.engine import Sentence

REASON = Sentence("It is a placeholder that was not filled in.")
