r"""An entry begins with a scheme that is not written correctly.

`https:/www.example.com`, `https//www.example.com`, `http:\\www.example.com` and `htps://` match
nothing, because the scheme is compared as text (R-20, R-22). Write `https://` or `http://`.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Its scheme is not written as http:// or https://.")
