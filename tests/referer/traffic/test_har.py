"""HAR files of browsers: every form is read alike, within bounds, and what is no request counts."""

from __future__ import annotations

import gzip
import json
import re
import tracemalloc
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from oss_referer import RefererConfiguration, RefererPolicy, Scope, Signing
from oss_referer.page.actions import answer
from oss_referer.sources.ossutil import to_members
from oss_referer.sources.toml import SourceError
from oss_referer.traffic import har, recorded
from oss_referer.traffic.har import HARError
from oss_referer.traffic.requests import Traffic

from tests.referer.traffic import hars
from tests.referer.traffic.hars import HOST, PAGE, REQUESTS, TIME, Saved


def read(*pieces: bytes) -> Traffic:
    return har.read(pieces)


@pytest.mark.parametrize("form", [hars.chrome, hars.firefox, hars.safari, hars.by_hand])
def test_every_browser_s_form_is_read_alike(form: Callable[[], bytes]) -> None:
    found = read(form()).at()
    counted = [
        (one.asked.signed, one.asked.method, one.asked.referer, one.asked.status, one.asked.cached)
        for one in found.groups
    ]
    own = "https://www.example.com/"
    assert sorted(counted, key=str) == sorted(
        [
            (Signing.NONE, "GET", own, 200, False),
            (Signing.NONE, "GET", own, 200, True),
            (Signing.NONE, "GET", "https://other.example/", 403, False),
            (Signing.URL, "GET", own, 206, False),
            (Signing.HEADER, "GET", own, 200, False),
            (Signing.NONE, "OPTIONS", own, 200, False),
        ],
        key=str,
    )
    assert [one.requests for one in found.groups] == [2, 1, 1, 1, 1, 1]
    assert {one.asked.page for one in found.groups} == {PAGE}
    assert {one.asked.bucket for one in found.groups} == {"examplebucket"}
    assert not any(one.asked.derived for one in found.groups)
    assert found.requests == 6
    assert found.skipped == {"not over http": 1}


def test_the_forms_give_equal_traffic() -> None:
    assert read(hars.chrome()) == read(hars.safari()) == read(hars.by_hand())
    assert read(hars.firefox()) == read(hars.chrome())


def test_sanitized_file_leaves_open_what_a_header_may_have_signed() -> None:
    whole, sanitized = (read(hars.chrome(sanitized=one)).at() for one in (False, True))
    assert [one.asked for one in sanitized.groups if one.asked.signed is None] == [
        one.asked._replace(signed=None) for one in whole.groups if one.asked.signed == "header"
    ]
    assert len(whole.groups) == len(sanitized.groups)


def test_time_bytes_and_a_masked_sample_are_kept() -> None:
    one, *_ = read(hars.chrome([Saved(f"https://{HOST}/a?Signature=abcdefgh", size=7)])).groups
    assert (one.bytes, one.first, one.last) == (7, 1796284800.0, 1796284800.0)
    assert one.sample == f"https://{HOST}/a?Signature=abcd****"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://{HOST}/a", (HOST, "examplebucket", Scope.OBJECT)),
        (f"https://{HOST}", (HOST, "examplebucket", Scope.BUCKET)),
        (f"https://{HOST.upper()}:443/", (HOST, "examplebucket", Scope.BUCKET)),
        ("http://127.0.0.1:9000/b/a/c", ("127.0.0.1:9000", "b", Scope.OBJECT)),
        ("http://127.0.0.1:9000/b/", ("127.0.0.1:9000", "b", Scope.BUCKET)),
        ("http://[::1]:9000/b/c", ("[::1]:9000", "b", Scope.OBJECT)),
        ("http://localhost:9000/", ("localhost:9000", "", Scope.SERVICE)),
        ("http://b.localhost:9000/c", ("b.localhost:9000", "b", Scope.OBJECT)),
        ("https://user:secret@img.example.com/c", ("img.example.com", "", Scope.OBJECT)),
        ("http://b.oss-cn-hangzhou-internal.aliyuncs.com./c",
         ("b.oss-cn-hangzhou-internal.aliyuncs.com.", "b", Scope.OBJECT)),
    ],
)  # fmt: skip
def test_url_says_host_bucket_and_scope(url: str, expected: tuple[str, str, Scope]) -> None:
    (one,) = read(hars.chrome([Saved(url)])).groups
    assert (one.asked.host, one.asked.bucket, one.asked.scope) == expected


