"""The pages without a socket: each as HTML and as JSON, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import re
import time
from contextlib import suppress
from html import unescape
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings, strategies
from oss_emulator.control.api.access import (
    SESSION,
    TOKEN_HEADER,
    LoginNeededError,
    check_allowed,
    session,
)
from oss_emulator.control.api.route import ApiError, ServiceRefusalError
from oss_emulator.control.console import (
    EMBED_DOMAIN,
    LOGIN,
    PAGES,
    buckets,
    connect,
    find,
    show,
    show_error,
    wants_page,
)
from oss_emulator.control.console.embed import POLICIES
from oss_emulator.control.console.page import FRAGMENT, TABS, format_moment
from oss_emulator.control.console.requests import (
    LONGER,
    MOST_SENT,
    PAUSE,
    READABLE,
    follow_requests,
)
from oss_emulator.control.console.static_files import FOLDER
from oss_emulator.control.faults import Fault
from oss_emulator.control.traffic import EMBED_TEST
from oss_emulator.operations.admission import Admission
from oss_emulator.protocol.message import Request, Response
from oss_emulator.settings import Settings
from oss_referer import RefererConfiguration
from oss_referer.page import STATIC
from oss_referer.sources import referer_xml

from tests.rows import rows
from tests.thorough import cases
from tests.unit.control.caller import ApiCaller

NAMES = """
    rules requests bucket site rule list position text name referer signed method AllowEmptyReferer
    RefererList Referer acl tags headers key seconds token against only
""".split()
"""The members of bodies."""

RULES = b"""<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList>
<Referer>http://www.example.com/</Referer></RefererList></RefererConfiguration>"""
HOSTILE = "<script>alert(1)</script>\u202e.png"


@pytest.fixture
def ask() -> ApiCaller:
    """A bucket with rules and an object, and two requests for it."""
    caller = ApiCaller()
    caller.oss("PUT", "/examplebucket", x_oss_acl="public-read")
    caller.oss("PUT", "/examplebucket?referer", RULES, content_length=str(len(RULES)))
    caller.oss("PUT", "/examplebucket/hello.txt", b"Hello", content_length="5")
    caller.record("/examplebucket/hello.txt", "http://www.example.com/")
    caller.record("/examplebucket/hello.txt", "http://thief.test/")
    return caller


def request(path: str, method: str = "GET", remote: str = "192.0.2.1", **headers: str) -> Request:
    fields = {"host": "localhost"} | {n.replace("_", "-"): v for n, v in headers.items()}
    return Request.parse(method, path, fields.items(), 0.0, remote)


PATHS = """
    requests requests/1 rules rules/examplebucket buckets buckets/examplebucket?prefix=x/
    objects/examplebucket?key=hello.txt emulator connect login
""".split()


def as_json(path: str) -> str:
    """Return the same page with `.json` at the end of its path."""
    place, sign, query = path.partition("?")
    return f"{place}.json{sign}{query}"


@rows("path", *PATHS)
def test_page_is_html_for_browsers_and_json_for_others(ask: ApiCaller, path: str) -> None:
    page = ask.html(path)
    assert page.startswith("<!doctype html>")
    # Browser tabs show the title, and screen readers read it first.
    assert re.search(r"<title>\S.* – oss-emulator</title>", page)
    # The page has no inline scripts and styles.
    assert "style=" not in page
    assert "<style" not in page
    assert not re.search(r"<[^>]*\son\w+\s*=", page)
    assert page.count("<script") == page.count('<script type="module" src="/_emulator/static/')
    plain = ask("GET", path)
    assert plain.status == 200
    again = ask("GET", as_json(path)).json
    again.pop("clock", None)  # the clock moves
    assert again == {name: value for name, value in plain.json.items() if name != "clock"}


def test_fragment_is_the_main_part_only(ask: ApiCaller) -> None:
    page = ask.html("requests/2", x_oss_emulator_fragment="1")
    assert "<html" not in page
    assert "No whitelist entry matches" in page


def test_planned_fault_is_shown_with_what_it_does(ask: ApiCaller) -> None:
    ask.asked("GET", "emulator").controls.faults.add(Fault(case="USER_DISABLE", throttle=20))
    page = ask.html("emulator")
    assert "USER_DISABLE throttle=20" in page


@rows("word", *PAGES)
def test_every_page_has_routes(word: str) -> None:
    module = import_module(f"oss_emulator.control.console.{PAGES[word]}")
    assert any(route.path.partition("/")[0] == word for route in module.ROUTES)


def test_request_has_the_whole_story(ask: ApiCaller) -> None:
    story = ask("GET", "requests/2").json
    assert story["decision"]["reason"] == "not-whitelisted"
    assert story["headers"]["referer"] == "http://thief.test/"
    assert "<EC>0003-00000503</EC>" in story["answer"]["document"]
    assert story["curl"].startswith("curl -i http://localhost/examplebucket/hello.txt")
    assert 'verdict = "deny"' in story["case"]


