"""A wildcard replaces the registered name of a site.

`https://www.*.com/`, `*.com.cn`, `*.github.io` and `https://app-*-team.vercel.app/` match the sites
of others: only a public suffix (see publicsuffix.org) follows the wildcard, or a part of a name
before one. Write the whole name of your site; a wildcard may replace only its sub-domains. To allow
previews, serve them below your own domain.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.plan import Kind


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries that leave the registered name open."""
    line = subject.lines[entry.place]
    is_open = line.reading.kind in (Kind.OTHERS, Kind.NETWORK, Kind.NOTHING)
    if line.stranger is None or not is_open or not (entry.parts.names_host or entry.parts.host):
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (line.stranger,),
        Sentence("It leaves the name of the site open, so it may match the sites of others."),
    )