def test_hosts_of_oss_are_chosen_by_name_or_by_their_answers() -> None:
    of_service, other = Saved("https://img.example.com/a"), Saved("https://cdn.example.net/a")
    document = json.loads(hars.chrome([Saved(), of_service, other, other]))
    for entry in document["log"]["entries"][2:]:
        entry["response"]["headers"] = []
    found = read(json.dumps(document).encode())
    assert [*found.hosts.items()] == [("cdn.example.net", 2), (HOST, 1), ("img.example.com", 1)]
    assert {one.asked.host for one in found.at().groups} == {HOST, "img.example.com"}
    assert found.at().elsewhere == {"cdn.example.net": 2}
    chosen = found.at(["cdn.example.net"])
    assert (chosen.requests, chosen.elsewhere) == (2, {HOST: 1, "img.example.com": 1})


# A Referer that the file lacks


def entry(url: str, **members: Any) -> dict[str, Any]:
    """An entry without request headers, as for an answer of Chrome's memory cache."""
    request = {"method": "GET", "url": url, "headers": [], **members.pop("request", {})}
    response = {"status": 200, "headers": [], "content": {"size": 5}, **members.pop("response", {})}
    return {"startedDateTime": TIME, "pageref": "p", "request": request, "response": response} | (
        members
    )


def of_page(*entries: dict[str, Any], policy: str = "", page: str = PAGE) -> Traffic:
    document = entry(
        page,
        request={"headers": [{"name": "Host", "value": "a"}]},
        response={
            "headers": [{"name": "Referrer-Policy", "value": policy}] if policy else [],
            "content": {"mimeType": "text/html; charset=utf-8"},
        },
    )
    log = {"log": {"pages": [{"id": "p", "title": "News"}], "entries": [document, *entries]}}
    return read(json.dumps(log).encode()).at([HOST, "www.example.com"])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", "https://www.example.com/"),
        ("no-referrer", None),
        ("unsafe-url", PAGE),
        ("origin, future-policy", "https://www.example.com/"),
        ("no-referrer, unsafe-url", PAGE),
    ],
)
def test_missing_referer_follows_from_the_policy_of_the_page(
    policy: str, expected: str | None
) -> None:
    found = of_page(entry(f"https://{HOST}/a"), policy=policy)
    (one,) = (one for one in found.groups if one.asked.host == HOST)
    assert (one.asked.referer, one.asked.derived) == (expected, True)


def test_downgrade_derives_no_referer() -> None:
    found = of_page(entry(f"http://{HOST}/a"))
    (one,) = (one for one in found.groups if one.asked.host == HOST)
    assert (one.asked.referer, one.asked.derived) == (None, True)


def test_style_sheet_sends_its_own_referer() -> None:
    sheet = "https://static.example.net/site.css"
    found = of_page(entry(f"https://{HOST}/a", _initiator={"type": "parser", "url": sheet}))
    (one,) = (one for one in found.groups if one.asked.host == HOST)
    assert (one.asked.referer, one.asked.page) == ("https://static.example.net/", PAGE)


def test_complete_headers_without_a_referer_mean_none() -> None:
    (one,) = read(hars.chrome([Saved(referer=None)])).groups
    assert (one.asked.referer, one.asked.derived) == (None, False)


def test_request_without_referer_and_page_is_counted_apart() -> None:
    log = {"log": {"entries": [entry(f"https://{HOST}/a")]}}
    found = read(json.dumps(log).encode())
    assert (found.groups, found.skipped) == ((), {"without a Referer or a page": 1})


# What is no request


def test_entries_that_are_no_answered_requests_are_counted_by_reason() -> None:
    document = json.loads(hars.chrome([Saved(), Saved(status=0), Saved(status=-1)]))
    entries = document["log"]["entries"]
    entries[1]["response"]["_error"] = "net::ERR_ABORTED"
    for wrong in (None, 3, {}, {"request": {"url": 3}}, entry("wss://a/"), entry("http://[")):
        entries.append(wrong)
    long = json.loads(hars.chrome([Saved()]))["log"]["entries"][0]
    long["request"]["headers"] = [{"name": "Referer", "value": "https://a.test/" + "x" * 40_000}]
    entries.append(long)
    found = read(json.dumps(document).encode())
    assert found.requests == 1
    assert found.skipped == {
        "with a Referer of more than 32 KB": 1,
        "without an answer: net::ERR_ABORTED": 1,
        "without an answer": 1,
        "without a URL": 4,
        "not over http": 2,
    }