async def test_many_requests_are_sent_less_often(
    ask: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        for _ in range({1: MOST_SENT, 2: READABLE * LONGER}.get(len(pauses), 1)):
            ask.record("/examplebucket/hello.txt", "http://thief.test/")

    monkeypatch.setattr(asyncio, "sleep", sleep)
    ask.journal.clear()
    stream = follow_requests(ask.asked("GET", "requests?by=time", accept="text/event-stream"))
    await anext(stream)
    sent = []
    for _ in range(4):
        ask.record("/examplebucket/hello.txt", "http://thief.test/")
        sent.append(json.loads((await anext(stream)).split(b"data: ")[1]))
    await stream.aclose()
    assert pauses == [PAUSE, PAUSE * LONGER, PAUSE * LONGER, PAUSE]
    assert [(one["count"], one["skips"]) for one in sent] == [
        (MOST_SENT + 1, True),
        (READABLE * LONGER + 1, False),
        (2, False),
        (2, False),
    ]
    assert sent[0]["rows"].count("<tr ") == MOST_SENT


async def test_stream_sends_rows_that_fit_and_what_is_above_them(ask: ApiCaller) -> None:
    query = "requests?q=is:denied&by=time&since=2"
    stream = follow_requests(ask.asked("GET", query, accept="text/event-stream"))
    begin = await anext(stream)
    assert b"id: " not in begin
    assert value_of(begin) == {"journal": ask.journal.name}

    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)  # the stream is listening
    ask.record("/examplebucket/hello.txt", "http://www.example.com/")  # not denied
    ask.record("/examplebucket/hello.txt", "http://blog.example.com/")
    sent = await waiting
    assert sent.startswith(b"id: 4\n")
    grown = value_of(sent)
    assert (grown["count"], grown["rows"].count("<tr ")) == (1, 1)
    assert "1 of your sites is locked out" in grown["overview"]

    waiting = asyncio.ensure_future(anext(stream))
    await asyncio.sleep(0)
    ask.oss("PUT", "/examplebucket?referer", RULES.replace(b"www", b"*"))
    assert "None of your sites is locked out" in value_of(await waiting)["overview"]
    await stream.aclose()


async def test_stream_of_a_list_by_site_sends_no_rows(ask: ApiCaller) -> None:
    stream = follow_requests(ask.asked("GET", "requests", accept="text/event-stream"))
    await anext(stream)
    sent = value_of(await anext(stream))
    assert (sent["count"], "rows" in sent) == (2, False)
    await stream.aclose()


def value_of(event: bytes) -> Any:
    """Return the value of an event."""
    return json.loads(event.partition(b"data: ")[2])


def test_cleared_requests_are_restored(ask: ApiCaller) -> None:
    assert ask("DELETE", "journal").status == 200
    assert ask("GET", "requests").json["entries"] == []
    assert ask("POST", "requests/restore").json == {"kept": 2}
    assert [entry["number"] for entry in ask("GET", "requests").json["entries"]] == [2, 1]


@pytest.mark.parametrize(
    ("query", "shown"),
    [("", "Nobody has asked for anything yet"), ("?q=x", "No requests match this search")],
)
def test_empty_list_says_why(ask: ApiCaller, query: str, shown: str) -> None:
    ask.journal.clear()
    page = ask.html(f"requests{query}")
    assert (' id="empty">' in page, ' id="unmatched">' in page) == (not query, bool(query))
    assert shown in page


@rows("number", "0", "3", "-1", "x", "9" * 40, "²")
def test_unknown_request_is_not_found(ask: ApiCaller, number: str) -> None:
    assert ask("GET", f"requests/{number}").status == 404


def test_what_clients_send_is_text(ask: ApiCaller) -> None:
    ask.record("/examplebucket/a", HOSTILE)
    for path in ("requests", "requests/3", "rules/examplebucket"):
        assert "<script>alert" not in ask.html(path)
    assert "&lt;script&gt;alert(1)" in ask.html("requests")


# --- Rules


def members(*whitelist: str, empty: bool = True) -> dict[str, Any]:
    return {"AllowEmptyReferer": empty, "RefererList": {"Referer": list(whitelist)}}


def test_edited_rules_decide_like_the_engine(ask: ApiCaller) -> None:
    requests = [{"referer": None}, {"referer": "http://thief.test/"}]
    body = {"rules": members("http://thief.test/", empty=False), "requests": requests}
    decisions = ask("POST", "rules/check", {**body, "bucket": "examplebucket"}).json["decisions"]
    assert [decision["allowed"] for decision in decisions] == [False, True]


def test_answer_by_the_journal_shows_no_secret(ask: ApiCaller) -> None:
    ask.record("/examplebucket/hello.txt", "http://thief.test/?Signature=abcdefgh")
    rules = {**members("http://thief.test"), "AllowTruncateQueryString": False}
    body = {"rules": rules, "bucket": "examplebucket"}
    assert "abcdefgh" not in json.dumps(ask("POST", "rules/answer", body).json)
    assert "abcdefgh" not in ask.html("rules/answer", body)


