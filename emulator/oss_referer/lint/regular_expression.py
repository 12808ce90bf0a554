r"""An entry is written as a regular expression.

Only `*` (any characters, or none) and `?` (exactly one) are wildcards, and neither can be escaped
(R-21). `^`, `$`, `\`, `(`, `)`, `[`, `]`, `{`, `}` and `|` are ordinary characters, which no host
name contains. `https?:` needs one more character before its colon, and `.*` needs a dot. An
entry matches from the start of the Referer, and anything may follow (R-20). So rewrite the entry:
`https://*.example.com/` instead of `^https://.+\.example\.com/`.
"""

from oss_referer.engine import Sentence

REASON = Sentence(
    "It is written as a regular expression, but OSS knows only two wildcards: * for any "
    "characters and ? for exactly one."
)
