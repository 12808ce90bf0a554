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
from oss_referer.search.entry import Parts, fill, fill_port

SEVERITY = Severity.WARNING


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries with `*` in or before the host that the blacklist leaves open."""
    parts = entry.parts
    if not entry.is_white or entry.is_foreign or not parts.names_host:
        return None
    spelled_out = parts.scheme in entry.schemes
    if spelled_out and "*" not in parts.host:
        return None
    if spelled_out and all(map(subject.denies_first, _behind(entry, subject, parts.scheme or ""))):
        return None
    return Suspicion(
        Evidence.ALLOWED,
        tuple(page for scheme in entry.schemes for page in _behind(entry, subject, scheme)),
        Sentence(
            "Its * can also stand for another host and a /, so a stranger with this name in "
            "its path gets in."
        ),
    )


def _behind(entry: LintedEntry, subject: Subject, scheme: str) -> tuple[str, ...]:
    """Return matching addresses on other hosts, with the name of the entry in their path."""
    parts = entry.parts
    if "*" in parts.host:
        before, _, tail = parts.host.partition("*")
        if parts.scheme is None or "*" in parts.scheme:
            before = ""
    else:
        before, tail = "", f"{'' if parts.scheme is None else '://'}{parts.host}"
    ending = fill(parts.rest, "") or "/"
    return tuple(
        Parts(
            None,
            f"{scheme}://{fill(before, 'x')}{other}/{fill(tail, 'x')}",
            fill_port(parts.port),
            ending,
        ).join()
        for other in (subject.stranger, "wxyz-0.invalid")
    )