def test_rules_are_generated_with_their_table(ask: ApiCaller) -> None:
    rules = {"AllowEmptyReferer": False}
    wish = {"site": "https://www.example.com", "subdomains": True, "mini_programs": "wx01234567"}
    body = {"rules": rules, **wish}
    made = ask("POST", "rules/generate", body).json
    assert "https://*.example.com/" in made["rules"]["RefererList"]["Referer"]
    assert made["rules"]["AllowEmptyReferer"] is False
    assert "[[case]]" in made["table"]
    refused = ask("POST", "rules/generate", {"rules": rules, "site": "nonsense site"})
    assert (refused.status, "is not the address of a site" in refused.json["error"]) == (400, True)


def test_rules_are_exported_and_imported_in_each_form(ask: ApiCaller) -> None:
    rules = {**members("http://a.test/"), "RefererBlacklist": {"Referer": ["http://b.test/"]}}
    body = {"rules": rules, "bucket": "examplebucket"}
    texts = ask("POST", "rules/export", body).json["texts"]
    for form in ("xml", "json", "terraform", "hcl", "toml"):
        read = ask("POST", "rules/read", {"text": texts[form]}).json["rules"]
        assert read["RefererBlacklist"] == rules["RefererBlacklist"]
        assert read["RefererList"] == rules["RefererList"]
    for form in ("terraform", "hcl", "ossutil"):
        assert "examplebucket" in texts[form]
        assert "YOUR-BUCKET" not in texts[form]
    assert "put_bucket_referer" in texts["oss2"]
    assert "ossutil api put-bucket-referer --bucket examplebucket" in texts["ossutil"]


@rows(
    ("method", "path", "body"),
    ("GET", "rules/missing", {}),
    ("POST", "rules/check", {"rules": 1, "requests": []}),
    ("POST", "rules/check", {"rules": {"AllowEmptyReferer": True}, "requests": 1}),
    ("POST", "rules/answer", {"rules": {"AllowEmptyReferer": True}, "bucket": "missing"}),
    ("POST", "rules/read", {"text": "]"}),
    ("POST", "rules/read", {"text": "<x/>"}),
    ("POST", "rules/export", {"rules": members("\x01"), "bucket": "b"}),
    ("PUT", "rules/examplebucket", {"rules": members("\x01")}),
    ("GET", "requests?q=is:maybe", {}),
    ("GET", "requests?q=status:x", {}),
)
def test_bad_input_gets_one_sentence(ask: ApiCaller, method: str, path: str, body: Any) -> None:
    answer = ask(method, path, body)
    assert answer.status in (400, 404)
    assert answer.json["error"].endswith(".")


VALUES = strategies.recursive(
    strategies.none()
    | strategies.booleans()
    | strategies.integers()
    | strategies.floats(allow_nan=False)
    | strategies.text(max_size=30)
    | strategies.sampled_from(["examplebucket", "hello.txt", "GET", "public-read", "a=b"]),
    lambda children: (
        strategies.lists(children, max_size=3)
        | strategies.dictionaries(strategies.sampled_from(NAMES), children, max_size=5)
    ),
    max_leaves=8,
)
BODIES = strategies.dictionaries(strategies.sampled_from(NAMES), VALUES, max_size=5)
CHANGING = """
    POST rules/check; POST rules/answer; POST rules/export; POST rules/take; POST rules/generate;
    POST rules/read; PUT rules/examplebucket; PUT buckets/examplebucket;
    POST login; PUT objects/examplebucket?key=hello.txt; POST signed/examplebucket
""".split(";")


