"""The pages without a socket: each as HTML and as JSON, and what they refuse."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import pytest
from oss_emulator.control.api import Refusal, check_alone
from oss_emulator.control.api.access import SESSION, check_allowed, session
from oss_emulator.control.console import PAGES, find, refuse, show, wants_page
from oss_emulator.protocol.message import Request
from oss_emulator.settings import Settings

from tests.unit.control.api.caller import ApiCaller

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


def html(ask: ApiCaller, path: str, **headers: str) -> str:
    """A page as a browser gets it."""
    asked = ask.asked("GET", path, accept="text/html", **headers)
    response: Any = find(asked.request)[0].handler(asked)
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/html")
    return str(response.body.decode())


def request(path: str, **headers: str) -> Request:
    fields = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Request.parse("GET", path, [("Host", "localhost"), *fields], 0.0, "192.0.2.1")


PATHS = ["requests", "requests/1", "rules", "rules/examplebucket", "login"]


@pytest.mark.parametrize("path", PATHS)
def test_page_is_html_for_browsers_and_json_for_others(ask: ApiCaller, path: str) -> None:
    assert html(ask, path).startswith("<!doctype html>")
    plain = ask("GET", path)
    assert plain.status == 200
    assert ask("GET", f"{path}.json").json == plain.json


@pytest.mark.parametrize("path", PATHS)
def test_page_has_no_script_and_no_style_of_its_own(ask: ApiCaller, path: str) -> None:
    page = html(ask, path)
    assert "style=" not in page
    assert "<style" not in page
    assert " on" not in page.replace(" one", "").replace(" on ", "").replace(" only", "")
    assert page.count("<script") == page.count('<script type="module" src="/_emulator/static/')


def test_fragment_is_the_main_part_only(ask: ApiCaller) -> None:
    page = html(ask, "requests/2", x_oss_emulator_fragment="1")
    assert "<html" not in page
    assert "No whitelist entry matches" in page


@pytest.mark.parametrize("word", PAGES)
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


@pytest.mark.parametrize("number", ["0", "3", "-1", "x", "9" * 40, "²"])
def test_unknown_request_is_not_found(ask: ApiCaller, number: str) -> None:
    assert ask("GET", f"requests/{number}").status == 404


def test_what_clients_send_is_text(ask: ApiCaller) -> None:
    ask.record("/examplebucket/a", HOSTILE)
    for path in ("requests", "requests/3", "rules/examplebucket"):
        assert "<script>alert" not in html(ask, path)
    assert "&lt;script&gt;alert(1)" in html(ask, "requests")


# --- Rules


def members(*whitelist: str, empty: bool = True) -> dict[str, Any]:
    return {"AllowEmptyReferer": empty, "RefererList": {"Referer": list(whitelist)}}


def test_edited_rules_decide_like_the_engine(ask: ApiCaller) -> None:
    requests = [{"referer": None}, {"referer": "http://thief.test/"}]
    body = {"rules": members("http://thief.test/", empty=False), "requests": requests}
    decisions = ask("POST", "rules/check", {**body, "bucket": "examplebucket"}).json["decisions"]
    assert [decision["allowed"] for decision in decisions] == [False, True]


def test_review_has_findings_differences_turns_and_scenarios(ask: ApiCaller) -> None:
    body = {"rules": members("http://thief.test"), "bucket": "examplebucket"}
    review = ask("POST", "rules/review", body).json
    assert "open-host" in [finding["rule"] for finding in review["findings"]]
    assert not review["difference"]["equivalent"]
    assert review["journal"]["decided"] == 2
    assert [turn["number"] for turn in review["journal"]["turns"]] == [2, 1]
    assert [turn["decision"]["allowed"] for turn in review["journal"]["turns"]] == [True, False]
    assert len(review["scenarios"]) > 20


def test_correction_is_applied_and_what_is_gone_is_told(ask: ApiCaller) -> None:
    rules = members("http://www.example.com")
    wanted = {"rule": "open-host", "list": "whitelist", "position": 0}
    corrected = ask("POST", "rules/correct", {"rules": rules, **wanted}).json["rules"]
    assert corrected["RefererList"]["Referer"] == ["http://www.example.com/"]
    again = ask("POST", "rules/correct", {"rules": corrected, **wanted})
    assert (again.status, again.json["error"]) == (404, "The linter does not find this any more.")


def test_rules_are_exported_and_imported_in_each_form(ask: ApiCaller) -> None:
    rules = {**members("http://a.test/"), "RefererBlacklist": {"Referer": ["http://b.test/"]}}
    body = {"rules": rules, "bucket": "examplebucket"}
    texts = ask("POST", "rules/export", body).json["texts"]
    for form in ("xml", "json", "terraform", "toml"):
        read = ask("POST", "rules/import", {"text": texts[form]}).json["rules"]
        assert read["RefererBlacklist"] == rules["RefererBlacklist"]
        assert read["RefererList"] == rules["RefererList"]
    assert json.loads(texts["terraform"])["resource"]["alicloud_oss_bucket_referer"]["default"][
        "bucket"
    ] == ("examplebucket")
    assert "put_bucket_referer" in texts["oss2"]
    assert texts["ossutil"].startswith("ossutil api put-bucket-referer --bucket examplebucket")


def test_applied_rules_are_those_of_the_bucket(ask: ApiCaller) -> None:
    rules = members("http://thief.test/", empty=False)
    assert ask("PUT", "rules/examplebucket", {"rules": rules}).status == 200
    saved = ask("GET", "rules/examplebucket").json["rules"]
    assert saved["RefererList"] == {"Referer": ["http://thief.test/"]}
    assert saved["AllowEmptyReferer"] is False


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "rules/missing", {}),
        ("POST", "rules/check", {"rules": 1, "requests": []}),
        ("POST", "rules/check", {"rules": {"AllowEmptyReferer": True}, "requests": 1}),
        ("POST", "rules/review", {"rules": {"AllowEmptyReferer": True}}),
        ("POST", "rules/review", {"rules": {"AllowEmptyReferer": True}, "bucket": "missing"}),
        ("POST", "rules/import", {"text": "]"}),
        ("POST", "rules/import", {"text": "<x/>"}),
        ("POST", "rules/import", {"text": '{"AllowEmptyReferer": true}', "name": "x"}),
        ("POST", "rules/export", {"rules": members("\x01"), "bucket": "b"}),
        ("PUT", "rules/examplebucket", {"rules": members("\x01")}),
        ("GET", "requests?verdict=maybe", {}),
        ("GET", "requests?status=x", {}),
    ],
)
def test_bad_input_gets_one_sentence(ask: ApiCaller, method: str, path: str, body: Any) -> None:
    answer = ask(method, path, body)
    assert answer.status in (400, 404)
    assert answer.json["error"].endswith(".")


# --- Who may see a page


def test_session_of_a_browser_stands_for_the_token() -> None:
    cookie = f"a=b; {SESSION}={session('t')}"
    check_allowed(request("/_emulator/requests", cookie=cookie), "t")
    for wrong in (f"{SESSION}=t", f"{SESSION}=", SESSION, ""):
        with pytest.raises(Refusal):
            check_allowed(request("/_emulator/requests", cookie=wrong), "t")
    with pytest.raises(Refusal):
        check_allowed(request("/_emulator/requests", cookie=f"{SESSION}={session('')}"), "")


def test_browser_without_a_session_is_led_to_the_login() -> None:
    page = request("/_emulator/rules/b?x=1", accept="text/html")
    refusal = Refusal(403, "No.")
    led = refuse(page, refusal, Settings(admin_token="t"))
    assert (led.status, led.headers["Location"]) == (
        303,
        "/_emulator/login?next=/_emulator/rules/b%3Fx%3D1",
    )
    told = refuse(page, refusal, Settings())
    assert (told.status, b"<h1>Error 403</h1>" in bytes(told.body)) == (403, True)  # type: ignore[arg-type]
    assert refuse(request("/_emulator/journal"), refusal, Settings()).headers["Content-Type"] == (
        "application/json"
    )


@pytest.mark.parametrize("wanted", ["https://evil.test/", "//evil.test", "/_emulator/\\evil.test"])
def test_login_leads_to_pages_of_its_own_only(ask: ApiCaller, wanted: str) -> None:
    assert ask("GET", f"login?next={wanted}").json["next"] == "/_emulator/"


def test_login_needs_a_token(ask: ApiCaller) -> None:
    with pytest.raises(Refusal, match="needs the header"):
        check_allowed(ask.asked("POST", "rules/check").request._replace(remote="127.0.0.1"), "")
    assert ask("POST", "login", {"token": ""}).status == 409


@pytest.mark.parametrize("page", ["requests", "requests/1"])
def test_pages_of_one_process_are_refused_with_several_workers(page: str) -> None:
    route, _ = find(request(f"/_emulator/{page}"))
    with pytest.raises(Refusal, match="start the server with one worker"):
        check_alone(route, 2)


# --- The way to the console


@pytest.mark.parametrize(
    ("target", "headers", "led"),
    [
        ("/", {"accept": "text/html,*/*"}, True),
        ("/", {"accept": "*/*"}, False),
        ("/", {}, False),
        ("/?prefix=x", {"accept": "text/html"}, False),
        ("/bucket", {"accept": "text/html"}, False),
        ("/", {"accept": "text/html", "authorization": "OSS a:b"}, False),
    ],
)
def test_browser_is_led_from_the_endpoint_to_the_console(
    target: str, headers: dict[str, str], led: bool
) -> None:
    response = show(request(target, **headers), lambda host: True)
    assert (response is not None) is led
    assert show(request(target, **headers), lambda host: False) is None
    if response is not None:
        assert (response.status, response.headers["Location"]) == (302, "/_emulator/")


def test_json_in_the_path_beats_the_header() -> None:
    assert wants_page(request("/_emulator/requests", accept="text/html"))
    assert not wants_page(request("/_emulator/requests.json", accept="text/html"))
