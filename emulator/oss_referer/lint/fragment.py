"""An entry contains a fragment, which browsers never send.

The browser does not send the part of an address from `#` on: the Referer of
`https://www.example.com/#/home` is `https://www.example.com/`.
"""

from oss_referer.engine import Sentence

REASON = Sentence("Browsers leave the fragment, the part from # on, out of the Referer.")
