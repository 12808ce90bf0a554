"""What to try rules with when nobody has said it: a site that they name, and Referers."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from oss_referer.engine.model import RefererConfiguration
from oss_referer.search.parts import Parts, example
from oss_referer.search.url import WebURL, WebURLError

DEFAULT_SITE: Final = "https://www.example.com"
STRANGER: Final = "http://thief.example.org/"

MOST_SITES: Final = 4
"""The most sites of a list that are tried."""


def guess_site(rules: RefererConfiguration) -> str:
    """Guess the site that rules are for: the first host that their whitelist names.

    A host without a wildcard comes first; `https://*.example.com/` stands for its `www`.
    """
    entries = sorted(rules.whitelist, key=lambda entry: bool(_wildcards(entry)))
    return next(name_sites(entries), DEFAULT_SITE)


def propose_referers(rules: RefererConfiguration) -> tuple[str, ...]:
    """Propose Referers to try: pages of the sites that rules name, and pages of strangers."""
    named = list(islice(name_sites(rules.whitelist), MOST_SITES)) or [DEFAULT_SITE]
    denied = islice(name_sites(rules.blacklist), MOST_SITES)
    first = named[0]
    return tuple(
        dict.fromkeys(
            [
                f"{first}/",
                f"{first}/page.html?id=1",
                *(f"{site}/" for site in named[1:]),
                *(f"{site}/" for site in denied),
                f"{first}.evil.test/",
                STRANGER,
            ]
        )
    )


def _wildcards(entry: str) -> set[str]:
    return set(Parts.split(entry).host) & set("*?")


def name_sites(entries: Iterable[str]) -> Iterator[str]:
    """Yield the origins of pages that entries name, one for each host."""
    seen = set()
    for entry in entries:
        if not Parts.split(entry).names_host:
            continue
        try:
            url = WebURL.parse(example(entry))
        except WebURLError:
            continue
        if url.host not in seen:
            seen.add(url.host)
            yield url.origin