# Broken files, and bounds


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it is not a HAR: this is not valid JSON"),
        (b"PNG", "it is not a HAR"),
        (b"[]", "Expecting value"),
        (b"{}", "it is not a HAR with requests"),
        (b'{"log": {}}', "it is not a HAR with requests"),
        (b'{"log": [1]}', "it is not a HAR with requests"),
        (b'{"log": {"entries": []}}', "it is not a HAR with requests"),
        (b'{"log": {"entries": {}}}', "it is not a HAR with requests"),
        (hars.chrome()[:-9], "it breaks off after 9 requests: it ends early"),
        (hars.chrome()[:2000], "it breaks off after 1 requests: it ends early"),
        (hars.chrome() + b"{}", "it breaks off after 9 requests: there is text after its end"),
        (b'{"log": {"entries": [{"a": nul}]}}', "Expecting value"),
        (b'{"log": {"entries": [{} {}]}}', "Expecting ',' delimiter"),
        (b'{"log": {"entries": [' + b"[" * 200 + b"]" * 200 + b"]}}", "nested too deeply"),
        (gzip.compress(hars.chrome())[:-9], "it cannot be decompressed"),
        (b"\x1f\x8bnonsense", "it cannot be decompressed"),
    ],
)
def test_broken_file_gets_one_sentence(content: bytes, said: str) -> None:
    with pytest.raises(HARError) as error:
        read(content)
    assert said.removeprefix("it is not a HAR: this is not valid JSON") in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_pieces_of_any_size_give_the_same_traffic(size: int) -> None:
    for content in (hars.firefox(), gzip.compress(hars.firefox())):
        pieces = (content[start : start + size] for start in range(0, len(content), size))
        assert har.read(pieces) == read(hars.firefox())


def test_bodies_of_answers_take_no_memory() -> None:
    """Sixty bodies of 4 MB, one with a quotation mark and half a pair at each place."""
    begin, end = json.dumps(json.loads(hars.chrome([Saved()]))).encode().split(b"BODY")

    def pieces() -> Iterator[bytes]:
        head, entries = begin.split(b'"entries": [')
        yield head + b'"entries": ['
        for number in range(60):
            yield (b", " if number else b"") + entries
            for _ in range(64):
                yield b'\\"\\ud83dx\xf0\x9f\x98\x80' * 4096
            yield end.removesuffix(b"]}}")
        yield b"]}}"

    tracemalloc.start()
    found = har.read(pieces())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.requests == 60
    assert peak < 64 << 20


def test_too_many_requests_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MAX_ENTRIES", 3)
    with pytest.raises(HARError, match="it has more than 3 requests"):
        har.read([gzip.compress(b'{"log": {"entries": [{}, {}, {}, {}]}}')])


def test_too_many_different_requests_end_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(har, "MAX_GROUPS", 3)
    with pytest.raises(HARError, match="it has more than 3 different requests"):
        read(hars.chrome())


def test_answer_follows_the_rules() -> None:
    policy = RefererPolicy.compile(
        RefererConfiguration(allow_empty_referer=False, whitelist=("https://www.example.com/",))
    )
    answers = {
        (one.asked.signed, one.asked.referer): one.asked.answer(policy).reason.allows
        for one in read(hars.chrome(REQUESTS)).at().groups
        if one.asked.method == "GET"
    }
    assert answers == {
        (Signing.NONE, "https://www.example.com/"): True,
        (Signing.NONE, "https://other.example/"): False,
        (Signing.URL, "https://www.example.com/"): True,
        (Signing.HEADER, "https://www.example.com/"): True,
    }


def test_answer_that_chrome_keeps_from_the_page_is_a_request() -> None:
    """A denied image becomes a document, which Chrome does not give to the page."""
    document = json.loads(hars.chrome([Saved(status=0)]))
    document["log"]["entries"][0]["response"]["_error"] = "net::ERR_BLOCKED_BY_ORB"
    (one,) = read(json.dumps(document).encode()).groups
    assert (one.asked.status, one.asked.referer) == (0, "https://www.example.com/")


def test_empty_referer_of_the_cache_is_none() -> None:
    """Chrome writes it for a page with no-referrer, among headers that are not complete."""
    empty = [{"name": "Referer", "value": ""}, {"name": "User-Agent", "value": "Mozilla/5.0"}]
    found = of_page(entry(f"https://{HOST}/a", request={"headers": empty}, _fromCache="memory"))
    (one,) = (one for one in found.groups if one.asked.host == HOST)
    assert (one.asked.referer, one.asked.derived, one.asked.cached) == (None, False, True)


@pytest.mark.parametrize("behind", [b"", bytes(100_000), b"padding"])
def test_members_of_a_gzip_file_are_read_and_padding_is_ignored(behind: bytes) -> None:
    plain = hars.chrome([Saved()])
    packed = gzip.compress(plain[:500]) + gzip.compress(plain[500:]) + behind
    assert read(packed) == read(plain)


