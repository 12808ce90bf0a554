r"""An entry begins with a scheme that is not written correctly.

`https:/www.example.com`, `https//www.example.com`, `http:\\www.example.com` and `htps://` match
nothing, because the scheme is compared as text (R-20, R-22). Write `https://` or `http://`.
"""

import re

from oss_referer.browser.probes import STRANGER
from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import example

_SCHEME = re.compile(r"(https?)((?:[:;：]|[/\\])[:;：/\\]*)", re.IGNORECASE)
_TYPO = re.compile(r"(?:h*t*t*p*)(s*)://", re.IGNORECASE)
_RIGHT = ("http://", "https://")


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect entries that nearly begin with http:// or https://."""
    scheme, rest = _split(entry.text)
    if not scheme or entry.text == scheme + rest:
        return None
    while (found := _SCHEME.match(rest)) is not None:  # http://https://www.example.com
        scheme, rest = f"{found[1].lower()}://", rest[found.end() :]
    return Suspicion(
        Evidence.UNMATCHED,
        (example(scheme + rest) if rest else STRANGER,),
        Sentence("Its scheme is not written as {}.", scheme),
    )


def _split(text: str) -> tuple[str, str]:
    """Return the scheme that the author meant, "" without one, and the rest of the entry."""
    if text.lower().startswith(_RIGHT):
        begin, rest = text[: text.index("//") + 2], text[text.index("//") + 2 :]
        if rest[:1] in ("/", "\\", ":") and rest.strip(":/\\"):
            return begin.lower(), rest.lstrip(":/\\")
        doubled = _SCHEME.match(rest)
        if doubled is None or doubled[2] == "/":
            return "", text
        return f"{doubled[1].lower()}://", rest[doubled.end() :]
    if found := _SCHEME.match(text):
        return f"{found[1].lower()}://", text[found.end() :]
    typo = _TYPO.match(text)
    if typo and len(typo[0]) > 5:
        return ("https://" if typo[1] else "http://"), text[typo.end() :]
    return "", text
