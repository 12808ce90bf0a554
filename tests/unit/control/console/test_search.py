"""The search for requests: its tokens, and one sentence for a token that cannot be read."""

import pytest
from oss_emulator.control.api.route import ApiError
from oss_emulator.control.console.search import TOKENS, Search, Word, parse_period
from oss_emulator.control.traffic import SiteOf
from oss_emulator.protocol.message import Response
from oss_referer import RefererConfiguration
from oss_referer.sources import referer_xml

from tests.rows import rows
from tests.unit.control.caller import ApiCaller

NOON = 1764504000.0
"""2025-11-30T12:00:00Z."""


@pytest.fixture
def ask() -> ApiCaller:
    """A denied, an allowed and a failed request, one without a Referer, and one of a test."""
    caller = ApiCaller()
    caller.oss("PUT", "/img", x_oss_acl="public-read")
    rules = RefererConfiguration(True, whitelist=("https://www.example.com/",))
    caller.oss("PUT", "/img?referer", referer_xml.format(rules))
    caller.record("/img/one.jpg", "https://blog.example.com:8443/post")
    caller.record("/img/two.jpg", "https://www.example.com/")
    caller.record("/missing-bucket/three.jpg", "https://www.example.com/")
    caller.record("/img/four.jpg")
    caller.journal.tests.begin("", "test_a.py::test_b[x y]")
    caller.record("/img/five.jpg", "https://www.example.com/", "HEAD", Response(503))
    return caller


@rows(
    "text, found",
    ("", [1, 2, 3, 4, 5]),
    ("is:denied", [1]),
    ("is:allowed", [2, 4, 5]),
    ("is:not-checked", [3]),
    ("is:missing", [3]),
    ("is:server", [5]),
    ("bucket:img is:denied", [1]),
    ("bucket:im", []),
    ("site:blog.example.com", [1]),
    ("site:blog.example.com:8443", [1]),
    ("site:https://blog.example.com:8443", [1]),
    ("site:example.com", [1, 2, 5]),
    ("site:ample.com", []),
    ("site:none", [4]),
    ("ec:0003-00000503", [1]),
    ("ec:503", [1]),
    ("status:403", [1]),
    ("status:4xx", [1, 3]),
    ("method:head", [5]),
    ("test:test_a.py", [5]),
    ('test:"test_a.py::test_b[x y]"', [5]),
    ("time:1m", [1, 2, 3, 4, 5]),
    ("time:2001-01-01T00:00..2001-01-02T00:00", []),
    ("ONE.jpg", [1]),
    ("example.com two", [2]),
    ('"no such words"', []),
    ("https://www.example.com/", [2, 3, 5]),
    ("img/one.jpg:", []),
)
def test_every_word_has_to_fit(ask: ApiCaller, text: str, found: list[int]) -> None:
    search = Search.parse(text, ask.controls.clock.now())
    assert [entry.number for entry in search.find(ask.journal.entries())] == found


@rows(
    "text, sentence",
    ("is:late", "is: takes allowed, denied,"),
    ("status:abc", "status: takes a status such as 403, or 4xx, not 'abc'."),
    ("status:", "status: takes a status such as 403, or 4xx, and needs a value."),
    ("bucket: x", "bucket: takes the name of a bucket, and needs a value."),
    ("time:soon", "time: takes a time such as 5m"),
    ("time:12:00..11:00:00:00", "time: takes"),
    ("time:2025-11-30T12:00..2025-11-30T11:00", "time: takes"),
    ("time:99:99..99:99", "time: takes"),
)
def test_token_that_cannot_be_read_gets_one_sentence(
    ask: ApiCaller, text: str, sentence: str
) -> None:
    with pytest.raises(ApiError) as refused:
        Search.parse(text, NOON)
    assert refused.value.sentence.startswith(sentence)
    assert ask("GET", f"requests?q={text.replace(' ', '%20')}").status == 400
    assert sentence.split("'")[0] in ask.html(f"requests?q={text.replace(' ', '%20')}")


@rows(
    "text, begin, end",
    ("5m", NOON - 300, float("inf")),
    ("90s", NOON - 90, float("inf")),
    ("11:00..11:30", NOON - 3600, NOON - 1800),
    ("11:00:15..11:30:00Z", NOON - 3585, NOON - 1800),
    ("19:00..19:30+08:00", NOON - 3600, NOON - 1800),
    ("23:00..01:00", NOON - 13 * 3600, NOON - 11 * 3600),
    ("11:59..12:10", NOON - 60, NOON + 600),
    ("11:30", NOON - 1800, NOON - 1740),
    ("2025-11-29T11:30:15", NOON - 88_185, NOON - 88_184),
    ("2025-11-29T12:00..12:01", NOON - 86_400, NOON - 86_340),
    ("2025-11-29T20:00..2025-11-30T20:00+08:00", NOON - 86_400, NOON),
)
def test_time_is_a_period(text: str, begin: float, end: float) -> None:
    assert parse_period(text, NOON) == (begin, end)


def test_time_without_an_offset_is_in_the_zone_of_the_reader() -> None:
    assert parse_period("19:30", NOON, "+08:00") == (NOON - 1800, NOON - 1740)
    assert parse_period("11:30Z", NOON, "+08:00") == (NOON - 1800, NOON - 1740)


def test_tokens_are_put_in_and_taken_out() -> None:
    search = Search.parse('a is:denied test:"x y" b', NOON)
    assert search.words == (Word("", "a"), Word("is", "denied"), Word("test", "x y"), Word("", "b"))
    assert search.without("is") == 'a test:"x y" b'
    assert search.toggle("is", "denied") == 'a test:"x y" b'
    assert search.toggle("is", "allowed") == 'a test:"x y" b is:allowed'
    assert Search.parse("", NOON).toggle("bucket", "img") == "bucket:img"


@rows("text", '"is:denied"', '"a b" c', 'other:"a b"', 'test:"a b"', 'a"b c')
def test_text_of_a_search_is_parsed_as_the_same_words(text: str) -> None:
    search = Search.parse(text, NOON)
    assert Search.parse(search.without(), NOON).words == search.words


@rows(
    "text, hosts",
    ("blog", ["blog.example.com"]),
    ("is:denied site:EXAMPLE", ["blog.example.com", "www.example.com"]),
    ("blog is:denied", []),
    ("site:blog.example.com", []),
    ("a", []),
    ("", []),
)
def test_last_word_suggests_hosts(text: str, hosts: list[str]) -> None:
    keys = [SiteOf(f"https://{host}.example.com", "img") for host in ("blog", "www")]
    found = Search.parse(text, NOON).suggest(keys)
    assert [host for host, _ in found] == hosts
    if text.startswith("is:denied"):
        assert found[0][1] == "is:denied site:blog.example.com"


def test_hint_of_the_field_has_every_token(ask: ApiCaller) -> None:
    page = ask.html("requests")
    assert [name for name in TOKENS if f"{name}:" not in page] == []
