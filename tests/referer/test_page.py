"""The actions of the page without a server: their answers and refusals."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

from hypothesis import given as on
from hypothesis import settings, strategies
from oss_referer import RefererConfiguration
from oss_referer.engine.policy import MAX_EXAMINED
from oss_referer.page.actions import answer
from oss_referer.page.review import Wanted, make_answer
from oss_referer.plan import Wish, apply, plan
from oss_referer.sources import referer_xml
from oss_referer.sources.ossutil import convert_members, to_members
from oss_referer.traffic.requests import Asked, RequestGroup, Traffic

from tests.rows import read_cases, rows
from tests.thorough import cases

CASES = read_cases("referer.root")

LAB = Path(__file__).parents[2] / "fixtures" / "lab"
BROKEN = (LAB / "broken.xml").read_text(encoding="utf-8")
FORMS = {
    "xml": BROKEN,
    "json": '{"AllowEmptyReferer": true, "RefererList": {"Referer": ["https://a.test/"]}}',
    "toml": 'allow_empty_referer = true\nwhitelist = ["https://a.test/"]\n',
    "terraform": """{"resource": {"alicloud_oss_bucket_referer": {"site": {
        "bucket": "b", "allow_empty_referer": true, "referer_list": ["https://a.test/"]}}}}""",
    "list": "https://a.test/\n\n  http://a.test/\n",
}
HEAD = "HTTP/1.1 200 OK\r\nServer: AliyunOSS\r\n\r\n"


def ask(action: str, /, **values: Any) -> Any:
    """Return the answer of an action, as it arrives in JSON."""
    return json.loads(json.dumps(answer(action, {"language": "en", **values})))


def entries(found: Any) -> list[str]:
    """Return the whitelist of an answer."""
    made: list[str] = found["rules"]["RefererList"]["Referer"]
    return made


def rules(*whitelist: str, empty: bool = False) -> dict[str, Any]:
    """Return rules in the form of the page."""
    return {"AllowEmptyReferer": empty, "RefererList": {"Referer": list(whitelist)}}


@rows("form", *FORMS)
def test_form_of_a_text_is_recognised(form: str) -> None:
    found = ask("read", text=FORMS[form])
    assert found["form"] == form
    assert entries(found)


def test_answer_of_curl_is_read_and_written_back() -> None:
    found = ask("read", text=HEAD + BROKEN)
    assert found["form"] == "xml"
    assert found["rules"] == ask("read", text=BROKEN)["rules"]
    values = {"form": "xml", "name": "", "rules": rules("https://b.test/")}
    written = ask("write", text=HEAD + BROKEN, **values)["text"]
    assert entries(ask("read", text=written)) == ["https://b.test/"]


def test_lines_become_a_whitelist() -> None:
    assert entries(ask("read", text=FORMS["list"])) == ["https://a.test/", "http://a.test/"]


@rows("text", *CASES["lists_of_other_files_become_a_whitelist"])
def test_lists_of_other_files_become_a_whitelist(text: str) -> None:
    found = entries(ask("read", text=text))
    assert found == ["https://a.test/", "*.b.test"]


@rows(("text", "sentence"), *CASES["mistake_in_a_list_is_told"])
def test_mistake_in_a_list_is_told(text: str, sentence: str) -> None:
    assert sentence in ask("read", text=text)["problem"]


def test_array_of_one_entry_is_not_a_heading_of_toml() -> None:
    assert entries(ask("read", text='["https://a.test/"]')) == ["https://a.test/"]


@rows("entry", "https://a.test/,", "-a.test", "https://a.test/'", "[::1]")
def test_line_without_quotes_stays_an_entry(entry: str) -> None:
    assert entries(ask("read", text=entry)) == [entry]


def test_name_chooses_among_several_rules() -> None:
    text = '[rules.a]\nwhitelist = ["https://a.test/"]\n[rules.b]\nwhitelist = ["https://b.test/"]'
    assert ask("read", text=text)["name"] == "a"
    found = ask("read", text=text, name="b")
    assert (found["names"], entries(found)) == (["a", "b"], ["https://b.test/"])
    assert ask("read", text=text, name="gone")["name"] == "a"


def test_mistake_is_told_with_its_place_in_each_language() -> None:
    text = BROKEN.replace("RefererList>", "Refererlist>")
    assert ask("read", text=text)["problem"].startswith("line ")
    assert "Refererlist" in answer("read", {"language": "zh", "text": text})["problem"]
    assert "line" not in answer("read", {"language": "zh", "text": text})["problem"]


@rows(
    ("text", "sentence"),
    ("", "the document is empty"),
    ("\n \n", "the document is empty"),
    ("<" + "x" * 5_000_000, "the document is larger than 2 MiB"),
    ("\x00PNG\ufffd\x01", "the text is not readable; save it as UTF-8"),
)
def test_text_without_rules_is_refused(text: str, sentence: str) -> None:
    assert sentence in ask("read", text=text)["problem"]


XML = """<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList>
  <Referer>https://{}.test/</Referer>
