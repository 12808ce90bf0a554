"""A wildcard replaces the registered name of a site.

`https://www.*.com/`, `*.com.cn`, `*.github.io` and `https://app-*-team.vercel.app/` match the sites
of others: only a public suffix (see publicsuffix.org) follows the wildcard, or a part of a name
before one. Write the whole name of your site; a wildcard may replace only its sub-domains. To allow
previews, serve them below your own domain.
"""

from collections.abc import Iterator

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, fill_port
from oss_referer.search.url import registered


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries whose fixed part is a public suffix or empty."""
    parts = entry.parts
    if not entry.is_white or entry.is_foreign or not (parts.names_host or parts.host):
        return None
    if subject.reading(entry.place).sites:
        return None
    pages = tuple(
        page.replace("https", scheme, 1)
        for page in _foreign_pages(parts, subject.stranger)
        for scheme in entry.schemes
    )
    return Suspicion(
        Evidence.ALLOWED,
        pages,
        Sentence("It leaves the name of the site open, so it may match the sites of others."),
    )


def _foreign_pages(parts: Parts, stranger: str) -> Iterator[str]:
    """Yield pages of others that the host matches with its wildcards filled or its end extended."""
    is_open = not (parts.rest or parts.port)
    host = parts.host.rstrip("*") if is_open else parts.host
    filled = host.replace("*", "evil").replace("?", "x")
    names = [filled] if filled[-1:].isalnum() and registered(filled) else []
    if is_open:
        names.append(f"{filled.removesuffix('.')}.{stranger}")
    for name in names or [filled]:
        yield Parts("https", name, fill_port(parts.port), "/").join()
