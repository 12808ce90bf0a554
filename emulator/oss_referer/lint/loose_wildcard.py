"""A `*` is directly before a domain, without a dot.

`*example.com` matches `http://www.example.com/` and also `http://notexample.com/`, because `*`
stands for any characters (R-21). Anybody can register such a domain. Write one entry for the domain
and one for its sub-domains, with a dot.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.url import is_host, registered


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with a `*` directly before a registered name."""
    parts = entry.parts
    host = parts.host if parts.rest or parts.port else parts.host.rstrip("*")
    _, star, domain = host.rpartition("*")
    if not star or not entry.is_white or "?" in domain or domain[:1] in ("", "."):
        return None
    above = domain.partition(".")[2]
    if not is_host(domain) or registered(domain) is None or (above and registered(above)):
        return None
    stranger = subject.lines[entry.place].stranger
    if stranger is None:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (stranger,),
        Sentence("It also matches other domains whose names end like this one."),
    )