@pytest.mark.parametrize("changing", CHANGING)
@given(body=BODIES)
@settings(max_examples=cases(4, 80), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_gets_an_answer(ask: ApiCaller, changing: str, body: Any) -> None:
    method, path = changing.split()
    assert ask(method, path, body).status < 500
    with suppress(ApiError):
        ask.response(method, path, json.dumps(body).encode(), accept="text/html")


@given(key=strategies.text(min_size=1, max_size=40), prefix=strategies.text(max_size=20))
@settings(max_examples=cases(10, 100), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_key_is_put_shown_and_deleted(ask: ApiCaller, key: str, prefix: str) -> None:
    place = f"examplebucket?key={quote(key, errors='replace')}"
    if ask("PUT", f"content/{place}", b"x").status == 200:
        assert ask("GET", f"objects/{place}").json["size"] == 1
        assert ask.html(f"objects/{place}")
        folder = f"buckets/examplebucket?prefix={quote(key[:-1], errors='replace')}"
        assert ask("GET", folder).status == 200
        assert ask.html(folder)
        assert ask("DELETE", f"content/{place}").status == 200
    assert ask("GET", f"buckets/examplebucket?prefix={quote(prefix)}").status in (200, 400)


# --- Buckets and objects


def test_bucket_is_listed_by_folders(ask: ApiCaller) -> None:
    for key in ("a/b/c.txt", "a/d.txt", " odd%20name\x01"):
        path = f"content/examplebucket?key={quote(key)}"
        assert ask("PUT", path, b"x").status == 200
    top = ask("GET", "buckets/examplebucket").json
    assert top["folders"] == ["a/"]
    assert [item["key"] for item in top["objects"]] == [" odd%20name\x01", "hello.txt"]
    below = ask("GET", "buckets/examplebucket?prefix=a/").json
    assert (below["folders"], [item["key"] for item in below["objects"]]) == (["a/b/"], ["a/d.txt"])


def test_long_folder_has_pages(ask: ApiCaller) -> None:
    for number in range(201):
        ask("PUT", f"content/examplebucket?key=many/{number:03}", b"x")
    first = ask("GET", "buckets/examplebucket?prefix=many/").json
    assert (len(first["objects"]), first["total"], first["pages"]) == (200, 201, 2)
    path = "buckets/examplebucket?prefix=many/&page=2"
    assert [item["key"] for item in ask("GET", path).json["objects"]] == ["many/200"]
    assert (
        'rel="next" href="/_emulator/buckets/examplebucket?prefix=many%2F&amp;page=2"'
        in ask.html("buckets/examplebucket?prefix=many/")
    )
    assert 'rel="prev" href="/_emulator/buckets/examplebucket?prefix=many%2F"' in ask.html(path)


def test_folder_is_searched_and_sorted_by_links(ask: ApiCaller) -> None:
    for key, content in {"a/b/Photo.png": b"12", "a/c.txt": b"1", "photo2.png": b"123"}.items():
        ask("PUT", f"content/examplebucket?key={quote(key)}", content)
    path = "buckets/examplebucket?text=PHOTO&sort=-size"
    found = [item["key"] for item in ask("GET", path).json["objects"]]
    assert found == ["photo2.png", "a/b/Photo.png"]
    page = ask.html(path)
    assert 'aria-sort="descending"><a href="/_emulator/buckets/examplebucket?text=PHOTO' in page
    assert "No key contains this text." in ask.html("buckets/examplebucket?text=nowhere")


@rows("query", "sort=colour", "sort=--size", "page=x", "page=-1", "page=²")
def test_bad_query_of_a_folder_is_refused(ask: ApiCaller, query: str) -> None:
    assert ask("GET", f"buckets/examplebucket?{quote(query, safe='=')}").status == 400


def test_content_is_an_attachment_that_runs_nowhere(ask: ApiCaller) -> None:
    response = ask.response("GET", "content/examplebucket?key=hello.txt")
    assert response.body in (b"Hello", (b"Hello",))
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''hello.txt"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")


def test_object_is_changed_and_deleted(ask: ApiCaller) -> None:
    path = "objects/examplebucket?key=hello.txt"
    assert ask("PUT", path, {"acl": "private"}).status == 200
    assert ask("PUT", path, {"tags": "a=1\n\nb = 2"}).status == 200
    assert ask("PUT", path, {"headers": "x-oss-meta-a: 1"}).status == 200
    shown = ask("GET", path).json
    assert shown["tags"] == {"a": "1", "b": "2"}
    assert shown["headers"]["x-oss-meta-a"] == "1"
    assert shown["acl"] == "private"  # headers are changed by a copy, which keeps the ACL
    for wrong in (
        {},
        {"acl": 1},
        {"tags": "no"},
        {"headers": "no"},
        {"headers": "x-oss-meta-a: 中"},
    ):
        assert ask("PUT", path, wrong).status == 400
    assert ask("DELETE", "content/examplebucket?key=hello.txt").status == 200
    assert ask("GET", path).status == 404


def test_bucket_is_created_and_deleted(ask: ApiCaller) -> None:
    assert ask("PUT", "buckets/new-bucket", {"acl": "public-read"}).status == 200
    assert ask("GET", "buckets/new-bucket").json["bucket"]["acl"] == "public-read"
    assert ask("PUT", "buckets/new-bucket", {"acl": "open"}).status == 400
    assert ask("PUT", "buckets/new-bucket", {}).status == 200
    assert ask("GET", "buckets/new-bucket").json["bucket"]["acl"] == "public-read"
    assert ask("PUT", "buckets/other-bucket", {}).status == 200
    assert ask("GET", "buckets/other-bucket").json["bucket"]["acl"] == "private"
    assert ask("DELETE", "buckets/new-bucket").status == 200
    assert ask("DELETE", "buckets/new-bucket").status == 404


def test_signed_url_is_valid_and_has_its_parts(ask: ApiCaller) -> None:
    body = {"key": "hello.txt", "method": "GET", "seconds": 60}
    signed = ask("POST", "signed/examplebucket", body).json
    target = signed["url"].partition("http://")[2].partition("/")[2]
    outcome = ask.service.admit(
        Request.parse("GET", f"/{target}", [("Host", "localhost")], time.time())
    )
    assert isinstance(outcome, Admission)
    assert outcome.caller == ask.service.accounts.owner
    assert signed["parts"]["x-oss-expires"] == "60"
    for wrong in (
        {},
        {"key": ""},
        {**body, "method": "POST"},
        {**body, "seconds": 0},
        {**body, "seconds": 1e9},
    ):
        assert ask("POST", "signed/examplebucket", wrong).status == 400


def test_signed_url_has_the_host_of_the_bucket_where_that_is_demanded(ask: ApiCaller) -> None:
    ask.service.settings = Settings(strict_addressing=True)
    asked = ask.asked("POST", "signed/examplebucket", b'{"key": "a"}', host="127.0.0.1:9000")
    response: Any = find(asked.request)[0].handler(asked)
    assert json.loads(response.body)["url"].startswith("http://examplebucket.localhost:9000/a?")


def test_bucket_of_another_region_is_signed_and_shown_with_its_region(ask: ApiCaller) -> None:
    """P-80"""
    bucket = ask.service.storage.bucket("examplebucket")
    assert bucket is not None
    ask.service.storage.put_bucket(bucket._replace(region="cn-beijing"))
    signed = ask("POST", "signed/examplebucket", {"key": "hello.txt"}).json
    target = signed["url"].partition("http://")[2].partition("/")[2]
    asked = Request.parse("GET", f"/{target}", [("Host", "localhost")], time.time())
    assert isinstance(ask.service.admit(asked), Admission)
    number = ask.journal.entries()[-1].number
    assert "region='cn-beijing'" in ask("GET", f"requests/{number}").json["oss2"]


def test_name_of_rules_to_import_must_be_text(ask: ApiCaller) -> None:
    answer = ask("POST", "rules/read", {"text": RULES.decode(), "name": []})
    assert (answer.status, answer.json["error"]) == (400, "name must be a string.")


# --- The embed test


async def test_embed_test_pairs_policies_with_requests(ask: ApiCaller) -> None:
    begun = ask.response("GET", "embed?bucket=examplebucket&key=a%2Fb.txt&host=shop.test")
    frames = json.loads(bytes(begun.body))["frames"]  # type: ignore[arg-type]
    assert [frame["policy"] for frame in frames] == list(POLICIES)
    run = json.loads(bytes(begun.body))["run"]  # type: ignore[arg-type]
    for number in range(len(POLICIES)):
        ask.record(
            f"/examplebucket/hello.txt?{EMBED_TEST}={run}-{number}",
            f"http://shop.test.{EMBED_DOMAIN}/{number}",
        )
    asked = ask.asked("GET", f"embed/{run}?site=http://www.example.com/")
    response: Any = await find(asked.request)[0].handler(asked)  # type: ignore[misc]
    results = json.loads(response.body)["results"]
    assert [result["sent"][-1] for result in results] == list("012345678")
    assert {result["verdict"] for result in results} == {"denied"}
    assert results[3]["site"] == "http://www.example.com/3"
    assert {result["there"]["status"] for result in results} == {200}


@rows(
    ("path", "status"),
    ("embed?bucket=examplebucket&key=a&host=a..b", 400),
    ("embed?bucket=examplebucket&key=a&host=%22%3E", 400),
    ("embed/zzz", 404),
    (f"embed/{'0' * 12}?site=x", 400),
)
def test_bad_embed_test_is_refused(
    ask: ApiCaller, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    monkeypatch.setattr("oss_emulator.control.console.embed._TIMEOUT", 0.01)
    assert ask("GET", path).status == status


def embedded(target: str, host: str = f"shop.test.{EMBED_DOMAIN}:9000") -> Response:
    response = show(Request.parse("GET", target, [("Host", host)], 0.0), lambda host: False)
    assert response is not None
    return response


def test_page_of_the_embed_test_embeds_an_object_of_a_bucket() -> None:
    page = embedded("/any/page.html?show=examplebucket/a%22b&test=abc-8")
    assert page.headers["Referrer-Policy"] == "unsafe-url"
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    source = b'src="http://examplebucket.localhost:9000/a%22b?embed-test=abc-8"'
    assert source in bytes(page.body)  # type: ignore[arg-type]
    assert "Referrer-Policy" not in embedded("/?show=examplebucket/a&test=x-0").headers


@rows("query", "", "show=x/a&test=a-1", "show=bucket&test=a-1", "show=bucket/a&test=a")
def test_page_of_the_embed_test_refuses_what_is_not_an_object(query: str) -> None:
    assert embedded(f"/?{query}").status == 400


# --- The emulator


def test_emulator_hides_secrets_and_counts_requests() -> None:
    ask = ApiCaller()
    ask.metrics.count(ask.record("/missing-bucket/a"))
    state = ask("GET", "emulator").json
    assert state["settings"]["access_key_secret"] == "…"
    assert state["metrics"]["operations"] == {"GetObject": {"not-checked": 1}}
    assert state["metrics"]["latencies"]["0.001"] == 1
    assert state["assumptions"]["letter_case"] == "query-insensitive"


# --- Files


def file(name: str) -> Path:
    """Return the file of a script or of styles; some belong to the page of the lab as well."""
    return next(folder / name for folder in (FOLDER, STATIC) if (folder / name).exists())


def imported(script: str) -> set[str]:
    """Return a script and all scripts that it imports."""
    text = file(script).read_text(encoding="utf-8")
    others = re.findall(r'^import .*"\./([\w.]+)";$', text, re.MULTILINE)
    return {script}.union(*map(imported, others))


def named_in_templates() -> list[str]:
    """Return the scripts and styles of each page, without those that all pages load."""
    templates = (FOLDER.parent / "templates").glob("*.html")
    texts = [template.read_text(encoding="utf-8") for template in templates]
    named = [" ".join(re.findall(r"static/([\w.]+\.(?:js|css))", text)) for text in texts]
    return sorted({names for names in named if ".js" in names})


@rows("names", *named_in_templates())
def test_page_loads_little(names: str) -> None:
    scripts = set().union(*map(imported, re.findall(r"\S+\.js", names)))
    assert "base.js" in scripts
    loaded = {*scripts, *re.findall(r"\S+\.css", names), "base.css"}
    most = 100 if "rules.js" in names else 75  # the page about rules is also an editor
    assert sum(file(name).stat().st_size for name in loaded) <= most * 1024


def test_file_is_sent_once_and_then_confirmed(ask: ApiCaller) -> None:
    first = ask.response("GET", "static/base.css")
    assert first.headers["Content-Type"].startswith("text/css")
    asked = ask.asked("GET", "static/base.css", if_none_match=first.headers["ETag"])
    again: Any = find(asked.request)[0].handler(asked)
    assert (again.status, again.body) == (304, b"")
    assert ask("GET", "static/../page.py").status == 404


def test_page_forbids_what_it_does_not_need(ask: ApiCaller) -> None:
    response = ask.response("GET", "requests", accept="text/html")
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in response.headers["Content-Security-Policy"]


# --- Who may see a page


def test_session_of_a_browser_stands_for_the_token() -> None:
    cookie = f"a=b; {SESSION}={session('t')}"
    check_allowed(request("/_emulator/requests", cookie=cookie), "t")
    for wrong in (f"{SESSION}=t", f"{SESSION}=", SESSION, ""):
        with pytest.raises(ApiError):
            check_allowed(request("/_emulator/requests", cookie=wrong), "t")
    with pytest.raises(ApiError):
        check_allowed(request("/_emulator/requests", cookie=f"{SESSION}={session('')}"), "")


def test_browser_without_a_session_is_led_to_the_login() -> None:
    page = request("/_emulator/rules/b?x=1", accept="text/html")
    refusal = LoginNeededError(403, "No.")
    led = show_error(page, refusal, Settings(admin_token="t"))
    assert (led.status, led.headers["Location"]) == (
        303,
        "/_emulator/login?next=/_emulator/rules/b%3Fx%3D1",
    )
    told = show_error(page, refusal, Settings())
    assert (told.status, b"<h1>Error 403</h1>" in bytes(told.body)) == (403, True)  # type: ignore[arg-type]
    assert show_error(request("/_emulator/journal"), refusal, Settings()).headers[
        "Content-Type"
    ] == ("application/json")


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.test/",
        "//evil.test",
        "/_emulator/\\evil.test",
        "/_emulator/%0D%0AX:%20y",
        "/_emulator/%E4%B8%AD",
    ],
)
def test_login_leads_to_pages_of_its_own_only(ask: ApiCaller, wanted: str) -> None:
    assert ask("GET", f"login?next={wanted}").json["next"] == "/_emulator/"


