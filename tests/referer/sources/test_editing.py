"""Corrected rules are written back; everything else in the document stays."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import editing, forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm

from tests.referer.lint.random_rules import rules, seeded
from tests.rows import read_cases, rows
from tests.thorough import cases

TABLES = read_cases("referer.sources")

CASES = cases(40, 150)

NEW = RefererConfiguration(
    False, False, True, ("https://a.example/", 'a "quoted" \\ & <one>'), ("https://${b}.example/",)
)
XML = TABLES["xml"]
JSON = '{\n    "AllowEmptyReferer": "true",\n    "RefererList": {"Referer": ["a"]}\n}\n'
TERRAFORM = """{"terraform": {}, "resource": {"alicloud_oss_bucket_referer": {"site":
  {"bucket": "b", "allow_empty_referer": true, "referer_list": ["a"]}, "other":
  {"bucket": "c", "allow_empty_referer": true}}}}
"""
SEED = TABLES["seed"]
HCL = TABLES["hcl"]
PLAIN = 'whitelist = ["a"]\n'


@rows(
    ("form", "text", "name", "kept"),
    (RulesForm.XML, XML, "", ["<!-- before -->", "<!-- kept -->", "aliyuncs.com"]),
    (RulesForm.JSON, JSON, "", ['    "AllowEmptyReferer": false']),
    (
        RulesForm.TERRAFORM,
        TERRAFORM,
        "alicloud_oss_bucket_referer.site",
        ['"terraform"', '"other"'],
    ),
    (RulesForm.HCL, HCL, "alicloud_oss_bucket_referer.site", ["# The bucket", "# kept", '"other"']),
    (RulesForm.TOML, SEED, "two", ["# of one", "# kept", '"three"']),
    (RulesForm.TOML, PLAIN, "", []),
)
def test_only_the_rules_change(form: RulesForm, text: str, name: str, kept: list[str]) -> None:
    old = forms.parse(text.encode(), form)
    edited = editing.edit(text.encode(), form, name, NEW)
    new = forms.parse(edited.encode(), form)
    assert new[name] == NEW
    assert {key: value for key, value in new.items() if key != name} == {
        key: value for key, value in old.items() if key != name
    }
    for words in kept:
        assert words in edited
    assert editing.edit(text.encode(), form, name, old[name]) == text


@rows(
    ("form", "text", "name"),
    (RulesForm.XML, XML, ""),
    (RulesForm.HCL, HCL, "alicloud_oss_bucket_referer.site"),
    (RulesForm.TOML, SEED, "two"),
)
def test_lines_end_with_crlf_where_all_others_do(form: RulesForm, text: str, name: str) -> None:
    document = text.replace("\n", "\r\n").encode()
    edited = editing.edit(document, form, name, NEW)
    assert edited.count("\n") == edited.count("\r\n")
    assert edited == editing.edit(text.encode(), form, name, NEW).replace("\n", "\r\n")


def test_mixed_line_ends_stay() -> None:
    text = XML.replace("\n", "\r\n", 4).replace("</RefererList>\n", "</RefererList>\r\n")
    new = RefererConfiguration(False, whitelist=("https://www.example.com/", "https://b.test/"))
    edited = editing.edit(text.encode(), RulesForm.XML, "", new)
    changed = {"<AllowEmptyReferer>", "<Referer>"}
    kept, written = (
        [line for line in item.split("\n") if not any(mark in line for mark in changed)]
        for item in (text, edited)
    )
    assert written == kept
    assert edited.count("\r\n") == text.count("\r\n")


def test_xml_keeps_its_layout() -> None:
    new = RefererConfiguration(False, whitelist=("https://www.example.com/",), blacklist=("x",))
    edited = editing.edit(XML.encode(), RulesForm.XML, "", new)
    expected = XML.replace(">true<", ">false<").replace(
        "www.example.com<", "https://www.example.com/<"
    )
    ending = "  </RefererList>\n"
    black = "  <RefererBlacklist>\n    <Referer>x</Referer>\n  </RefererBlacklist>\n"
    assert edited == expected.replace(ending, ending + black)


def test_comments_in_a_list_of_xml_stay_beside_their_entries() -> None:
    text = XML.replace(
        "    <Referer>www.example.com</Referer>\n",
        "    <Referer>http://a.test</Referer> <!-- a -->\n    <!-- about b -->\n"
        "    <Referer>b.test</Referer>\n    <Referer>c.test</Referer>\n",
    )
    entries = ("http://a.test/", "https://a.test/", "https://b.test/")
    edited = editing.edit(
        text.encode(), RulesForm.XML, "", RefererConfiguration(True, whitelist=entries)
    )
    assert edited == (
        text.replace("http://a.test<", "http://a.test/<")
        .replace("<!-- a -->\n", "<!-- a -->\n    <Referer>https://a.test/</Referer>\n")
        .replace(">b.test<", ">https://b.test/<")
        .replace("    <Referer>c.test</Referer>\n", "")
    )


def test_xml_on_one_line_keeps_its_order() -> None:
    text = re.sub(r"\n *", "", XML.partition("?>")[2]).replace(
        "<Referer>", "<Referer>a</Referer><Referer>"
    )
    new = RefererConfiguration(True, whitelist=("a", "b", "c", "https://www.example.com/"))
    edited = editing.edit(text.encode(), RulesForm.XML, "", new)
    assert "<Referer>a</Referer><Referer>b</Referer><Referer>c</Referer><Referer>https:" in edited


EDITED = {
    "<o:RefererConfiguration xmlns:o='u:v'>\n  <o:AllowEmptyReferer>true</o:AllowEmptyReferer>\n"
    "  <o:RefererList/>\n</o:RefererConfiguration>": (
        "  <o:RefererList/>",
        "  <o:RefererList>\n    <o:Referer>a&amp;b</o:Referer>\n  </o:RefererList>",
    ),
    "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer><RefererList/>"
    "</RefererConfiguration>": (
        "<RefererList/>",
        "<RefererList><Referer>a&amp;b</Referer></RefererList>",
    ),
    "<RefererConfiguration>\n<AllowEmptyReferer>true</AllowEmptyReferer>\n<RefererList>\n"
    "<Referer>a?b&c</Referer> <!-- 例 & -->\n<Referer/></RefererList></RefererConfiguration>": (
        "<Referer>a?b&c</Referer> <!-- 例 & -->\n<Referer/>",
        "<Referer>a&amp;b</Referer> <!-- 例 & -->\n",
    ),
}
"""Documents of clients, and what changes in each."""


@rows(("text", "change"), *EDITED.items())
def test_xml_of_any_client_is_edited_in_place(text: str, change: tuple[str, str]) -> None:
    edited = editing.edit(
        text.encode(), RulesForm.XML, "", RefererConfiguration(True, whitelist=("a&b",))
    )
    assert edited == text.replace(*change)


@rows(
    ("form", "text", "name", "words"),
    (
        RulesForm.TOML,
        'rules = {a = {whitelist = ["a"]}}\n',
        "a",
        "its rules are written in one line",
    ),
    (
        RulesForm.TERRAFORM,
        '{"resource_changes": [{"type": '
        '"alicloud_oss_bucket_referer", "address": "alicloud_oss_bucket_referer.a", '
        '"change": {"actions": ["create"], "after": {"allow_empty_referer": true}}}]}',
        "alicloud_oss_bucket_referer.a",
        "it is a plan or a state; correct the configuration instead",
    ),
)
def test_uneditable_document_is_refused_with_a_reason(
    form: RulesForm, text: str, name: str, words: str
) -> None:
    with pytest.raises(NotEditableError, match=words):
        editing.edit(text.encode(), form, name, NEW)


@pytest.mark.thorough
@pytest.mark.parametrize("form", [RulesForm.XML, RulesForm.JSON, RulesForm.TOML])
def test_random_rules_are_changed_in_their_document(form: RulesForm) -> None:
    edited = 0
    for seed in range(CASES):
        configuration, other = rules(seeded(seed)), rules(seeded(seed + CASES))
        white = (*configuration.whitelist[1:3], *other.whitelist, *configuration.whitelist[3:])
        changed = replace(other, whitelist=white, blacklist=configuration.blacklist[:-1])
        try:
            text = forms.format(configuration, form)
            forms.format(changed, form)
        except ValueError:
            continue  # XML cannot represent it
        (name, read), *_ = forms.parse(text.encode(), form).items()
        if read == configuration:
            again = editing.edit(text.encode(), form, name, changed)
            assert forms.parse(again.encode(), form)[name] == changed
            edited += 1
    assert edited > CASES * 2 / 3


# --- The text of HCL

HCL_CASES = read_cases("referer.sources")

ADDRESS = "alicloud_oss_bucket_referer.s"
TEXT = HCL_CASES["text"]
SITES = ("www.example.com", "https://b.test/", "*.c.test")


def edit(text: str, new: RefererConfiguration, name: str = ADDRESS) -> str:
    done = editing.edit(text.encode(), RulesForm.HCL, name, new)
    assert forms.find(done.encode(), RulesForm.HCL)[name]() == new
    return done


def test_list_and_switches_are_edited_and_comments_stay() -> None:
    new = RefererConfiguration(
        False,
        False,
        True,
        ("https://www.example.com/", "http://www.example.com/", *SITES[1:], "d"),
        ("x${y}",),
    )
    expected = (
        TEXT.replace('"www.', '"https://www.')
        .replace('com", # the shop', 'com/", # the shop')
        .replace(", é\n", ', é\n    "http://www.example.com/",\n')
        .replace('"*.c.test" /* c */\n', '"*.c.test", /* c */\n    "d",\n')
        .replace('"true" # why', "false # why")
        .replace("= null\n", '= true\n  referer_blacklist = [\n    "x$${y}",\n  ]\n')
    )
    assert edit(TEXT, new) == expected


@rows(("change", "expected"), *HCL_CASES["heredoc_and_line_breaks_of_another_system_stay"])
def test_heredoc_and_line_breaks_of_another_system_stay(
    change: tuple[str, str], expected: str
) -> None:
    text = TEXT.replace(*change)
    whitelist = ("www.example.org", "https://b.test/", "*.c.test" + "\n" * (expected == "e"))
    edited = edit(text, RefererConfiguration(True, False, whitelist=whitelist))
    assert edited == text.replace("www.example.com", "www.example.org")


def test_list_on_one_line_and_a_missing_list_are_written() -> None:
    text = 'resource "alicloud_oss_bucket_referer" "s" {\r\n  allow_empty_referer = true\r\n}\r\n'
    new = RefererConfiguration(True, False, whitelist=("a", "b"))
    written = '  referer_list        = [\r\n    "a",\r\n    "b",\r\n  ]\r\n}'
    assert edit(text, new) == text.replace("}", written)
    text = TEXT.replace("= null", '= null\n  referer_blacklist = ["a", "b"] # x')
    new = RefererConfiguration(True, False, whitelist=SITES, blacklist=("a", "c", "b"))
    assert edit(text, new) == text.replace('"a", "b"', '"a", "c", "b"')


BUCKET = """resource "alicloud_oss_bucket" "s" {
  bucket = "b"
  referer_config {
    referers = ["a"] # one
  }
}
"""


def test_older_block_is_edited() -> None:
    new = RefererConfiguration(True, True, whitelist=("b",))
    assert edit(BUCKET, new, "alicloud_oss_bucket.s") == BUCKET.replace('"a"', '"b"').replace(
        "# one\n", "# one\n    allow_empty = true\n"
    )


def test_another_resource_may_be_unknown() -> None:
    other = TEXT[TEXT.index("resource") :].replace('"s"', '"t"').replace("null", "var.t")
    new = RefererConfiguration(False, False, whitelist=SITES)
    assert edit(TEXT + other, new) == TEXT.replace('"true"', "false") + other


def test_block_on_one_line_gets_no_further_attribute() -> None:
    text = 'resource "alicloud_oss_bucket_referer" "s" { allow_empty_referer = true }\n'
    with pytest.raises(NotEditableError, match="has no attribute on a line of its own"):
        edit(text, RefererConfiguration(True, True))


def test_what_the_older_block_lacks_is_said() -> None:
    new = RefererConfiguration(False, True, whitelist=("a",), blacklist=("b",))
    with pytest.raises(NotEditableError, match="referer_config has no blacklist; use alicloud_oss"):
        edit(BUCKET, new, "alicloud_oss_bucket.s")
