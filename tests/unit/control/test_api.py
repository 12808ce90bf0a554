"""The API below `/_emulator/` without a socket: who may use it, its resources and its OpenAPI."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from oss_emulator.control.api import ROUTES, document, find, journal
from oss_emulator.control.api.access import TOKEN_HEADER, check_allowed, protect
from oss_emulator.control.api.journal import list_entries
from oss_emulator.control.api.openapi import describe, get_health
from oss_emulator.control.api.route import (
    PREFIX,
    TEXT,
    ApiError,
    ApiRequest,
    Parameter,
    Route,
    json_content,
    record,
    reply,
)
from oss_emulator.control.api.testing import list_snapshots, remove_fault, take_snapshot
from oss_emulator.protocol.message import Request, Response
from oss_referer.version import __version__

from tests.rows import read_cases, rows
from tests.unit.control.caller import ApiCaller

CASES = read_cases("unit.control")

OWN = {"origin": "http://127.0.0.1:9000", "sec-fetch-site": "same-origin"}
MARK = {"x-oss-emulator": "1"}
TOKEN = {"x-oss-emulator-token": "t"}
ALIEN = "may not administer this server"
RULES = (
    b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer>"
    b"<RefererList><Referer>http://good.test/</Referer></RefererList></RefererConfiguration>"
)


@pytest.fixture
def ask() -> ApiCaller:
    """An API whose service has the bucket `bucket`, with rules and the object `a`."""
    caller = ApiCaller()
    caller.oss("PUT", "/bucket", x_oss_acl="public-read")
    caller.oss("PUT", "/bucket?referer", RULES)
    caller.oss("PUT", "/bucket/a", b"1")
    return caller


# --- Who may use it


def refusal(
    method: str, headers: Mapping[str, str], remote: str = "127.0.0.1", token: str = ""
) -> str:
    """Return the sentence with which a request is refused, "" if it is allowed."""
    fields = [("Host", "127.0.0.1:9000"), *headers.items()]
    request = Request.parse(method, "/_emulator/reset", fields, 0.0, remote)
    try:
        check_allowed(request, token)
    except ApiError as refused:
        return refused.sentence if refused.status == 403 else f"status {refused.status}"
    return ""


@rows("remote, headers, token, allowed", *CASES["change_needs_this_machine_or_the_token"])
def test_change_needs_this_machine_or_the_token(
    remote: str, headers: dict[str, str], token: str, allowed: bool
) -> None:
    assert (refusal("POST", {**MARK, **headers}, remote, token) == "") is allowed


def test_change_needs_a_header_that_no_form_can_send() -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        sentence = refusal(method, {"content-type": "application/json"})
        assert sentence.startswith(f"{method} /_emulator/reset needs the header x-oss-emulator")
        assert "-H 'x-oss-emulator: 1'" in sentence
        for headers in (MARK, {"x-oss-emulator": ""}, TOKEN):
            assert refusal(method, headers) == ""
    assert refusal("GET", {}) == refusal("HEAD", {}) == ""


@rows("method", "GET", "POST")
@rows(
    "page",
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:9001"},
    {"origin": "null"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    {**OWN, "sec-fetch-site": "cross-site"},
    {**OWN, "origin": "null"},
)
def test_pages_of_other_origins_are_refused(method: str, page: dict[str, str]) -> None:
    assert ALIEN in refusal(method, {**MARK, **page})
    assert ALIEN in refusal(method, {**TOKEN, **page}, token="t")


def test_pages_may_link_to_the_api_and_its_own_may_change_the_server() -> None:
    click = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    click["sec-fetch-dest"] = "document"
    assert refusal("GET", click) == ""
    assert refusal("POST", {**MARK, **click}) != ""
    assert refusal("GET", {**click, "origin": "http://evil.example"}) != ""
    assert refusal("POST", {**OWN, **MARK}) == ""
    assert refusal("GET", {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}) == ""


def test_browser_that_does_not_name_the_page_needs_the_token() -> None:
    page = {"origin": OWN["origin"], **MARK}
    for method in ("POST", "GET"):
        assert "does not send sec-fetch-site" in refusal(method, page)
    assert refusal("POST", {**page, **TOKEN}, token="t") == ""
    assert refusal("POST", {**page, **TOKEN}, token="u") != ""


def test_answers_are_shown_in_no_frame_and_run_as_no_script() -> None:
    assert protect(Response(200, {"Content-Type": "text/html"})).headers == {
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Content-Type": "text/html",
    }


# --- Routes


def request(method: str, path: str, **headers: str) -> Request:
    return Request.parse(method, PREFIX + path, headers.items(), 0.0)


@rows(
    ("method", "path", "handler", "rest"),
    ("GET", "health", get_health, ""),
    ("GET", "snapshot", list_snapshots, ""),
    ("PUT", "snapshot/a/b", take_snapshot, "a/b"),
    ("PUT", "snapshot/", take_snapshot, ""),
    ("GET", "snapshot/", list_snapshots, ""),
    ("DELETE", "faults/", remove_fault, ""),  # not all faults
)
def test_route_is_found_by_method_and_path(
    method: str, path: str, handler: object, rest: str
) -> None:
    route, found = find(request(method, path))
    assert (route.handler, found) == (handler, rest)


@rows("method, path, status, sentence", *CASES["unknown_path_or_method_is_told_the_known_ones"])
def test_unknown_path_or_method_is_told_the_known_ones(
    method: str, path: str, status: int, sentence: str
) -> None:
    with pytest.raises(ApiError, match=sentence) as caught:
        find(request(method, path))
    assert caught.value.status == status


def test_only_the_journal_is_a_stream_and_only_if_asked_for() -> None:
    streaming = [route for route in ROUTES if route.stream is not None]
    assert [(route.method, route.path) for route in streaming] == [("GET", "journal")]
    assert streaming[0].streams(request("GET", "journal", accept="text/event-stream"))
    assert not streaming[0].streams(request("GET", "journal"))


# --- Resources: what each refuses

REFUSED: list[tuple[str, str, Any, int, str]] = [
    ("POST", "faults", b'{"a":' * 100_000, 400, "nested too deeply"),
    ("PUT", "clock", b"[" * 100_000, 400, "nested too deeply"),
    ("PUT", "clock", b'{"shift":' + b"9" * 5_000 + b"}", 400, "more than 308 digits"),
    ("POST", "seed", b"a=" + b"[" * 100_000, 400, "nested too deeply"),
    ("POST", "referer/check", b"9" * 5_000, 400, "more than 308 digits"),
    ("POST", "referer/check", b'{"bucket":"\\ud800"}', 400, "without its pair"),
    ("DELETE", "faults/" + "9" * 5000, b"", 404, "The fault"),
    ("DELETE", "faults/%C2%B2", b"", 404, "The fault"),
    *(
        ("PUT", "clock", body, 400, "2030-01-31T00:00:00.000Z")
        for body in ({}, {"now": "soon"}, {"now": 1}, {"shift": "1"}, {"shift": 2**32}, {"b": 1})
    ),
    ("POST", "faults", {"every": 0}, 400, "every must be from 1"),
    ("POST", "faults", b"{", 400, "not valid JSON"),
    ("POST", "faults", [], 400, "must be a JSON object"),
    ("DELETE", "faults/999", b"", 404, "The fault '999' does not exist."),
    ("DELETE", "faults/x", b"", 404, "The fault 'x' does not exist."),
    ("GET", "journal?verdict=maybe", b"", 400, "verdict must be one of allowed, denied, not-che"),
    ("GET", "journal?since=x", b"", 400, "since must be a number"),
    ("GET", "journal?since=nan", b"", 400, "since must be a number"),
    ("GET", "journal?limit=-1", b"", 400, "limit must be a number"),
    ("GET", "journal?wait=-1", b"", 400, "wait must be a number"),
    ("POST", "seed", b"[", 400, "this is not valid TOML"),
    ("POST", "seed", b"\xff", 400, "the byte 0xff is not valid UTF-8"),
    ("POST", "seed", b'[[bucket]]\nname = "B"', 400, "InvalidBucketName"),
    ("POST", "seed", b'[[account]]\nid = "1"', 400, "only the seed that a server starts with"),
    (
        "POST",
        "seed",
        b'[[bucket]]\nname = "abc"\n[[bucket.object]]\nkey = "k"\nfile = "/etc/passwd"',
        400,
        "only a seed that is a file can name files",
    ),
    ("POST", "reset?bucket=none", b"", 404, "The bucket none does not exist."),
    ("POST", "restore/none", b"", 404, "The snapshot 'none' does not exist."),
    ("POST", "restore/", b"", 400, ""),
    ("DELETE", "snapshot/none", b"", 404, "The snapshot 'none' does not exist."),
    ("DELETE", "snapshot/", b"", 400, ""),
    ("PUT", "snapshot/", b"", 400, "Name the snapshot"),
    ("PUT", "tests/", {"test": "a.py::one", "buckets": []}, 400, ""),
    *(
        ("PUT", "tests/one", body, 400, '"buckets"')
        for body in ({}, {"test": 1, "buckets": []}, {"test": "a", "buckets": [2]}, {"test": "a"})
    ),
    ("POST", "referer/check", {"requests": []}, 400, "either rules"),
    ("POST", "referer/check", {"bucket": "bucket", "rules": {}, "requests": []}, 400, "either ru"),
    ("POST", "referer/check", {"bucket": "none", "requests": []}, 404, "bucket none does not exis"),
    ("POST", "referer/check", {"rules": "<x/>", "requests": []}, 400, "cannot be read"),
    *(
        ("POST", "referer/check", {"bucket": "bucket", **more}, 400, sentence)
        for more, sentence in (
            ({}, "must be a list"),
            ({"requests": [1]}, "must be a list"),
            ({"requests": [{"signed": "twice"}]}, "signed must be one of"),
            ({"requests": [{"referer": 1}]}, "must be strings"),
            (
                {"assumptions": {"empty_whitelist": "denies"}, "requests": []},
                'assumptions.empty_whitelist is "denies"; write "empty-whitelist-allows" or ',
            ),
            (
                {"assumptions": {"r99": "x"}, "requests": []},
                "assumptions.r99 is unknown; use checked_requests, check_order, empty_whitelist",
            ),
        )
    ),
]


@rows(("method", "path", "body", "status", "sentence"), *REFUSED)
def test_mistake_is_refused_with_one_sentence(
    ask: ApiCaller, method: str, path: str, body: Any, status: int, sentence: str
) -> None:
    answer = ask(method, path, body)
    assert (answer.status, sentence in answer.json["error"]) == (status, True), answer.json


# --- Resources: what each does


def test_health_and_metrics_are_answered(ask: ApiCaller) -> None:
    assert ask("GET", "health") == (200, {"status": "ok", "version": __version__})
    assert ask("HEAD", "health").status == 200
    ask.metrics.count(ask.record("/bucket/a", "http://good.test/"))
    response = ask.response("GET", "metrics")
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    line = b'operation="GetObject",verdict="allowed",status="200"} 1'
    assert line in bytes(response.body)  # type: ignore[arg-type]


def test_clock_is_shifted_and_set(ask: ApiCaller) -> None:
    assert ask("GET", "clock").json["shift"] == 0
    assert ask("PUT", "clock", {"shift": 60}).json["shift"] == 60
    answer = ask("PUT", "clock", {"now": "2030-01-31T10:00:00.000Z"})
    assert answer.json["now"].startswith("2030-01-31T10:00:0")
    assert ask("GET", "clock").json["shift"] == answer.json["shift"]


def test_faults_are_planned_listed_and_removed(ask: ApiCaller) -> None:
    first = ask("POST", "faults", {"status": 503, "code": "SlowDown"})
    assert (first.status, first.json["fault"]["code"]) == (201, "SlowDown")
    second = ask("POST", "faults", {"reset": True})
    assert ask("GET", "faults") == (200, {"faults": [first.json, second.json]})
    assert ask("DELETE", f"faults/{first.json['id']}") == (200, {"faults": [second.json]})
    assert ask("DELETE", "faults") == (200, {"faults": []})


def test_seed_creates_buckets_and_a_reset_empties_one_or_all(ask: ApiCaller) -> None:
    seed = b'[[bucket]]\nname = "seeded"\n[[bucket.object]]\nkey = "x"\ntext = "1"\n'
    assert ask("POST", "seed", seed) == (200, {"buckets": ["bucket", "seeded"]})
    assert ask.oss("GET", "/seeded/x").body == b"1"
    assert ask("POST", "reset?bucket=bucket") == (200, {"reset": "bucket"})
    assert b"NoSuchKey" in bytes(ask.oss("GET", "/bucket/a").body)  # type: ignore[arg-type]
    assert ask.oss("GET", "/seeded/x").status == 200
    assert ask("POST", "reset") == (200, {"reset": "everything"})
    assert ask.oss("GET", "/seeded/x").status == 404


def test_snapshot_brings_the_contents_back_until_it_is_dropped(ask: ApiCaller) -> None:
    assert ask("PUT", "snapshot/before") == (200, {"snapshot": "before"})
    assert ask("GET", "snapshot") == (200, {"snapshots": ["before"]})
    ask.oss("PUT", "/bucket/a", b"22")
    ask.oss("PUT", "/bucket/b", b"3")
    assert ask("POST", "restore/before") == (200, {"restored": "before"})
    assert ask.oss("GET", "/bucket/a").body == b"1"
    assert ask.oss("GET", "/bucket/b").status == 404
    assert ask("DELETE", "snapshot/before") == (200, {"deleted": "before"})
    assert ask("GET", "snapshot") == (200, {"snapshots": []})


def test_journal_names_the_test_of_a_session_until_it_ends(ask: ApiCaller) -> None:
    test = {"test": "a.py::one", "buckets": ["bucket"]}
    assert ask("PUT", "tests/one", test) == (200, {"test": "a.py::one"})
    ask("PUT", "tests/two", {"test": "a.py::two", "buckets": []})
    assert ask.record("/bucket/a").test == "a.py::one"
    assert ask("DELETE", "tests/one") == (200, {"ended": "one"})
    assert ask("DELETE", "tests/two") == (200, {"ended": "two"})
    assert ask.record("/bucket/a").test == ""


# --- referer/check

REQUESTS = [{"referer": "http://good.test/a"}, {"referer": None}, {"signed": "header"}]
each_source = pytest.mark.parametrize(
    "source",
    [
        {"bucket": "bucket"},
        {"rules": RULES.decode()},
        {
            "rules": {
                "AllowEmptyReferer": "false",
                "RefererList": {"Referer": ["http://good.test/"]},
            }
        },
    ],
)


@each_source
def test_requests_are_decided_under_the_assumptions_in_the_body(
    ask: ApiCaller, source: dict[str, Any]
) -> None:
    """R-24"""
    answer = ask("POST", "referer/check", {**source, "requests": [*REQUESTS, {}]})
    empty = "0003-00000501"
    assert [each["ec"] for each in answer.json["decisions"]] == [None, empty, None, empty]
    body = {**source, "requests": [{"referer": "HTTP://GOOD.test/"}]}
    for variant, allowed in (("case-sensitive", False), ("case-insensitive", True)):
        answer = ask("POST", "referer/check", {**body, "assumptions": {"letter_case": variant}})
        (decision,) = answer.json["decisions"]
        assert decision["allowed"] is allowed
        assert decision["variants"] == {"letter_case": variant}


def test_bucket_without_rules_allows_all(ask: ApiCaller) -> None:
    ask.oss("PUT", "/other")
    answer = ask("POST", "referer/check", {"bucket": "other", "requests": REQUESTS})
    assert all(decision["allowed"] for decision in answer.json["decisions"])


def test_rules_without_a_list_are_read_if_that_is_assumed(ask: ApiCaller) -> None:
    """R-30"""
    rules = b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
    body = {"rules": (rules + b"</RefererConfiguration>").decode(), "requests": REQUESTS}
    assert ask("POST", "referer/check", body).status == 400
    optional = {"assumptions": {"missing_list": "list-optional"}}
    assert ask("POST", "referer/check", {**body, **optional}).status == 200


# --- The journal: entries, long polls and events


@pytest.fixture
def recorded(ask: ApiCaller) -> ApiCaller:
    """The same API after three requests."""
    for test, target, referer in (
        ("tests/a.py::one[x]", "/bucket/a", "http://good.test/"),
        ("tests/a.py::two", "/bucket/a", "http://bad.test/"),
        ("", "/none/a", None),
    ):
        ask.journal.tests.begin("", test)
        ask.record(target, referer)
    return ask


@rows("query, numbers", *CASES["entries_are_selected"])
def test_entries_are_selected(recorded: ApiCaller, query: str, numbers: tuple[int, ...]) -> None:
    answer = recorded("GET", f"journal?{query}")
    assert tuple(entry["number"] for entry in answer.json["entries"]) == numbers


def test_entries_are_deleted(recorded: ApiCaller) -> None:
    assert (
        recorded("DELETE", "journal")
        == recorded("GET", "journal")
        == (200, {"entries": [], "dropped": 0})
    )


@rows("wanted, numbers", *CASES["entries_are_selected_by_their_test"])
def test_entries_are_selected_by_their_test(
    recorded: ApiCaller, wanted: str, numbers: tuple[int, ...]
) -> None:
    answer = recorded("GET", f"journal?test={wanted}")
    assert tuple(entry["number"] for entry in answer.json["entries"]) == numbers


async def wait(ask: ApiCaller, seconds: float) -> Any:
    response = await list_entries(ask.asked("GET", f"journal?verdict=denied&wait={seconds}"))
    return json.loads(bytes(response.body))["entries"]  # type: ignore[arg-type]


async def test_long_poll_ends_with_the_first_entry_that_fits_or_in_time(ask: ApiCaller) -> None:
    assert await wait(ask, 0.01) == []
    waiting = asyncio.create_task(wait(ask, 60))
    await asyncio.sleep(0)  # it listens now
    ask.record("/bucket/a", "http://good.test/")
    await asyncio.sleep(0)
    assert not waiting.done()
    ask.record("/bucket/a", "http://bad.test/")
    assert [entry["number"] for entry in await waiting] == [2]


def follow(ask: ApiCaller, query: str = "", **headers: str) -> AsyncIterator[bytes]:
    """Follow a journal that has the entries 1, 2 and 3."""
    for _ in range(3):
        ask.record("/none/a")
    return journal.follow(ask.asked("GET", f"journal?{query}", b"", **headers))


async def numbers(stream: AsyncIterator[bytes], count: int) -> list[int]:
    """Return the ids of the next events."""
    return [int((await anext(stream)).split(b"\n")[0].removeprefix(b"id: ")) for _ in range(count)]


async def test_stream_has_the_entries_there_are_and_those_that_come(ask: ApiCaller) -> None:
    stream: Any = follow(ask, "since=1")
    assert await numbers(stream, 2) == [2, 3]
    assert len(ask.journal._listeners) == 1
    ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()
    assert ask.journal._listeners == []


@pytest.mark.parametrize(
    ("last", "first"), [("2", 3), ("", 2), ("x", 2), ("-1", 2), ("9" * 5000, 2)]
)
async def test_stream_goes_on_after_the_last_event_and_ignores_a_bad_one(
    ask: ApiCaller, last: str, first: int
) -> None:
    stream: Any = follow(ask, "since=1", last_event_id=last)
    assert await numbers(stream, 1) == [first]
    await stream.aclose()


async def test_stream_has_only_entries_that_fit(ask: ApiCaller) -> None:
    stream: Any = follow(ask, "bucket=other")
    waiting = asyncio.create_task(numbers(stream, 1))
    await asyncio.sleep(0)  # it listens now
    ask.record("/none/a")
    ask.record("/other/a")
    assert await waiting == [5]
    await stream.aclose()
    with pytest.raises(ApiError, match="verdict must be one of"):
        follow(ask, "verdict=maybe")


async def test_events_have_no_secret(ask: ApiCaller) -> None:
    stream: Any = follow(ask, "since=3")
    ask.record("/none/a?Signature=abcdefgh", "http://a.test/?security-token=abcdefgh")
    event = await anext(stream)
    await stream.aclose()
    assert event.count(b"abcd****") == 2
    assert b"abcdefgh" not in event


async def test_idle_stream_sends_a_comment(ask: ApiCaller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "PING", 0.001)
    stream: Any = follow(ask, "since=3")
    assert (await anext(stream)).startswith(b":")
    ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()


async def test_slow_reader_misses_the_oldest(ask: ApiCaller) -> None:
    stream: Any = follow(ask)
    assert await numbers(stream, 1) == [1]
    for _ in range(journal.MAX_BEHIND):
        ask.record("/none/a")
    assert await numbers(stream, 1) == [4]
    await stream.aclose()


# --- OpenAPI


def rename_thing(asked: ApiRequest) -> Response:
    """Rename a thing."""
    return reply({})


ROUTE = Route(
    "PUT",
    "thing/{name}",
    rename_thing,
    json_content(record(name=TEXT), "The new name."),
    status=201,
    parameters=(Parameter("name", TEXT, place="path"), Parameter("to", TEXT, "The new name.")),
    body=json_content(TEXT),
    errors=(400,),
)


def test_route_becomes_an_operation() -> None:
    operation = describe([ROUTE], {})["paths"]["/_emulator/thing/{name}"]["put"]
    assert (operation["operationId"], operation["summary"]) == ("rename_thing", "Rename a thing")
    assert list(operation["responses"]) == ["201", "400", "403"]
    shape = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    assert operation["responses"]["201"] == {
        "description": "The new name.",
        "content": {"application/json": {"schema": shape}},
    }
    named, marked = "The new name.", "Any value. x-oss-emulator-token may take its place."
    assert operation["parameters"] == [
        {"name": "name", "in": "path", "required": True, "schema": TEXT},
        {"name": "to", "in": "query", "required": False, "schema": TEXT, "description": named},
        {
            "name": "x-oss-emulator",
            "in": "header",
            "required": True,
            "schema": {**TEXT, "default": "1"},
            "description": marked,
        },
    ]
    content = {"application/json": {"schema": TEXT}}
    assert operation["requestBody"] == {"required": True, "content": content}


def test_document_describes_every_route_once_and_its_references_lead_somewhere() -> None:
    described = json.loads(document())
    paths = described["paths"]
    operations = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    assert set(operations) == {(route.method, PREFIX + route.path) for route in ROUTES}
    names = [each["operationId"] for methods in paths.values() for each in methods.values()]
    assert len(set(names)) == len(names) == len(ROUTES)
    found: set[str] = set()

    def collect(value: Any) -> None:
        if isinstance(value, dict):
            found.update([value["$ref"]] if "$ref" in value else [])
            for child in value.values():
                collect(child)
        elif isinstance(value, list):
            for child in value:
                collect(child)

    collect(described)
    assert found == {f"#/components/schemas/{name}" for name in described["components"]["schemas"]}


def test_refusals_and_the_token_are_described() -> None:
    described = json.loads(document())
    scheme = described["components"]["securitySchemes"]["token"]
    assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", TOKEN_HEADER)
    assert described["security"] == [{}, {"token": []}]
    for path, methods in described["paths"].items():
        for operation in methods.values():
            statuses = set(operation["responses"])
            if path == f"{PREFIX}health":  # open to all
                assert (operation["security"], statuses) == ([], {"200"})
            else:
                assert "403" in statuses, path
                assert "requestBody" not in operation or "400" in statuses, path
                assert "{name}" not in path or operation["parameters"], path