def test_login_needs_a_token(ask: ApiCaller) -> None:
    with pytest.raises(ApiError, match="needs the header"):
        check_allowed(ask.asked("POST", "rules/check").request._replace(remote="127.0.0.1"), "")
    assert ask("POST", "login", {"token": ""}).status == 409


@rows("word", *PAGES)
def test_only_the_login_and_the_files_are_open_to_all(word: str) -> None:
    module = import_module(f"oss_emulator.control.console.{PAGES[word]}")
    assert {route.open_to_all for route in module.ROUTES} == {word in ("login", "static")}


# --- The way to the console


@rows(
    ("target", "headers", "led"),
    ("/", {"accept": "text/html,*/*"}, True),
    ("/_emulator", {"accept": "text/html"}, True),
    ("/", {"accept": "*/*"}, False),
    ("/", {}, False),
    ("/?prefix=x", {"accept": "text/html"}, False),
    ("/bucket", {"accept": "text/html"}, False),
    ("/", {"accept": "text/html", "authorization": "OSS a:b"}, False),
)
def test_browser_is_led_from_the_endpoint_to_the_console(
    target: str, headers: dict[str, str], led: bool
) -> None:
    response = show(request(target, **headers), lambda host: True)
    assert (response is not None) is led
    assert show(request(target, **headers), lambda host: False) is None
    if response is not None:
        assert (response.status, response.headers["Location"]) == (302, "/_emulator/")


