"""A wildcard replaces the scheme.

`*://www.example.com/`, `*//www.example.com/`, `http*www.example.com` and `https:/*.example.com/`
match `https://evil.test//www.example.com/`, because `*` stands for any characters, including `/`
(R-21). `http?://` matches `https://` and not `http://`, because `?` stands for exactly one. Write
an entry for each scheme.
"""

import re

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import SCHEMES, LintedEntry, Subject
from oss_referer.search.entry import Parts, example, fill

SEVERITY = Severity.WARNING

_HEAD = re.compile(
    r"(?P<word>https|http|h?)(?P<wild>[*?]*)(?P<s>s?)(?P<mark>:?/*)(?P<star>[*?]*)(?P<slash>/*)"
    r"(?P<host>[^/:*?].*)"
)


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with a wildcard in or after the scheme."""
    if not entry.is_white or entry.text.startswith(("http://", "https://")):
        return None
    head = _HEAD.fullmatch(entry.text)
    if head is None or not _replaces_scheme(head):
        return None
    host = head["host"]
    if head["star"] and not head["slash"]:
        host = f"{head['star']}{host}"
    elif host.startswith("."):
        host = f"*{host}"
    instead = tuple(f"{scheme}://{host}" for scheme in _schemes(head))
    if not all(Parts.split(text).names_host for text in instead):
        return None
    if "*" in entry.text[: head.start("host")]:
        return Suspicion(
            Evidence.ALLOWED,
            tuple(_behind(entry.text, subject.stranger, scheme, head) for scheme in SCHEMES),
            Sentence(
                "Its * in place of the scheme can also stand for another host and a /, so a "
                "stranger with this name in its path gets in."
            ),
        )
    return Suspicion(
        Evidence.UNMATCHED,
        tuple(map(example, instead)),
        Sentence("Its ? stands for exactly one character, so it does not match both schemes."),
    )


def _replaces_scheme(head: re.Match[str]) -> bool:
    if head["wild"]:
        return bool(head["mark"]) or head["word"] in SCHEMES
    return head["word"] in SCHEMES and ":" in head["mark"] and bool(head["star"])


def _schemes(head: re.Match[str]) -> tuple[str, ...]:
    only_https = head["word"] == "https" or (head["s"] and not head["word"])
    return ("https",) if only_https else SCHEMES


def _behind(text: str, stranger: str, scheme: str, head: re.Match[str]) -> str:
    """Return a matching address on another host, with the name of the entry in its path."""
    _, _, rest = text[: head.start("host")].partition("*")
    page = fill(f"{rest}{head['host']}", "x")
    return f"{scheme}://{stranger}/{page}" + ("" if "/" in head["host"] else "/")
