"""The story of a request without a socket: the rules as they were, remedies, sending it again."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import lxml.html
import pytest
from oss_emulator import Emulator
from oss_emulator.control.api.route import ApiError
from oss_emulator.control.console import entries as incidents
from oss_emulator.control.console import resend
from oss_emulator.control.console.entries import IncidentKind
from oss_emulator.control.console.static_files import FOLDER
from oss_emulator.control.faults import Fault
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.signature import presigning
from oss_emulator.settings import Settings
from oss_emulator.texts import FOLDERS
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import SourceOfCopy
from oss_referer.page import rendering
from oss_referer.sources import referer_xml
from oss_referer.texts import Catalogue

from tests.rows import rows
from tests.unit.control.caller import ApiAnswer, ApiCaller

BUCKET = "/examplebucket"
SITE, BLOG = "https://www.example.com/", "https://blog.example.com/"
HOSTILE = "https://a.test/\"><img src=x onerror='alert(1)'>"


@pytest.fixture
def ask() -> ApiCaller:
    """A public bucket with an object, whose rules allow one site."""
    caller = ApiCaller()
    caller.oss("PUT", BUCKET, x_oss_acl="public-read")
    caller.oss("PUT", f"{BUCKET}/hello.txt", b"Hello", content_length="5")
    put_rules(caller, RefererConfiguration(False, whitelist=(SITE,)))
    return caller


def put_rules(ask: ApiCaller, rules: RefererConfiguration) -> None:
    ask.oss("PUT", f"{BUCKET}?referer", referer_xml.format(rules))


def get(ask: ApiCaller, referer: str | None, target: str = "/hello.txt") -> int:
    """Record a GET as the next entry of the journal, and return its number."""
    fields = {"host": "localhost"} if referer is None else {"host": "localhost", "referer": referer}
    request = Request.parse("GET", f"{BUCKET}{target}", fields.items(), time.time())
    return asyncio.run(ask.send(request)).number


def story(ask: ApiCaller, number: int) -> Any:
    return ask("GET", f"requests/{number}").json


def rules_of(ask: ApiCaller) -> Any:
    return ask("GET", "rules/examplebucket").json["rules"]


# --- The rules as they were


def test_story_has_the_rules_as_they_were_and_the_verdict_of_now(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    told = story(ask, number)["rules"]
    assert told["RefererList"] == {"Referer": [SITE]}
    assert (told["changed"], told["now"]) == (False, False)
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE, BLOG)))
    told = story(ask, number)["rules"]
    assert told["RefererList"] == {"Referer": [SITE]}
    assert (told["changed"], told["now"]) == (True, True)
    page = ask.html(f"requests/{number}")
    assert "The bucket has other rules now." in page
    assert "blog.example.com was locked out" in page
    assert "Deny this site" in page
    assert "Apply" not in page


def test_story_names_the_nearest_entry_and_where_it_parts(ask: ApiCaller) -> None:
    number = get(ask, f"{BLOG}a")
    nearest = story(ask, number)["rules"]["nearest"]["whitelist"]
    assert (nearest["entry"], nearest["parting"]) == (SITE, "host")
    page = ask.html(f"requests/{number}")
    assert "The host differs. It is blog, not www." in page
    assert "https://<mark>blog</mark>.example.com/a" in page


def test_referer_that_lacks_its_slash_is_explained(ask: ApiCaller) -> None:
    """People type such a Referer for curl; pages do not send it."""
    page = ask.html(f"requests/{get(ask, BLOG.removesuffix('/'))}")
    assert f"with a slash at its end, {BLOG}" in page
    assert "No safe entry changes this" in ask.html(f"requests/{get(ask, 'a.test')}")


def test_story_outlives_the_bucket(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    ask.oss("DELETE", f"{BUCKET}/hello.txt")
    assert ask.oss("DELETE", BUCKET).status == 204
    told = story(ask, number)["rules"]
    assert (told["now"], told["remedies"]) == (None, [])
    assert "/_emulator/remedies" not in ask.html(f"requests/{number}")
    assert ask("POST", f"remedies/{number}", {"kind": "allow-site", "place": "0"}).status == 404


def test_story_of_an_empty_referer_says_who_sends_none(ask: ApiCaller) -> None:
    told = story(ask, get(ask, None))["rules"]
    assert [one["kind"] for one in told["remedies"]] == ["allow-empty"]
    assert "a link with rel=noreferrer" in told["senders"]
    assert story(ask, get(ask, BLOG))["rules"]["senders"] == []


def test_rules_of_a_source_are_not_those_of_the_bucket() -> None:
    """The rules of the source denied the copy (R-45); the journal does not keep them."""
    ask = ApiCaller()
    settings = Settings(assumptions=Assumptions(copy_source=SourceOfCopy.CHECKED))
    ask.service = ask.controls.service = type(ask.service)(settings)
    ask.oss("PUT", BUCKET, x_oss_acl="public-read-write")
    ask.oss("PUT", f"{BUCKET}/a", b"")
    ask.oss("PUT", "/copies", x_oss_acl="public-read-write")
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE,)))
    key = ask.service.accounts.first
    query = presigning.sign_url(
        "PUT",
        "copies",
        "b",
        {},
        access_key_id=key.id,
        secret=key.secret,
        region="cn-hangzhou",
        now=time.time(),
        expires=60,
        headers=[("x-oss-copy-source", f"{BUCKET}/a")],
    )
    fields = [("Host", "localhost"), ("x-oss-copy-source", f"{BUCKET}/a"), ("Referer", BLOG)]
    outcome = ask.service.admit(Request.parse("PUT", f"/copies/b?{query}", fields, time.time()))
    assert isinstance(outcome, Refused)
    number = ask.journal.record(outcome, ask.service.render(outcome), 0, 0.0).number
    assert story(ask, number)["rules"] is None
    assert "rules of the source of this copy" in ask.html(f"requests/{number}")


def test_what_clients_and_rules_say_is_text_in_a_story(ask: ApiCaller) -> None:
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE, HOSTILE + "/")))
    number = get(ask, HOSTILE)
    for path, body in (
        (f"requests/{number}", None),
        (f"remedies/{number}", {"kind": "allow-site", "place": "0"}),
        (f"resend/{number}", {}),
    ):
        assert "<img" not in ask.html(path, body)


def test_bytes_that_are_not_text_have_a_story_and_a_page_of_requests(ask: ApiCaller) -> None:
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE,), blacklist=("*",)))
    number = get(ask, "a\udcff b")
    for path in (f"requests/{number}", "requests", "requests?by=time"):
        assert "/_emulator/rules" in ask.html(path)
    assert "referer=a%FF%20b" in ask.html(f"requests/{number}")


def test_story_by_many_rules_is_fast(ask: ApiCaller) -> None:
    """600 entries fit into 20 KB (R-42)."""
    entries = tuple(f"https://*.site{number}.example.com/" for number in range(560))
    put_rules(ask, RefererConfiguration(False, whitelist=entries))
    number = get(ask, "https://www.site7.example.org/")
    began = time.process_time()
    page = ask.html(f"requests/{number}")
    assert time.process_time() - began < 3
    assert "All 560 entries" in page


def test_export_marks_the_lines_that_were_added(ask: ApiCaller) -> None:
    rules = [
        referer_xml.format(RefererConfiguration(False, whitelist=one)).decode()
        for one in ((SITE, BLOG), (SITE,))
    ]
    body = {"bucket": "examplebucket", "rules": rules[0], "before": rules[1]}
    exported = lxml.html.fromstring(ask.html("rules/export", body))
    for form in ("xml", "hcl", "json"):
        (added,) = exported.findall(f".//*[@data-form='{form}']//ins")
        assert BLOG in (added.text or "")
    del body["before"]
    assert "<ins>" not in ask.html("rules/export", body)


def test_comments_of_a_page_are_in_its_language_and_those_of_json_in_english(
    ask: ApiCaller,
) -> None:
    ask.record("/examplebucket/hello.txt?Signature=abcdefgh&Expires=1")
    assert "# **** 代表被遮盖的密文，位于：URL" in ask.html("requests/1", accept_language="zh")
    assert ask("GET", "requests/1", accept_language="zh").json["curl"].startswith("# **** stands")
    rules = referer_xml.format(RefererConfiguration(whitelist=(SITE,))).decode()
    body = {"bucket": "examplebucket", "rules": rules}
    assert "# 空 Referer" in ask.html("rules/export", body, accept_language="zh")
    texts = ask("POST", "rules/export", body, accept_language="zh").json["texts"]
    assert "# no Referer" in texts["nginx"]
    assert "# R-05: 先检查" in ask.html("emulator", accept_language="zh")
    assert "status：应为 状态码" in ask.html("requests?q=status:x", accept_language="zh")


def test_story_says_that_permissions_denied_it(ask: ApiCaller) -> None:
    ask.oss("PUT", f"{BUCKET}?acl", x_oss_acl="private")
    page = ask.html(f"requests/{get(ask, SITE)}")
    assert "The rules do not deny this; permissions do" in page
    assert "Sign the URL, or set the ACL to public-read." in page
    assert "The rules allow www.example.com" in page
    assert "permissions do" not in ask.html(f"requests/{get(ask, BLOG)}")


def test_story_of_a_denied_upload_does_not_advise_public_read(ask: ApiCaller) -> None:
    fields = [("host", "localhost"), ("referer", SITE)]
    sent = Request.parse("PUT", f"{BUCKET}/hello.txt", fields, time.time())
    page = ask.html(f"requests/{asyncio.run(ask.send(sent)).number}")
    assert "The rules do not deny this; permissions do" in page
    assert "public-read" not in page


# --- Remedies


def prove(ask: ApiCaller, number: int, kind: str = "allow-site", place: str = "0") -> ApiAnswer:
    return ask("POST", f"remedies/{number}", {"kind": kind, "place": place})


def test_site_is_allowed_with_a_proof_and_undone(ask: ApiCaller) -> None:
    number = get(ask, f"{BLOG}a")
    get(ask, SITE)
    proved = prove(ask, number).json
    assert proved["edits"] == [{"sign": "+", "where": "whitelist", "text": BLOG}]
    assert (proved["proof"]["proved"], proved["proof"]["other"]) == (True, None)
    assert (proved["proof"]["decided"], proved["proof"]["turns"]) == (2, [number])
    wanted = {"kind": "allow-site", "place": "0", "etag": proved["etag"]}
    before = rules_of(ask)
    assert ask("PUT", f"remedies/{number}", wanted).status == 200
    assert rules_of(ask)["RefererList"] == {"Referer": [SITE, BLOG]}
    undo = {"undo": ""}
    assert ask("PUT", f"remedies/{number}", undo).status == 200
    assert rules_of(ask) == before
    assert ask("PUT", f"remedies/{number}", undo).status == 409


def apply(ask: ApiCaller, number: int) -> None:
    """Apply the first proposal."""
    wanted = {"kind": "allow-site", "place": "0", "etag": prove(ask, number).json["etag"]}
    assert ask("PUT", f"remedies/{number}", wanted).status == 200


def test_denied_request_opens_with_its_first_proposal_proved(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    assert story(ask, number)["proposal"]["proof"]["proved"]
    page = ask.html(f"requests/{number}")
    assert "Proved: no other site is decided differently." in page
    assert "Lets in 1 of the last 1 requests." in page
    assert story(ask, get(ask, SITE))["proposal"] is None


def test_proof_counts_requests_by_the_rules_of_now(ask: ApiCaller) -> None:
    """A request that earlier rules allowed counts as denied by the current ones."""
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE, BLOG)))
    first = get(ask, BLOG)
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE,)))
    number = get(ask, BLOG)
    assert story(ask, number)["proposal"]["proof"]["turns"] == [first, number]


def test_story_is_the_receipt_of_what_was_applied_until_it_is_undone(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    apply(ask, number)
    page = ask.html(f"requests/{number}")
    for said in ("Applied to examplebucket", "gets in now", "The decision now", "Export", "Undo"):
        assert said in page
    assert story(ask, number)["rules"]["applied"]
    assert "Proved" not in page
    send_again(ask, number)
    assert "allowed 200" in ask.html(f"requests/{number}")
    ask("PUT", f"remedies/{number}", {"undo": ""})
    page = ask.html(f"requests/{number}")
    for said in ("blog.example.com is locked out", "Undone, the earlier rules are back", "Proved"):
        assert said in page
    assert "allowed 200" not in page
    assert "Applied to" not in page


def test_receipt_stays_when_later_requests_fill_the_journal(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    before = rules_of(ask)
    apply(ask, number)
    journal = ask.controls.journal
    for _ in range(journal.size):
        get(ask, SITE)
    assert number not in [entry.number for entry in journal.entries()]
    get(ask, f"{BLOG}another")  # the tally by site has a later request of the site as well
    assert "Applied to examplebucket" in ask.html(f"requests/{number}")
    assert ask("PUT", f"remedies/{number}", {"undo": ""}).status == 200
    assert rules_of(ask) == before


def test_change_that_others_followed_is_not_undone_alone(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    apply(ask, number)
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE, BLOG, "https://a.test/")))
    page = ask.html(f"requests/{number}")
    assert "can no longer be undone by itself" in page
    assert 'name="undo"' not in page
    assert ask("PUT", f"remedies/{number}", {"undo": ""}).status == 409
    put_rules(ask, RefererConfiguration(False, whitelist=("https://a.test/",)))
    assert "blog.example.com is locked out" in ask.html(f"requests/{number}")


@rows(
    ("rules", "referer", "said"),
    (RefererConfiguration(False, whitelist=(SITE,)), BLOG, ["none", "0 of 1", "denied"]),
    (RefererConfiguration(False, whitelist=(SITE, BLOG)), BLOG, ["none", "1 of 2", "allowed"]),
    (RefererConfiguration(blacklist=(BLOG,)), BLOG, ["1 of 1", "denied"]),
    (RefererConfiguration(blacklist=(SITE,)), BLOG, ["0 of 1", "none", "allowed"]),
    (RefererConfiguration(False, whitelist=(SITE,)), None, ["yes", "denied"]),
    (RefererConfiguration(True, whitelist=(SITE,)), None, ["yes", "allowed"]),
)
def test_decision_is_drawn_with_the_way_taken(
    ask: ApiCaller, rules: RefererConfiguration, referer: str | None, said: list[str]
) -> None:
    put_rules(ask, rules)
    page = ask.html(f"requests/{get(ask, referer)}")
    drawing = lxml.html.fromstring(page).find(".//svg[@role='img']")
    assert drawing is not None
    lit = drawing.xpath("text[@class='lit']/text() | g[starts-with(@class, 'lit')]/text/text()")
    assert lit == [*(["sent", "no"] if referer else ["none"]), *said]
    assert said[-1] in drawing.get("aria-label", "")


def test_rules_that_changed_after_the_proof_are_not_overwritten(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    wanted = {"kind": "allow-site", "place": "0", "etag": prove(ask, number).json["etag"]}
    put_rules(ask, RefererConfiguration(False, whitelist=("https://other.test/",)))
    now = rules_of(ask)
    answer = ask("PUT", f"remedies/{number}", wanted)
    assert (answer.status, rules_of(ask)) == (409, now)
    assert "changed meanwhile" in answer.json["error"]
    put_rules(ask, RefererConfiguration(False, whitelist=(BLOG,)))
    assert prove(ask, number).status == 409  # these rules already allow the site


@rows(
    ("body", "status"),
    ({}, 400),
    ({"kind": "allow-site"}, 400),
    ({"kind": "allow-site", "place": 0}, 400),
    ({"kind": "allow-site", "place": "9999"}, 400),
    ({"kind": "allow-site", "place": "7"}, 409),
    ({"kind": "deny-site", "place": "0"}, 409),
    ({"kind": ["x"], "place": "0"}, 409),
    ({"kind": "allow-site", "place": "²"}, 400),
)
def test_remedy_that_is_not_offered_is_refused(
    ask: ApiCaller, body: dict[str, object], status: int
) -> None:
    number = get(ask, BLOG)
    assert ask("POST", f"remedies/{number}", body).status == status
    assert ask("PUT", f"remedies/{number}", {**body, "etag": '"x"'}).status == status
    assert ask("PUT", f"remedies/{number}", body).status == 400
    assert ask("POST", "remedies/99", body).status == 404


def test_undo_without_a_change_is_refused(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    answer = ask("PUT", f"remedies/{number}", {"undo": "1"})
    assert (answer.status, answer.json["error"][:24]) == (409, "There is nothing to undo")


def test_proof_names_another_site_that_a_remedy_lets_in(ask: ApiCaller) -> None:
    put_rules(ask, RefererConfiguration(False, blacklist=("https://*.thief.test/",)))
    number = get(ask, "https://www.thief.test/")
    proved = prove(ask, number, "leave-out").json["proof"]
    assert proved["other"].endswith(".thief.test/")
    assert not proved["other"].startswith("https://www.")
    page = ask.html(f"remedies/{number}", {"kind": "leave-out", "place": "0"})
    assert "Other sites are decided differently too" in page


def test_blacklist_entry_is_narrowed_to_the_sites_of_the_journal(ask: ApiCaller) -> None:
    put_rules(ask, RefererConfiguration(False, blacklist=("https://*.thief.test/",)))
    get(ask, "https://b.thief.test/")
    number = get(ask, "https://a.thief.test/")
    kinds = [one["kind"] for one in story(ask, number)["rules"]["remedies"]]
    assert kinds == ["narrow", "leave-out"]
    edits = prove(ask, number, "narrow").json["edits"]
    assert {"sign": "+", "where": "blacklist", "text": "https://b.thief.test/"} in edits


def test_proof_of_a_switch_warns_of_pages_without_a_referer(ask: ApiCaller) -> None:
    number = get(ask, None)
    assert prove(ask, number, "allow-empty").json["proof"]["proved"]
    page = ask.html(f"remedies/{number}", {"kind": "allow-empty", "place": "0"})
    assert "every request with a Referer is decided as before" in page
    assert "Any page can suppress its Referer" in page


@rows(("language", "said"), ("en", "empty?"), ("zh", "为空？"))
def test_drawing_without_a_request_is_unlit(language: str, said: str) -> None:
    parts = rendering.load(FOLDER.parent / "templates").get_template("story_parts.html")
    drawing = parts.make_module().drawing(Catalogue(language, FOLDERS))  # type: ignore[attr-defined]
    assert said in drawing
    assert "lit" not in drawing.replace("split", "")


# --- Sending it again


def send_again(ask: ApiCaller, number: int) -> Any:
    answer = ask("POST", f"resend/{number}")
    assert answer.status == 200
    return answer.json


def test_request_is_sent_again_and_both_verdicts_are_shown(ask: ApiCaller) -> None:
    number = get(ask, BLOG)
    put_rules(ask, RefererConfiguration(False, whitelist=(SITE, BLOG)))
    told = send_again(ask, number)
    assert (told["before"]["verdict"], told["after"]["verdict"]) == ("denied", "allowed")
    assert (told["after"]["status"], told["signed_anew"]) == (200, False)
    assert ask.journal.entries()[-1].number == told["number"] > number
    page = ask.html(f"resend/{number}", {})
    assert "denied 403" in page
    assert "allowed 200" in page


def sign(ask: ApiCaller, now: float, **query: str) -> str:
    key = ask.service.accounts.first
    return presigning.sign_url(
        "GET",
        "examplebucket",
        "hello.txt",
        {name.replace("_", "-"): text for name, text in query.items()},
        access_key_id=key.id,
        secret=key.secret,
        region="cn-hangzhou",
        now=now,
        expires=60,
    )


def test_expired_url_is_signed_anew(ask: ApiCaller) -> None:
    query = sign(ask, time.time() - 3600, response_content_type="text/css")
    number = get(ask, SITE, f"/hello.txt?{query}")
    told = send_again(ask, number)
    assert (told["before"]["status"], told["after"]["status"]) == (403, 200)
    assert told["signed_anew"]
    assert "response-content-type=text%2Fcss" in told["after"]["target"]
    assert "The signed URL had expired." in ask.html(f"requests/{number}")
    assert not send_again(ask, get(ask, SITE, f"/hello.txt?{sign(ask, time.time())}"))[
        "signed_anew"
    ]


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("OSSAccessKeyId", "OSSAccessKeyId={}&Expires=1000000000&Signature=eA%3D%3D"),
        (
            "x-oss-access-key-id",
            "x-oss-signature-version=OSS2&x-oss-access-key-id={}&x-oss-expires=1000000000"
            "&x-oss-additional-headers=host&x-oss-signature=eA%3D%3D",
        ),
    ],
)
def test_expired_url_of_another_version_is_signed_anew(
    ask: ApiCaller, name: str, query: str
) -> None:
    signed = query.format(ask.service.accounts.first.id)
    told = send_again(ask, get(ask, SITE, f"/hello.txt?{signed}"))
    assert (told["signed_anew"], told["after"]["status"]) == (True, 200)
    assert name not in told["after"]["target"]


def test_wrong_signature_is_not_replaced(ask: ApiCaller) -> None:
    query = sign(ask, time.time())[:-4] + "0000"
    told = send_again(ask, get(ask, SITE, f"/hello.txt?{query}"))
    assert (told["signed_anew"], told["after"]["code"]) == (False, "SignatureDoesNotMatch")


def test_request_with_a_body_is_not_sent_again(ask: ApiCaller) -> None:
    fields = [("Host", "localhost"), ("Content-Length", "5"), ("Referer", BLOG)]
    request = Request.parse("PUT", f"{BUCKET}/a", fields, time.time())
    entry = ask.journal.record(ask.service.admit(request), Response(403), 0, 0.0)
    assert not resend.is_possible(entry)
    answer = ask("POST", f"resend/{entry.number}")
    assert answer.status == 409
    assert "keeps no bodies" in answer.json["error"]
    assert "Send it again" not in ask.html(f"requests/{entry.number}")


def test_request_that_changes_something_asks_first(ask: ApiCaller) -> None:
    request = Request.parse("DELETE", f"{BUCKET}/a", [("Host", "localhost")], time.time())
    entry = ask.journal.record(ask.service.admit(request), Response(403), 0, 0.0)
    assert "DELETE may change the bucket" in ask.html(f"requests/{entry.number}")
    assert "data-confirm" not in ask.html(f"requests/{get(ask, SITE)}")


# --- Faults and policies that affected the request


@pytest.mark.parametrize(
    ("fault", "kind", "value"),
    [
        (Fault(latency=1.5), IncidentKind.LATENCY, "1.5"),
        (Fault(throttle=20), IncidentKind.THROTTLE, "20"),
        (Fault(status=503), IncidentKind.ERROR, "503 InternalError"),
        (Fault(case="USER_DISABLE"), IncidentKind.ERROR, "403 UserDisable"),
        (Fault(cut_body=1000), IncidentKind.CUT, "1,000"),
        (Fault(reset=True), IncidentKind.RESET, ""),
        (Fault(wrong_crc=True), IncidentKind.WRONG_CRC, ""),
    ],
)
def test_fault_is_named_in_the_row_and_in_the_story(
    ask: ApiCaller, fault: Fault, kind: IncidentKind, value: str
) -> None:
    fields = [("Host", "localhost"), ("Referer", SITE)]
    outcome = ask.service.admit(Request.parse("GET", f"{BUCKET}/a", fields, 1.0))
    entry = ask.journal.record(outcome, Response(200), 0, 0.0, fault=fault)
    (found,) = incidents.find_incidents(entry)
    assert (found.kind, found.value) == (kind, value)
    for path in ("requests", f"requests/{entry.number}"):
        assert "fault: " in ask.html(path)


@pytest.mark.parametrize(
    ("ec", "value"),
    [
        ("0048-00000401", ["2025-03-20"]),
        ("0002-00000080", ["2025-03-01", "2025-09-01"]),
        ("0048-00000300", ["2024-08-05"]),
        ("0048-00000100", ["2019-09-30"]),
        ("0003-00000503", []),
    ],
)
def test_dated_change_is_named_by_its_ec(ask: ApiCaller, ec: str, value: list[str]) -> None:
    fields = [("Host", "localhost"), ("Referer", SITE)]
    outcome = ask.service.admit(Request.parse("GET", f"{BUCKET}/a", fields, 1.0))
    entry = ask.journal.record(outcome, Response(200, {"x-oss-ec": ec}), 0, 0.0)
    assert [one.value for one in incidents.find_incidents(entry)] == value


def test_policy_of_the_host_names_is_named(ask: ApiCaller) -> None:
    ask.oss("PUT", f"{BUCKET}/a.html", b"x", content_length="1")
    entry = ask.journal.entry(get(ask, SITE, "/a.html"))
    assert entry is not None
    assert [one.to_dict() for one in incidents.find_incidents(entry)] == [
        {"kind": "download", "value": "D-01"}
    ]
    assert "a download at the service’s host names (D-01)" in ask.html("requests")


# --- Export


def test_request_exported_as_a_test_passes(ask: ApiCaller) -> None:
    with Emulator() as emulator:
        for referer in (SITE, BLOG, None, "https://a.test/'\"\\"):
            names: dict[str, Any] = {}
            exec(story(ask, get(ask, referer))["pytest"], names)  # noqa: S102
            (test,) = (value for name, value in names.items() if name.startswith("test_"))
            bucket = emulator.bucket("examplebucket", acl="public-read", rules=names["RULES"])
            test(bucket)
            bucket.session.session.close()


def test_exported_test_is_not_the_one_that_sent_the_request(ask: ApiCaller) -> None:
    ask.journal.tests.begin("session", "test_a.py::test_b")
    told = story(ask, get(ask, SITE))
    assert told["test"] == "test_a.py::test_b"
    assert told["pytest"].startswith("import pytest")


def test_request_that_no_assertion_can_send_has_no_test(ask: ApiCaller) -> None:
    assert story(ask, get(ask, SITE, "?acl"))["pytest"] is None
    assert story(ask, get(ask, SITE, "/missing"))["pytest"] is None
    with pytest.raises(ApiError):
        ask.response("GET", "requests/99")