def test_json_in_the_path_overrides_the_header() -> None:
    assert wants_page(request("/_emulator/requests", accept="text/html"))
    assert not wants_page(request("/_emulator/requests.json", accept="text/html"))


# --- What pages say if something is missing, refused or switched off

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
"""The Accept of a browser that opens a link."""

NEEDED = LoginNeededError(403, "No.")
WITH_TOKEN = Settings(admin_token="t")

SAVED = b"""<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>
<AllowTruncateQueryString>true</AllowTruncateQueryString><TruncatePath>false</TruncatePath>
<RefererList><Referer>http://www.example.com/</Referer></RefererList>
<RefererBlacklist><Referer>http://www.example.com/&lt;old&gt;</Referer></RefererBlacklist>
</RefererConfiguration>"""


def far(method: str, path: str, remote: str = "192.0.2.1", **headers: str) -> Request:
    """Return a request of another machine."""
    return request(path, method, remote, host="nas:9000", **headers)


# --- Who has to log in


def test_script_gets_an_error_if_its_reader_has_to_log_in() -> None:
    """With a redirect, the script would put the form of the login into its page."""
    fragment = {"accept": "text/html", FRAGMENT.replace("-", "_"): "1"}
    answer = show_error(far("GET", "/_emulator/requests/1", **fragment), NEEDED, WITH_TOKEN)
    assert (answer.status, answer.headers[LOGIN]) == (403, "needed")
    assert b"<form" not in bytes(answer.body)  # type: ignore[arg-type]
    plain = show_error(far("PUT", "/_emulator/rules/b"), NEEDED, WITH_TOKEN)
    assert (plain.status, plain.headers[LOGIN]) == (403, "needed")