</RefererList></RefererConfiguration>"""


@rows("begin", *CASES["text_is_read_as_it_is_whatever_encoding_it_declares"])
def test_text_is_read_as_it_is_whatever_encoding_it_declares(begin: str) -> None:
    text = begin + XML.format("例子")
    found = ask("read", text=text)
    assert found["form"] == "xml"
    assert entries(found) == ["https://例子.test/"]
    new = rules("https://示例.test/", empty=True)
    written = ask("write", text=text, form="xml", name="", rules=new)["text"]
    assert "https://示例.test/" in written
    assert begin.removeprefix("\ufeff") in written or begin.startswith("HTTP")


def test_byte_order_mark_is_not_part_of_the_first_entry() -> None:
    found = ask("read", text="\ufeffhttps://a.test/")
    assert entries(found) == ["https://a.test/"]


@rows("text", XML.format("\ud800"), "https://a.test/\n\ud800")
def test_half_of_a_character_does_not_become_a_wildcard(text: str) -> None:
    found = ask("read", text=text)
    assert found["problem"].endswith("the text is not readable; save it as UTF-8")
    assert found["line"] == 2


def test_check_shows_the_verdict_the_entry_and_the_steps() -> None:
    given = rules("https://www.example.com/")
    found = ask("check", rules=given, referer="https://www.example.com/")["html"]
    assert "verdict allowed" in found
    assert "The whitelist entry &#39;https://www.example.com/&#39; matches." in found
    assert "R-13, R-20" in found
    assert "verdict denied" in ask("check", rules=given, referer=None)["html"]


def test_list_is_compared_with_the_one_that_was_opened() -> None:
    given, opened = rules("https://a.test/"), rules("https://a.test/", "https://b.test/")
    found = ask("answer", rules=given, other=opened)["html"]
    assert 'data-answer="Your changes lock out b.test."' in found
    assert "Your changes" not in ask("answer", rules=given, other=given)["html"]


def test_hostile_text_stays_text() -> None:
    evil = "<script>alert(1)</script>"
    values = {"rules": rules(evil), "other": rules(), "site": evil, "referer": evil}
    for name in ("check", "answer", "export"):
        assert evil not in ask(name, **values)["html"]


@rows("mark", "", "\ufeff")
def test_nginx_is_recognised(mark: str) -> None:
    found = ask("read", text=mark + "location / { valid_referers none *.example.com; }")
    assert found["form"] == "nginx"
    assert "<b>nginx (valid_referers, map)</b>: 2 entries" in found["html"]
    assert "https://*.example.com/" in entries(found)


def test_rules_with_more_entries_than_a_bucket_has_are_not_reviewed() -> None:
    many = rules(*(f"https://{number}.test/" for number in range(10_000)))
    refused = ask("answer", rules=many, other=many, site="")["error"]
    assert refused.startswith(f"the page reviews at most {MAX_EXAMINED} bytes of entries; ")
    assert "these rules have 178890 " in refused
    assert "html" in ask("check", rules=many, referer="https://9999.test/")


def lines_of(html: str) -> dict[str, str]:
    """Return the text of each line of the plan by its place, such as `whitelist:0`."""
    parts = re.split('data-place="(.*?)"', html.partition('data-part="guests"')[0])
    texts = (" ".join(unescape(re.sub("<[^>]*>", " ", one)).split()) for one in parts[2::2])
    return dict(zip(parts[1::2], texts, strict=True))


def marks_of(html: str) -> list[str]:
    """Return the marks of the entries, in the order of the lists."""
    found = re.search('data-marks="(.*?)"', html)
    assert found
    return [one.rpartition(":")[2] for one in found[1].split()]


def test_each_entry_has_a_mark_and_what_it_becomes() -> None:
    given = rules("https://a.test/", "http://b.test", "*", "capacitor://localhost")
    html = ask("answer", rules=given)["html"]
    assert marks_of(html) == ["stays", "changes", "asks", "stays"]
    lines = lines_of(html)
    assert "http://b.test /" in lines["whitelist:1"]
    assert "It lets in everybody" in lines["whitelist:2"]
    assert html.count("data-use") + html.count('id="use"') == 1


def test_rules_that_xml_cannot_hold_have_a_plan() -> None:
    html = ask("answer", rules=rules("https://a.test", "a\0"))["html"]
    assert marks_of(html) == ["changes", "asks"]


def test_entry_that_is_meant_and_lets_in_strangers_is_marked() -> None:
    given = rules("https://a.test/", "http://a.test/", "https://b.*")
    html = ask("answer", rules=given, meant=["https://b.*"])["html"]
    assert marks_of(html) == ["stays", "stays", "meant"]
    assert "data-unmean" in html
    assert "data-mean" not in html
    assert marks_of(ask("answer", rules=given)["html"])[2] == "asks"


def test_corrected_list_is_that_of_the_plan() -> None:
    given = ask("read", text=BROKEN)["rules"]
    planned = plan(referer_xml.parse(BROKEN.encode()))
    assert planned.corrected != planned.rules
    assert ask("take", rules=given)["rules"] == to_members(planned.corrected)


ENTRIES = strategies.sampled_from(
    """https://www.example.com/ http://www.example.com https://*.example.com *.example.com
    example.com https://*.example.com/x * https://* "https://a.test/" ${site} https://a.test:*
    https://10.0.0.* wx0123456789abcdef https://servicewechat.com/wx0123456789abcdef/ ?
    ^https?://b\\.test https://a.test,https://b.test HTTPS://A.test/ //a.test *a.test*""".split()
)
LISTS = strategies.lists(ENTRIES, max_size=6)