# --- Recorded requests on a page: a HAR or an access log is read once, and judged by the rules

ROOT = Path(__file__).parents[3]
HAR = (ROOT / "fixtures" / "har" / "site.har").read_text(encoding="utf-8")
LOG = (ROOT / "examples" / "gate" / "access.log").read_text(encoding="utf-8")
RULES = RefererConfiguration(False, whitelist=("https://www.example.com/",))
OPEN = RefererConfiguration()


def judge(text: str, rules: RefererConfiguration = RULES) -> recorded.Found:
    old, new = (RefererPolicy.compile(one) for one in (OPEN, rules))
    chosen, problem = recorded.choose(recorded.read(text), ())
    assert not problem
    return recorded.judge(chosen, old, new)


def denied(rows: Any) -> dict[str | None, tuple[int, int]]:
    return {row.name: (row.denied, row.requests) for row in rows if row.denied}


def ask(**values: Any) -> str:
    given = {"language": "en", "rules": to_members(RULES), "other": to_members(OPEN), **values}
    html: str = json.loads(json.dumps(answer("traffic", given)))["html"]
    return html


def test_har_is_judged_by_page_and_by_site() -> None:
    found = judge(HAR)
    assert denied(found.pages) == {
        "https://m.example.com/": (2, 2),
        "https://www.example.com/news/": (2, 6),
    }
    assert denied(found.sites) == {
        "https://m.example.com/": (2, 2),
        "https://static.example.net/": (1, 1),
        None: (1, 1),
    }
    assert (found.denied, found.effect.checked.requests) == (4, 8)


def test_lines_of_a_log_are_judged_by_their_referers() -> None:
    found = judge(LOG)
    assert denied(found.sites) == {
        "https://m.example.com/": (12, 12),
        "https://pictures.thief.test/": (8, 8),
    }
    assert found.effect.locked_out.requests == 20
    text = f"damaged\n\n{LOG}"
    assert recorded.read(text).skipped == {"damaged": 1}
    assert judge(text).denied == 20


@pytest.mark.parametrize("text", [HAR, LOG])
def test_what_a_page_keeps_is_judged_like_the_text(text: str) -> None:
    whole = ask(text=text)
    kept = re.search(r'data-recorded="([^"]*)"', whole)
    assert kept is not None
    assert ask(recorded=json.loads(unescape(kept[1]))) == whole


def test_text_that_is_no_record_gets_a_sentence() -> None:
    said = "this is neither a HAR with requests nor lines of an access log"
    assert said in ask(text="hello")
    assert "it is not a HAR" in ask(text='{"log": ')
    for values in (None, 1, {}, {"groups": [[1]], "skipped": {}, "service": []}):
        with pytest.raises(SourceError, match="open their file again"):
            recorded.from_values(values)
        assert "these are not recorded requests" in ask(recorded=values)


WHOLE = ["h", "b", "none", "GET", "object", None, False, False, 200, "", 1, 1, ""]
WRONG = [(0, 1), (2, []), (2, "x"), (4, "x"), (5, []), (5, {}), (6, "x"), (7, 2), (7, None)]
WRONG += [(8, "200"), (8, 1.5), (9, None), (10, "1"), (10, []), (11, float("inf")), (12, 1)]


@pytest.mark.parametrize(("place", "value"), WRONG)
def test_member_of_a_wrong_type_is_refused(place: int, value: object) -> None:
    values = {"groups": [WHOLE], "skipped": {}, "service": []}
    assert recorded.from_values(values).requests == 1
    group = [*WHOLE[:place], value, *WHOLE[place + 1 :]]
    with pytest.raises(SourceError, match="open their file again"):
        recorded.from_values({**values, "groups": [group]})


def test_hosts_of_another_name_are_offered_to_choose_from() -> None:
    har = HAR.replace("examplebucket.oss-cn-hangzhou.aliyuncs.com", "cdn.example.com")
    har = re.sub("x-oss-request-id", "x-id", har, flags=re.IGNORECASE)
    html = ask(text=har)
    assert "None of its hosts looks like one of OSS; choose yours." in html
    assert 'data-host="cdn.example.com"' in html
    html = ask(text=har, hosts=["cdn.example.com"])
    assert "4 of 8 recorded requests are denied by these rules." in html
    assert 'data-host="cdn.example.com"' not in html


def test_requests_to_another_bucket_are_left_out() -> None:
    traffic = recorded.read(HAR)
    chosen, problem = recorded.choose(traffic, (), "other")
    assert not chosen.groups
    assert problem == "These requests are not to the bucket other but to examplebucket."
    assert recorded.choose(traffic, (), "examplebucket")[1] == ""
