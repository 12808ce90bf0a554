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


def examine(entry: LintedEntry, subject: Subject) -> Suspicion | None:
    """Suspect whitelist entries that end with the host or the port."""
    parts, stranger = entry.parts, subject.lines[entry.place].stranger
    shown = stranger or (f"{parts.origin}0/" if parts.port else None)
    if not entry.is_white or parts.rest or not parts.names_host or shown is None:
        return None
    return Suspicion(
        Evidence.ALLOWED,
        (shown,),
        Sentence("It matches every longer host that begins like this one.")
        if parts.port is None
        else Sentence("It matches every longer port that begins like this one."),
    )
