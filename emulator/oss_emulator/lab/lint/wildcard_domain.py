"""A wildcard stands where the name of a site is registered.

`https://www.*.com/`, `*.com.cn` and `*.github.io` match names that anybody can register: behind the
last wildcard, only a public suffix is left (the list of publicsuffix.org says what that is). Write
the whole name of your site; a wildcard may stand only for its sub-domains.
"""

from oss_emulator.lab.domains import closed, is_address, registered
from oss_emulator.lab.parts import Parts, fill_port
from oss_emulator.referer.sentence import Sentence

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries whose fixed part is a public suffix, or nothing."""
    parts = entry.parts
    if not entry.is_white or entry.is_foreign or not (parts.names_host or parts.host):
        return None
    host = parts.host
    is_open = not parts.rest and parts.port is None
    if is_open:
        host = host.rstrip("*")
    if is_address(host):
        return None
    fixed = closed(host)
    if is_open and "." not in host.rstrip("."):
        fixed = None  # https://www
    elif fixed and not fixed.endswith("."):
        behind = host.rpartition("*")[2] if host.rfind("*") > host.rfind("?") else ""
        if registered(fixed) or (behind[:1] not in ("", ".") and registered(behind)):
            return None
    page = _foreign_page(parts, host)
    return Suspicion(
        Evidence.ALLOWED,
        tuple(page.replace("https", scheme, 1) for scheme in entry.schemes),
        Sentence(
            "It leaves the name of the site open, so anybody can register one that it matches."
        ),
        Correction(decide=Sentence("write the whole name of the site")),
    )


def _foreign_page(parts: Parts, host: str) -> str:
    filled = host.replace("*", "evil").replace("?", "x")
    ending = (
        "" if parts.rest or parts.port else ("evil.test" if filled[-1:] == "." else ".evil.test")
    )
    return Parts("https", f"{filled}{ending}", fill_port(parts.port), "/").join()