@on(LISTS, LISTS, strategies.booleans(), strategies.sampled_from(["", "https://a.test"]))
@settings(max_examples=cases(60, 2_000))
def test_corrected_list_of_any_rules_is_that_of_the_plan(
    white: list[str], black: list[str], empty: bool, site: str
) -> None:
    old = RefererConfiguration(empty, whitelist=tuple(white), blacklist=tuple(black))
    found = ask("take", rules=to_members(old), site=site)["rules"]
    planned = plan(old, Wish((site,) if site else ()))
    assert convert_members(found) == planned.corrected


def answers_of(html: str) -> list[dict[str, Any]]:
    """Return the changes of the answers to all questions."""
    return [json.loads(unescape(one)) for one in re.findall('data-take="(.*?)"', html)]


def test_answer_to_a_question_makes_its_change_alone() -> None:
    given = rules("https://www.a.test", "https://b.test/x/")
    change, _ = answers_of(ask("answer", rules=given)["html"])
    assert entries(ask("take", rules=given, change=change)) == [
        "https://www.a.test",
        "https://b.test/",
    ]


def test_answer_that_removes_the_last_entry_does_not_open_the_bucket() -> None:
    given = rules("https://thief.test/")
    (change,) = answers_of(ask("answer", rules=given, site="https://a.test")["html"])
    taken = ask("take", rules=given, site="https://a.test", change=change)
    assert entries(taken) == ["https://a.test/"]


def test_answer_that_the_plan_does_not_offer_is_refused() -> None:
    given = rules("https://a.test/", "https://b.test/x/")
    change, remove = answers_of(ask("answer", rules=given)["html"])
    assert entries(ask("take", rules=given, change=remove)) == ["https://a.test/"]
    for wrong in ({**change, "position": 7}, {}, "x", {**change, "instead": ["*"]}):
        assert "no longer asks" in ask("take", rules=given, change=wrong)["error"]


@on(LISTS)
@settings(max_examples=cases(30, 1_000))
def test_every_answer_of_a_page_can_be_taken(white: list[str]) -> None:
    old = RefererConfiguration(whitelist=tuple(white))
    html = ask("answer", rules=to_members(old))["html"]
    options = [option for line in plan(old).questions for option in line.options]
    answers = answers_of(html)
    assert len(answers) == len(options)
    for change, option in zip(answers, options, strict=True):
        taken = ask("take", rules=to_members(old), change=change)["rules"]
        assert convert_members(taken) == apply(old, [option.change])


def test_generated_site_joins_the_rules_that_are_there() -> None:
    given = rules("https://a.test/", empty=True)
    made = ask("generate", rules=given, site="https://b.test", subdomains=False)
    assert entries(made) == ["https://a.test/", "https://b.test/"]
    assert made["rules"]["AllowEmptyReferer"] is True
    assert "[[case]]" in made["table"]
    assert "error" in ask("generate", rules=given, site="nonsense site")


WAYS = {
    "<RefererConfiguration><Refererlist><Referer>https://a.test/</Referer></Refererlist>"
    "<AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>": (
        "Write RefererList (2×)",
        "as a list (1)",
    ),
    '{"AllowEmptyReferer": true, "RefererLst": {"Referer": ["https://a.test/"]}}': (
        "Write RefererList (1×)",
        "as a list (1)",
    ),
    'whitelst = ["https://a.test/", "*.b.test"]': ("Write whitelist (1×)", "as a list (2)"),
    "resources:\n  a:\n": ("Back to the previous text",),
}


