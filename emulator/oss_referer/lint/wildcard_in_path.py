"""A `*` in a host also matches another host and the `/` after it.

`*.example.com` and `https://*.example.com/` match `https://evil.test/.example.com/`, because `*`
stands for any characters, including `/` (R-21). Only a page that sends its whole address has such a
Referer, but an attacker can write one (`referrerpolicy="unsafe-url"`).

The whitelist entry `https://*.example.com/` becomes safe with the blacklist entry
`https://*/*.example.com/`, which denies every Referer with a `/` before `.example.com/`. Your own
pages rarely have such a path and send their whole address. Write the scheme in both entries,
because a `*` in its place has the same fault.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Severity, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries that let in strangers with a name in their path."""
    line = subject.lines[entry.place]
    if line.stranger is None or not line.is_in_path or not entry.parts.names_host:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (line.stranger,),
        Sentence(
            "Its * can also stand for another host and a /, so a stranger with this name in "
            "its path gets in."
        ),
    )
