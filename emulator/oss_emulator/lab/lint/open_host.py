"""A host that does not end in `/` matches longer hosts.

Entries match by prefix (R-20): `http://www.example.com` also matches
`http://www.example.com.evil.test/`, a name that anybody can register. End the host with `/`. A
Referer that is an origin without that `/` would then not match, but browsers always send
`https://host/`.
"""

from __future__ import annotations

from collections.abc import Iterator

from oss_emulator.lab.automaton import Cut
from oss_emulator.lab.parts import Parts, example

from .finding import Correction, Evidence, Severity, Suspicion
from .subject import LintedEntry, Subject

SEVERITY = Severity.ERROR


def suspect(subject: Subject) -> Iterator[Suspicion]:
    """Suspect whitelist entries that end with the host or the port."""
    for entry in subject.whitelist:
        parts = entry.parts
        # The rule loose_wildcard corrects the others.
        starts_well = parts.host.startswith("*.") or (parts.scheme and parts.host[0] != "*")
        if not parts.rest and parts.names_host and starts_well:
            scheme = parts.scheme or "https"
            yield Suspicion(
                Evidence.ALLOWED,
                (_longer(entry),),
                "It matches every longer host that begins like this one.",
                Correction(
                    (f"{scheme}://{parts.authority.rstrip('*')}/",),
                    # Under TruncatePath an entry that ends in "/" matches nothing.
                    set="TruncatePath: false" if subject.cut is Cut.PATH else "",
                ),
                entry.place,
            )


def _longer(entry: LintedEntry) -> str:
    page = Parts.split(example(entry.text))
    if page.port is None:
        return f"{page.scheme}://{page.host}.evil.test/"
    longer_port = f"{page.port}0" if len(page.port) < 5 else page.port
    return f"{page.scheme}://{page.host}:{longer_port}/"