@rows("text", *WAYS)
def test_text_that_cannot_be_read_has_ways_out_that_work(text: str) -> None:
    html = ask("read", text=text)["html"]
    for way in WAYS[text]:
        assert way in html
    for corrected in re.findall('data-text="(.*?)"', html):
        assert entries(ask("read", text=unescape(corrected)))


def test_terraform_that_is_computed_asks_for_a_plan() -> None:
    text = 'resource "alicloud_oss_bucket_referer" "a" {\n  count = 1\n}'
    problem = ask("read", text=text)["problem"]
    assert "terraform show -json" in problem
    assert "pip" not in problem


def test_export_has_every_form_and_what_others_lose() -> None:
    found = ask("export", rules=rules("https://www.example.com/"))["html"]
    for form in ("xml", "hcl", "oss2", "nginx", "cdn"):
        assert f'data-form="{form}"' in found
    assert "not exact" in found


def test_comments_of_an_export_are_in_the_language() -> None:
    given = {**rules("https://www.example.com/"), "TruncatePath": True}
    html = unescape(ask("export", rules=given, language="zh")["html"])
    for begin in ("# 空 Referer", "# 白名单", "# 您的 listen", "# TruncatePath", '"""将 Bucket'):
        assert begin in html
    assert "# 将 Bucket" in html
    table = ask("generate", rules=given, site="https://b.test", subdomains=True, language="zh")
    names = [line for line in table["table"].splitlines() if line.startswith(("#", "name"))]
    assert len(names) > 8
    assert [name for name in names if not re.search("[\u4e00-\u9fff]", name)] == []


def test_export_has_the_pasted_text_with_its_comments() -> None:
    text = 'whitelist = ["http://www.example.com"]  # the site\n'
    source = {"text": text, "form": "toml", "name": ""}
    given = rules("http://www.example.com/", empty=True)
    html = ask("export", rules=given, source=source)["html"]
    assert 'data-tab="source"' in html
    assert "# the site" in html
    assert 'data-form="source"' not in ask("export", rules=given, source={"form": "list"})["html"]


def test_write_keeps_the_rest_of_a_document() -> None:
    text = 'whitelist = ["http://www.example.com"]  # the site\n'
    values = {"text": text, "form": "toml", "name": ""}
    new = {**rules("http://www.example.com/", empty=True)}
    assert ask("write", rules=new, **values) == {
        "text": 'whitelist = ["http://www.example.com/"]  # the site\n'
    }


@rows(
    "values",
    {"rules": 1, "referer": None},
    {"rules": rules(), "referer": ["https://a.test/"]},
    {"rules": rules(), "referer": 1},
    {"rules": {"AllowEmptyReferer": True, "RefererList": {"Referer": [{}]}}, "referer": None},
)
def test_values_of_other_types_are_refused(values: dict[str, Any]) -> None:
    assert "error" in ask("check", **values)


def test_entry_that_xml_cannot_hold_is_not_written() -> None:
    found = ask("write", form="xml", text=BROKEN, name="", rules=rules("http://a.test/\0"))
    assert found == {
        "error": "the rules cannot be written: XML cannot represent the character U+0000"
    }


def guests_of(whitelist: list[str], referers: list[str]) -> tuple[str, list[tuple[str, int, bool]]]:
    """Return the verdict, and the guests that sent requests or are the owner's."""
    made = RefererConfiguration(False, whitelist=tuple(whitelist))
    recorded = Traffic(tuple(RequestGroup(Asked(referer=one)) for one in referers))
    found = make_answer(made, Wanted(), made, recorded)
    guests = [one for group in found["guests"].values() for one in group]
    own = [one for one in guests if one.requests or one.visitor.wanted]
    return str(found["sentence"]), [
        (one.name, one.requests, one.visitor.now.allowed) for one in own
    ]


def test_request_from_one_page_does_not_hide_that_the_site_is_locked_out() -> None:
    sentence, guests = guests_of(["https://a.test/shop/"], ["https://a.test/shop/x"])
    assert sentence == "Your site is locked out, and strangers stay out."
    assert guests == [("a.test", 0, False), ("https://a.test/shop/x", 1, True)]


def test_referers_with_masked_passwords_are_one_row_with_all_requests() -> None:
    referers = [f"https://user:word{number}@a.test/" for number in range(5)]
    _, guests = guests_of(["https://a.test/"], [*referers, "https://a.test/?x"])
    assert guests == [("a.test", 1, True), ("user:****@a.test", 5, False)]


def test_two_referers_never_have_the_same_name() -> None:
    referers = ["https://a.test/", "https://a.test", "a.test"]
    _, guests = guests_of(["https://a.test/", "a.test"], referers)
    own = [("https://a.test", 1, False), ("http://a.test/", 0, False), ("a.test", 1, True)]
    assert guests == [*own, ('"a.test"', 1, True)]
