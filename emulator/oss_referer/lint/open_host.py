"""A host that does not end in `/` matches longer hosts.

Entries match by prefix (R-20): `http://www.example.com` also matches
`http://www.example.com.evil.test/`, a name that anybody can register. End the host with `/`. The
entry then does not match an origin without that `/`, but browsers always send `https://host/`.

A machine without a registered name, such as `localhost` or `10.0.0.1`, often has servers on several
ports, and an entry without `/` matches all of them. `http://localhost/` and `http://localhost:*/`
still match all of them.
"""

from oss_referer.engine import Sentence
from oss_referer.lint.finding import Evidence, Suspicion
from oss_referer.lint.subject import LintedEntry, Subject
from oss_referer.search.entry import Parts, example


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries that end with the host or the port."""
    parts = entry.parts
    if not entry.is_white or entry.is_foreign or parts.rest or not parts.names_host:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        tuple(_longer(entry, scheme, subject.stranger) for scheme in entry.schemes),
        Sentence("It matches every longer host that begins like this one.")
        if parts.port is None
        else Sentence("It matches every longer port that begins like this one."),
    )


def _longer(entry: LintedEntry, scheme: str, stranger: str) -> str:
    page = Parts.split(example(entry.text))
    if page.port is None:
        return f"{scheme}://{page.host}.{stranger}/"
    longer_port = f"{page.port}0" if len(page.port) < 5 else page.port
    return f"{scheme}://{page.host}:{longer_port}/"
