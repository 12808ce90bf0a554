"""A wildcard stands where the name of a site is registered.

`https://www.*.com/`, `*.com.cn`, `*.github.io` and `https://app-*-team.vercel.app/` match the sites
of others: after the wildcard, only a public suffix is left, or a part of a name before it (the
list of publicsuffix.org says what that is). Write the whole name of your site; a wildcard may stand
only for its sub-domains. To allow previews, serve them below a domain of your own.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Correction, Evidence, Suspicion
from oss_referer.lint.risk import read_host
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, fill_port


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries whose fixed part is a public suffix, or nothing."""
    parts = entry.parts
    if not entry.is_white or entry.is_foreign or not (parts.names_host or parts.host):
        return None
    if read_host(parts) is not None:
        return None
    host = parts.host if parts.rest or parts.port else parts.host.rstrip("*")
    page = _foreign_page(parts, host)
    return Suspicion(
        Evidence.ALLOWED,
        tuple(page.replace("https", scheme, 1) for scheme in entry.schemes),
        Sentence("It leaves the name of the site open, so it may match the sites of others."),
        Correction(decide=Sentence("write the whole name of the site")),
    )


def _foreign_page(parts: Parts, host: str) -> str:
    filled = host.replace("*", "evil").replace("?", "x")
    ending = (
        "" if parts.rest or parts.port else ("evil.test" if filled[-1:] == "." else ".evil.test")
    )
    return Parts("https", f"{filled}{ending}", fill_port(parts.port), "/").join()