def test_other_refusals_do_not_lead_to_the_login() -> None:
    """An archived object is refused with 403 as well, but a login does not help."""
    page = far("GET", "/_emulator/content/b?key=archived", accept=BROWSER)
    answer = show_error(page, ApiError(403, "The object is archived."), WITH_TOKEN)
    assert (answer.status, LOGIN in answer.headers) == (403, False)
    assert b"The object is archived." in bytes(answer.body)  # type: ignore[arg-type]


def test_wrong_token_in_the_header_is_named() -> None:
    wrong = {TOKEN_HEADER.replace("-", "_"): "wrong"}
    with pytest.raises(LoginNeededError, match="does not have the value of --admin-token"):
        check_allowed(far("GET", "/_emulator/journal", **wrong), "t")
    with pytest.raises(LoginNeededError, match="Requests from another machine need"):
        check_allowed(far("GET", "/_emulator/journal"), "t")


def test_wrong_token_from_another_machine_is_reported(ask: ApiCaller) -> None:
    """To plain http at a name, a browser sends an Origin, but no Sec-Fetch-Site."""
    ask.service.settings = WITH_TOKEN
    asked = ask.asked("POST", "login", b'{"token": "wrong"}', x_oss_emulator="1")
    there = far("POST", "/_emulator/login", origin="http://nas:9000", x_oss_emulator="1")
    with pytest.raises(ApiError, match=r"^This is not the value of --admin-token\.$"):
        find(there)[0].handler(asked._replace(request=there))


# --- The first page, and links that lead nowhere


def test_first_page_is_that_of_the_requests(ask: ApiCaller) -> None:
    led = ask.response("GET", "", accept=BROWSER)
    assert (led.status, led.headers["Location"]) == (302, "/_emulator/requests")


def test_error_leads_to_the_first_page() -> None:
    page = far("GET", "/_emulator/requests", "127.0.0.1", accept=BROWSER)
    answer = show_error(page, ApiError(409, "Not now."), Settings())
    text = bytes(answer.body).decode()  # type: ignore[arg-type]
    main = text.partition("<main")[2].partition("</main>")[0]
    assert re.findall(r'href="([^"]*)"', main) == ["/_emulator/"]


@rows(
    "said, chinese",
    ("The bucket 'b' does not exist.", "Bucket 'b' 不存在。"),
    ("The rules cannot be read: AllowEmptyReferer is missing; write x.", "AllowEmptyReferer，"),
    ("The bucket b does not exist.", None),  # as the service would say it
)
def test_error_is_in_the_language_of_the_reader(said: str, chinese: str | None) -> None:
    kind = ApiError if chinese else ServiceRefusalError
    error = kind(404, said)
    browser = {"accept_language": "zh-CN,zh;q=0.9"}

    def show(**headers: str) -> str:
        asked = far("GET", "/_emulator/rules/b", "127.0.0.1", **headers)
        return unescape(bytes(show_error(asked, error, Settings()).body).decode())  # type: ignore[arg-type]

    assert json.loads(show()) == {"error": said}
    assert (chinese or said) in json.loads(show(**browser))["error"]
    page = show(accept=BROWSER, **browser)
    assert (chinese or said) in page
    assert ('class="notice bad" lang="en">' in page) is (chinese is None)


# --- Without scripts


def test_saved_entries_are_shown_without_scripts(ask: ApiCaller) -> None:
    ask.oss("PUT", "/examplebucket")
    ask.oss("PUT", "/examplebucket?referer", SAVED)
    page = ask.html("rules/examplebucket")
    lists = dict(re.findall(r'<textarea id="(\w+list)"[^>]*>\n([^<]*)</textarea>', page))
    assert lists == {
        "whitelist": "http://www.example.com/",
        "blacklist": "http://www.example.com/&lt;old&gt;",
    }
    assert re.findall(r'name="(\w+)" checked', page) == ["AllowTruncateQueryString"]


