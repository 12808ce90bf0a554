"""Pages of other sites that rules let in, compared with trying all short Referers."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration, RefererPolicy
from oss_referer.browser import strangers
from oss_referer.browser.strangers import SHOWN, Strangers
from oss_referer.engine.assumptions import DEFAULT, Assumptions, CutPath, EmptyWhitelist, LetterCase
from oss_referer.engine.policy import Reading
from oss_referer.search.sent import OwnHost, Senders, SentReferers
from oss_referer.search.url import WebURL

from tests.rows import rows
from tests.thorough import cases

SITE = WebURL.parse("https://www.example.com/")
CASES = cases(40, 1_000)
"""The cases of each seed."""


def foreign(site: WebURL) -> SentReferers:
    return SentReferers(Senders.FOREIGN, [OwnHost.of(site)])


def search(
    rules: RefererConfiguration, sites: list[WebURL], assumptions: Assumptions = DEFAULT
) -> Strangers:
    return strangers.search(RefererPolicy.compile(rules, assumptions), sites)


def found(*whitelist: str, blacklist: tuple[str, ...] = (), site: WebURL = SITE) -> list[str]:
    """Return the strangers that get in; the search must be complete."""
    result = search(RefererConfiguration(whitelist=whitelist, blacklist=blacklist), [site])
    assert result.proved
    return [stranger.referer for stranger in result.found]


@rows(
    ("entry", "referer"),
    ("https://www.*.com/", "https://www.evil.com/"),
    ("https://www.example.com", "https://www.example.com.evil.test/"),
    ("https://*.example.com/", "https://evil.test/www.example.com/"),
    ("*example.com/", "https://evilexample.com/"),
    ("*", "https://evil.test/"),
    ("https://10.0.0.1/", "https://10.0.0.1/"),
    ("https://[::1]/", "https://[::1]/"),
    ("https://a.test:8443/", "https://a.test:8443/"),
    ("https://*:8443/", "https://evil.test:8443/"),
    ("http?://evil.test/", None),
    ("https://evil.test/album/", "https://evil.test/album/"),
    ("https://a.test./", "https://a.test./"),
    ("https://*?q=1", None),
    ("https://[*", None),
)
def test_other_site_is_found(entry: str, referer: str | None) -> None:
    got = found(entry)
    assert len(got) == 1
    assert referer in (None, *got)


@pytest.mark.parametrize(
    "entry",
    [
        "https://www.example.com/",
        "http://m.example.com/",
        "https://www.example.com:8*/",
        "www.example.com",  # matches no Referer that is sent
        "https://WWW.EXAMPLE.ORG/",
        "https://a.test:443/",
        "https://user@a.test/",
        "https://a.test/../b",
        "https://a.test/%2e/",
        "https://a.test/#",
        "https://例子.test/",
        "https://256.1.1.1/",
        "https://1.2.3/",
        "https://0x7f/",
        "https://a..b/",
        "https://a.test:65536/",
        "https://a.test:080/",
        "https://*" + "a*" * 5_000,  # longer than any Referer (B-03)
    ],
)
def test_entry_that_matches_no_other_site_is_proved(entry: str) -> None:
    assert found(entry) == []


def test_safe_form_of_a_wildcard_is_proved() -> None:
    assert found("https://*.example.com/", blacklist=("https://*/*.example.com/",)) == []


def test_names_below_a_public_suffix_are_other_sites() -> None:
    page = WebURL.parse("https://alice.github.io/")
    assert found("https://*.github.io/", blacklist=("https://*/*.github.io/",), site=page) != []
    suffix = WebURL.parse("https://github.io/")
    assert found("https://alice.github.io/", site=suffix) == ["https://alice.github.io/"]


def test_sites_of_an_address_have_no_sub_domains() -> None:
    assert found("https://10.0.0.1/", site=WebURL.parse("https://10.0.0.1/")) == []
    assert found("https://10.0.0.2/", site=WebURL.parse("https://10.0.0.1/")) != []


def test_partner_is_not_another_site() -> None:
    rules = RefererConfiguration(whitelist=("https://partner.org/", "https://www.example.com/"))
    partner = WebURL.parse("https://partner.org/")
    assert search(rules, [SITE]).found[0].referer == "https://partner.org/"
    assert search(rules, [SITE, partner]).found == ()


def test_rules_without_a_whitelist_let_everybody_in() -> None:
    assert found() == ["https://evil.test/"]
    assert found(blacklist=("https://evil.test/", "http://evil.test/")) != []
    assert found(blacklist=("http",)) == []
    strict = Assumptions(empty_whitelist=EmptyWhitelist.DENIES)
    rules = RefererConfiguration(blacklist=("https://evil.test/",))
    assert search(rules, [SITE], strict).found == ()


def test_letter_case_follows_the_assumption() -> None:
    rules = RefererConfiguration(whitelist=("https://EVIL.test/",))
    assert search(rules, [SITE]).found == ()
    assert len(search(rules, [SITE], Assumptions(letter_case=LetterCase.INSENSITIVE)).found) == 1


def test_unfinished_search_proves_nothing() -> None:
    entries = tuple(f"https://*{letter}?????/" for letter in "abcdefghijkl")
    result = search(RefererConfiguration(whitelist=("https://*?q",), blacklist=entries), [SITE])
    assert result.found or not result.proved
    rules = RefererConfiguration(True, True, True, ("https://a.test/*?",))
    assert not search(rules, [SITE], Assumptions(cut_path=CutPath.WITH_SLASH)).proved


def test_search_ends_when_it_has_looked_at_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [f"https://*{letter}*{letter}*" for letter in "aeiou"]
    assert found(*entries) != []
    monkeypatch.setattr(strangers, "LOOKS", len(entries) - 1)
    result = search(RefererConfiguration(whitelist=tuple(entries)), [SITE])
    assert result.found == ()
    assert not result.proved


def test_too_long_host_proves_nothing() -> None:
    rules = RefererConfiguration(whitelist=("https://" + "?" * 70 + "/",))
    result = search(rules, [SITE])
    assert not result.found
    assert not result.proved


def test_number_of_strangers_is_bounded() -> None:
    entries = [f"https://a{number}.test/" for number in range(SHOWN * 2)]
    assert len(found(*entries)) == SHOWN


HOSTS = [
    *("a", "b", "aa", "ab", "a.a", "a.b", "b.a", "b.b", "ba.b", "aa.b", "b.a.b", "a.b.a", "ab.a.b"),
    *("a.b.", "b.b.a", "a.b.b.a", "8.8.8.8", "[a::b]"),
]
REFERERS = [
    f"{scheme}://{host}{port}/{path}"
    for scheme, port in (("https", ""), ("http", ""), ("https", ":8"))
    for host in HOSTS
    for path in ("", "a", "b/", "a.b/", "?b", "a/b:?", "b.a/:8/")
]
SITES = [WebURL.parse(f"https://{host}/") for host in ("a.b", "b.a", "a", "b.a.b", "8.8.8.8")]


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(3))
def test_random_sites_agree_with_trying_all_referers(seed: int) -> None:
    random = Random(seed)  # noqa: S311 - the same cases every time
    strange = {site: foreign(site) for site in SITES}
    sent = {site: list(filter(strange[site].is_sent, REFERERS)) for site in SITES}
    assert all(len(REFERERS) > len(tried) > len(REFERERS) / 2 for tried in sent.values())
    nobody = 0
    for _ in range(CASES):
        site, rules = random.choice(SITES), _rules(random)
        # `search` builds the language of the site each time; here each language is built once.
        result = strangers._Search(RefererPolicy.compile(rules), strange[site]).run()
        reading = Reading(rules, DEFAULT)
        for stranger in result.found:
            assert strange[site].is_sent(stranger.referer), rules
            assert reading.decide(stranger.referer).reason.allows, rules
        if not result.found:
            assert result.proved, rules
            nobody += 1
            tried = sent[site]
            let_in = [referer for referer in tried if reading.decide(referer).reason.allows]
            assert not let_in, rules
    assert CASES / 4 < nobody < CASES * 3 / 4


@given(st.text("ab.:[]01f/?%2e", max_size=12), st.sampled_from(SITES))
def test_language_contains_every_referer_that_is_sent(rest: str, site: WebURL) -> None:
    strange = foreign(site)
    referer = f"https://{rest}"
    if strange.is_sent(referer):
        assert _is_in_language(strange, referer)


def _is_in_language(strange: SentReferers, referer: str) -> bool:
    state = strange.language.start
    for character in referer:
        state = strange.language.step(state, character)
        if state is None:
            return False
    return strange.language.ends(state)


def _rules(random: Random) -> RefererConfiguration:
    return RefererConfiguration(
        random.random() < 0.5,
        random.random() < 0.7,
        random.random() < 0.2,
        tuple(_entry(random) for _ in range(random.choice([0, 1, 1, 1, 2, 3]))),
        tuple(_entry(random) for _ in range(random.choice([0, 0, 1, 2]))),
    )


def _entry(random: Random) -> str:
    scheme = random.choice(["https://", "https://", "http*://", "http://", "*", "", "http?://"])
    rest = "".join(random.choice("ab../*?:8") for _ in range(random.randint(0, 6)))
    return (scheme + rest) or "a"