def test_times_are_shown_without_scripts(ask: ApiCaller) -> None:
    ask.oss("PUT", "/examplebucket")
    ask.record("/examplebucket/a")
    for path in ("requests", "buckets", "emulator"):
        times: list[Any] = re.findall(r"<time[^>]*>([^<]*)</time>", ask.html(path))
        assert times
        assert all(re.fullmatch(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d UTC", time) for time in times)


def test_page_counts_the_requests_that_made_room_for_others(ask: ApiCaller) -> None:
    assert "no longer listed" not in ask.html("requests")
    for _ in range(ask.journal.size):
        ask.record("/examplebucket/a", "http://thief.test/")
    assert "Requests no longer listed: 2. The numbers above" in ask.html("requests")


@pytest.mark.parametrize("path", ["buckets", "buckets/examplebucket", "rules/examplebucket"])
def test_address_with_a_final_slash_is_the_same_page(ask: ApiCaller, path: str) -> None:
    assert ask("GET", f"{path}/") == ask("GET", path)
    assert ask("GET", path).status == 200


# --- The first run


@rows(
    ("host", "endpoint", "named_endpoint", "is_named"),
    ("127.0.0.1:9000", "http://127.0.0.1:9000", "http://localhost:9000", False),
    ("localhost:9000", "http://127.0.0.1:9000", "http://localhost:9000", False),
    ("localhost", "http://127.0.0.1", "http://localhost", False),
    ("192.0.2.7:9000", "http://192.0.2.7:9000", "http://192.0.2.7:9000", False),
    ("[::1]:9000", "http://[::1]:9000", "http://[::1]:9000", False),
    ("[::1]", "http://[::1]", "http://[::1]", False),
    ("nas:9000", "http://nas:9000", "http://nas:9000", True),
)
def test_clients_get_the_endpoint_in_the_form_that_they_take(
    ask: ApiCaller, host: str, endpoint: str, named_endpoint: str, is_named: bool
) -> None:
    asked = ask.asked("GET", "connect", b"", host=host)
    asked = asked._replace(request=asked.request._replace(headers={"host": host}))
    card = connect.describe(asked)
    assert (card["endpoint"], card["named_endpoint"], card["is_named"]) == (
        endpoint,
        named_endpoint,
        is_named,
    )
    assert any(f'"{endpoint}"' in client["text"] for client in card["clients"])
    assert f"{endpoint}/examplebucket/hello.txt" in card["curl"]


# --- The lists of buckets


MINE = referer_xml.format(RefererConfiguration(False, whitelist=("https://www.mine.test/",)))


def test_each_bucket_has_a_verdict_on_its_rules_and_its_size() -> None:
    ask = ApiCaller()
    for name, acl in (("bare", "public-read"), ("hidden", "private"), ("calm", "public-read")):
        ask.oss("PUT", f"/{name}", x_oss_acl=acl)
    ask.oss("PUT", "/bare/a", b"12345")
    for name in ("asked", "calm", "quiet"):
        ask.oss("PUT", f"/{name}", x_oss_acl="public-read")
        ask.oss("PUT", f"/{name}?referer", MINE)
    ask.record("/asked/a", "https://shop.mine.test/")
    ask.record("/calm/a", "https://www.mine.test/")
    found = {one["name"]: one for one in ask("GET", "buckets").json["buckets"]}
    assert {name: one["standing"] for name, one in found.items()} == {
        "asked": "locked_out",
        "bare": "no_rules",
        "calm": "calm",
        "hidden": "private",
        "quiet": "no_requests",
    }
    assert [found["bare"][name] for name in ("objects", "bytes", "more")] == [1, 5, False]
    assert [found["asked"][name] for name in ("locked_out", "whitelist", "denied")] == [1, 1, 1]
    rules = {one["name"]: one for one in ask("GET", "rules").json["buckets"]}
    assert rules["asked"]["standing"] == "locked_out"
    for page in ("buckets", "rules"):
        assert "1 of your sites is locked out" in ask.html(page)


def test_many_objects_are_counted_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(buckets, "WINDOW", 2)
    monkeypatch.setattr(buckets, "SHOWN", 2)
    ask = ApiCaller()
    ask.oss("PUT", "/many")
    for key in "abc":
        ask.oss("PUT", f"/many/{key}", b"1")
    (found,) = ask("GET", "buckets").json["buckets"]
    assert (found["objects"], found["bytes"], found["more"]) == (2, 2, True)
    assert "more than 2 B" in ask.html("buckets")


def test_every_page_says_how_many_faults_are_active() -> None:
    ask = ApiCaller()
    assert 'emulator" hidden>0 faults' in ask.html("requests")
    for number, said in ((1, "1 fault active"), (2, "2 faults active")):
        ask.controls.faults.add(Fault(latency=number))
        for page in TABS:
            assert f'emulator">{said}</a>' in ask.html(page)


# --- Deceptive names


def test_characters_that_turn_the_direction_of_a_key_are_shown() -> None:
    ask = ApiCaller()
    ask.oss("PUT", "/img", x_oss_acl="public-read")
    key = "cod\u202egnp.exe"
    ask.oss("PUT", f"/img/{quote(key)}", b"1")
    ask.record(f"/img/{quote(key)}", "https://a.test/\u2066x")
    for page in ("buckets/img", f"objects/img?key={quote(key)}", "requests?by=time", "requests/1"):
        html = ask.html(page)
        assert "cod[U+202E]gnp.exe" in html
        shown = re.sub(r"<pre.*?</pre>|<[^>]*>", "", html, flags=re.DOTALL)
        assert "\u202e" not in shown
    assert quote(key) in ask.html(f"objects/img?key={quote(key)}")


def test_time_before_today_has_its_date() -> None:
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC", format_moment(time.time()))
    assert format_moment(0) == "1970-01-01 00:00:00 UTC"
