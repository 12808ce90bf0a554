"""Rules in each form, and the errors for documents without rules."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.sources import forms as document
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.toml import SourceError

from tests.rows import read_cases, rows

CASES = read_cases("referer.sources")

FULL = RefererConfiguration(
    False, False, True, ("https://www.example.com/", 'a"b\\c&<例'), ("https://evil.test/",)
)
UNSET = RefererConfiguration()


@rows("form", *document.WHOLE)
@rows("configuration", FULL, UNSET)
def test_formatted_rules_can_be_parsed(
    form: RulesForm, configuration: RefererConfiguration
) -> None:
    written = document.format(configuration, form).encode()
    assert document.detect(written) is form
    assert list(document.parse(written).values()) == [configuration]


SIGNS = st.text(st.sampled_from("$%{}\"'\\#<&/ \t\n\r\0\x7f\x85\u2028\u0301e例😀a"), max_size=6)


@given(st.sampled_from(document.WHOLE), st.lists(SIGNS, min_size=1, max_size=2))
def test_any_entry_is_read_as_it_was_written(form: RulesForm, entries: list[str]) -> None:
    rules = RefererConfiguration(whitelist=(*entries,))
    try:
        written = document.format(rules, form).encode()
    except ValueError:  # XML lacks some characters, and Terraform changes some
        return
    assert [*document.parse(written).values()] == [rules]


@rows("form", RulesForm.HCL, RulesForm.TERRAFORM)
def test_entry_that_terraform_would_change_is_refused(form: RulesForm) -> None:
    with pytest.raises(ValueError, match=r"Terraform would change .* to NFC"):
        document.format(RefererConfiguration(whitelist=("https://e\u0301.test/",)), form)


def test_json_of_ossutil_may_have_strings_for_booleans() -> None:
    text = CASES["json_of_ossutil_may_have_strings_for_booleans"]
    assert document.parse(text.encode(), RulesForm.JSON) == {
        "": RefererConfiguration(False, True, True, ("http://a", "http://a"), ("http://b",))
    }


def test_json_of_ossutil_is_formatted_with_booleans_and_without_an_empty_blacklist() -> None:
    assert json.loads(
        document.format(RefererConfiguration(whitelist=("http://例",)), RulesForm.JSON)
    ) == {
        "AllowEmptyReferer": True,
        "AllowTruncateQueryString": True,
        "TruncatePath": False,
        "RefererList": {"Referer": ["http://例"]},
    }


@rows(
    ("text", "sentence"),
    ("", "not valid JSON"),
    ("{", "not valid JSON"),
    ("[" * 100_000, "nested too deeply"),
    ("[]", "the document is []; write a table"),
    ("{}", "AllowEmptyReferer is missing; write true or false"),
    ('{"AllowEmptyReferer": "yes"}', 'AllowEmptyReferer is "yes"; write true or false'),
    ('{"AllowEmptyReferer": true, "Referers": []}', "Referers is unknown; use AllowEmpty"),
    ('{"AllowEmptyReferer": true, "RefererList": []}', "RefererList is []; write a table"),
    (
        '{"AllowEmptyReferer": true, "RefererList": {"Referer": [1]}}',
        "RefererList.Referer[0] is 1; write a string",
    ),
    (
        '{"AllowEmptyReferer": true, "RefererList": {"Entry": []}}',
        "RefererList.Entry is unknown; use Referer",
    ),
)
def test_json_that_is_not_a_configuration_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(SourceError) as refusal:
        document.parse(text.encode(), RulesForm.JSON)
    assert sentence in refusal.value.sentence


ADDRESS = "alicloud_oss_bucket_referer.site"
VALUES = {
    "bucket": "examplebucket",
    "id": "examplebucket",
    "allow_empty_referer": False,
    "allow_truncate_query_string": None,
    "truncate_path": None,
    "referer_list": ["https://www.example.com/"],
    "referer_blacklist": None,
}
SITE = RefererConfiguration(False, False, whitelist=("https://www.example.com/",))
STATE = {
    "resources": [
        {"type": "alicloud_oss_bucket", "address": "x", "values": {}},
        {"type": "alicloud_oss_bucket_referer", "address": ADDRESS, "values": VALUES},
    ]
}
DECLARED = {
    "bucket": "${alicloud_oss_bucket.b.bucket}",
    "depends_on": [],
    "allow_empty_referer": "false",
    "referer_list": ["https://www.example.com/"],
}


@rows(
    "members",
    {"values": {"root_module": {"child_modules": [STATE]}}},
    {"resource": {"alicloud_oss_bucket_referer": {"site": DECLARED}}},
    {"resource": [{"alicloud_oss_bucket_referer": {"site": [DECLARED]}}]},
)
def test_rules_of_terraform_are_parsed(members: object) -> None:
    assert document.parse(json.dumps(members).encode()) == {ADDRESS: SITE}


BLOCK = {"allow_empty": None, "referers": ["https://www.example.com/"]}


@rows(
    "members",
    {
        "values": {
            "root_module": {
                "resources": [
                    {
                        "type": "alicloud_oss_bucket",
                        "address": "alicloud_oss_bucket.site",
                        "values": {"bucket": "b", "referer_config": [BLOCK]},
                    },
                    {
                        "type": "alicloud_oss_bucket",
                        "address": "alicloud_oss_bucket.other",
                        "values": {"bucket": "c", "referer_config": []},
                    },
                ]
            }
        }
    },
    *(
        {"resource": {"alicloud_oss_bucket": {"site": {"referer_config": config}}}}
        for config in (BLOCK, [BLOCK], {"referers": BLOCK["referers"]})
    ),
)
def test_older_block_of_terraform_leaves_the_query_to_the_default(members: object) -> None:
    """R-38: the provider sends false for `allow_empty`, and no other switch."""
    rules = RefererConfiguration(False, True, whitelist=("https://www.example.com/",))
    assert document.parse(json.dumps(members).encode()) == {"alicloud_oss_bucket.site": rules}


@rows("text, names", *CASES["rules_in_toml_are_parsed"])
def test_rules_in_toml_are_parsed(text: str, names: tuple[str, ...]) -> None:
    assert tuple(document.parse(text.encode())) == names


def test_json_with_a_byte_order_mark_is_parsed() -> None:
    text = '\ufeff{"AllowEmptyReferer": "false", "RefererList": {"Referer": ["https://a.test/"]}}'
    found = document.parse(text.encode())
    assert found == {"": RefererConfiguration(False, whitelist=("https://a.test/",))}


def test_xml_in_utf_16_is_parsed() -> None:
    text = '<?xml version="1.0" encoding="UTF-16"?>' + document.format(SITE, RulesForm.XML)[38:]
    assert document.parse(text.encode("utf-16")) == {"": SITE}


XML = document.format(SITE, RulesForm.XML)
ANSWER = "HTTP/1.1 200 OK\r\nServer: AliyunOSS\r\nContent-Type: application/xml\r\n\r\n"


@rows(
    "text",
    ANSWER + XML,
    "HTTP/1.1 200 Connection established\r\n\r\n" + ANSWER + XML,
    "HTTP/2 200 \nserver: AliyunOSS\n\n" + XML,
    ANSWER + document.format(SITE, RulesForm.JSON),
)
@rows("form", None, RulesForm.XML)
def test_head_above_rules_is_skipped(text: str, form: RulesForm | None) -> None:
    assert document.parse(text.encode(), form) == {"": SITE}


def test_answer_without_a_list_is_accepted() -> None:
    """R-30: only a request needs RefererList."""
    text = (
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>"
    )
    assert document.parse((ANSWER + text).encode()) == {"": RefererConfiguration()}
    with pytest.raises(SourceError, match="RefererList is missing"):
        document.parse(text.encode())


def test_error_of_the_service_is_quoted_with_its_place() -> None:
    body = "<Error>\n <Code>AccessDenied</Code>\n <Message>You have no\n right.</Message>\n</Error>"
    answer = ANSWER.replace("200 OK", "403 Forbidden") + body
    with pytest.raises(SourceError) as refusal:
        document.parse(answer.encode())
    assert refusal.value.sentence == (
        "the document is not rules but an error of the service: AccessDenied: You have no right."
    )
    assert (refusal.value.line, refusal.value.column) == (5, 1)


HCL = CASES["sources_hcl"]
CONFIG = RefererConfiguration(False, whitelist=('https://${x}.test/例"', "b"))


def test_rules_in_hcl_are_parsed() -> None:
    assert document.detect(HCL.encode()) is RulesForm.HCL
    assert document.parse(HCL.encode()) == {ADDRESS: SITE, "alicloud_oss_bucket.b": CONFIG}


ROOT = "<RefererConfiguration>\n  {}\n</RefererConfiguration>"
BAD = {
    "empty": ("", 1, 1, "is empty"),
    "no form": ("\n  hello", 2, 3, "neither XML nor JSON nor HCL nor TOML"),
    "a JSON list": ("[1, 2]", 1, 1, "an item of the list is not a text"),
    "XML cut off": ("<RefererConfiguration>\n<AllowEmptyReferer>", 2, 1, "not well-formed"),
    "wrong root": ("\n<Foo/>", 2, 1, "the root element is Foo"),
    "unknown element": (ROOT.format("<Refererlist/>"), 2, 3, "Refererlist is unknown in"),
    "wrong boolean": (
        ROOT.format("<AllowEmptyReferer>yes</AllowEmptyReferer>"),
        2,
        3,
        "write true or false",
    ),
    "twice": (
        ROOT.format("<TruncatePath>true</TruncatePath><TruncatePath>true</TruncatePath>"),
        2,
        36,
        "occurs twice",
    ),
    "text between": (ROOT.format("<RefererList>a</RefererList>"), 2, 3, "contains text"),
    "elements in an entry": (
        ROOT.format("<RefererList><Referer><a/></Referer></RefererList>"),
        2,
        16,
        "contains elem",
    ),
    "required": ("<RefererConfiguration/>", 1, 1, "AllowEmptyReferer is missing"),
    "document type": ("<!DOCTYPE a [<!ENTITY b 'c'>]>\n<a/>", 1, 1, "DOCTYPE"),
    "JSON cut off": ('{\n "AllowEmptyReferer": true,\n', 3, 1, "not valid JSON"),
    "unknown member": ('{\n "AllowEmptyReferer": true,\n "refererList": {}}', 3, 2, "is unknown"),
    "wrong list": ('{"AllowEmptyReferer": true,\n"RefererList": {"Referer": "a"}}', 2, 17, "list"),
    "wrong flag": ('{"AllowEmptyReferer": 1}', 1, 2, "write true or false"),
    "nested": ('{"a":' * 100_000, 1, 1, "nested too deeply"),
    "expression": (
        '{"resource": {"alicloud_oss_bucket_referer": {"a":\n{"allow_empty_referer": "${x}"}}}}',
        2,
        2,
        "is the expression",
    ),
    "no resource": ('{"values": "alicloud_oss_bucket_referer"}', 1, 1, "no resource"),
    "Terraform without the flag": (
        '{"resource": {"alicloud_oss_bucket_referer": {"a": {}}}}',
        1,
        47,
        "is missing",
    ),
    "HCL without rules": ('variable "a" {}', 1, 1, "no resource of the type alicloud_oss_bucket_r"),
    "HCL cut off": (HCL.partition("referer_config")[0], 17, 36, "is not closed"),
}


@rows("text, line, column, words", *BAD.values())
def test_bad_document_is_refused_with_its_place(
    text: str, line: int, column: int, words: str
) -> None:
    with pytest.raises(SourceError) as refusal:
        document.parse(text.encode())
    assert words in refusal.value.sentence
    assert (refusal.value.line, refusal.value.column) == (line, column)


LATIN = "<RefererConfiguration>\n <AllowEmptyReferer>ä</AllowEmptyReferer></RefererConfiguration>"


@rows(
    ("content", "line", "column"),
    (LATIN.encode("latin-1"), 2, 21),
    ('{\n"ä": 1}'.encode("latin-1"), 2, 2),
    ("[rules.a]\n# ä".encode("latin-1"), 2, 3),
)
def test_wrong_encoding_is_refused(content: bytes, line: int, column: int) -> None:
    with pytest.raises(SourceError, match="byte 0xe4 is not valid UTF-8") as refusal:
        document.parse(content)
    assert (refusal.value.line, refusal.value.column) == (line, column)


def test_document_beyond_the_limit_is_refused() -> None:
    line = b"<!-- " + b"a" * 91 + b" -->"
    content = (line + b"\n") * 100_000
    with pytest.raises(SourceError, match="larger than 2 MiB") as refusal:
        document.parse(content)
    lines, rest = divmod(2 * 1024**2, len(line) + 1)
    assert (refusal.value.line, refusal.value.column) == (lines + 1, rest + 1)


FRAGMENTS = st.sampled_from(
    [
        *("{", "}", "[", "]", '"', ":", ",", "=", "\n", "null", "true", "1", "a", "<", ">", "/"),
        *('"resource"', '"alicloud_oss_bucket_referer"', '"values"', '"root_module"'),
        *("[rules.a]", "[[bucket]]", "[bucket.referer]", "whitelist", "truncate_path", "rules"),
        *("<RefererConfiguration>", "<RefererList>", "<!DOCTYPE a>", "<![CDATA[", "&", "\0", "ä"),
        *('"RefererList"', '"AllowEmptyReferer"', "<?xml version='1.0' encoding='x'?>"),
    ]
)


@settings(deadline=None)
@given(st.lists(FRAGMENTS, max_size=12).map("".join), st.sampled_from([None, *RulesForm]))
def test_any_failure_is_one_sentence_with_a_place(text: str, form: RulesForm | None) -> None:
    failures = []
    try:
        document.parse(text.encode(), form)
    except SourceError as error:
        failures.append(error)
    for failure in failures:
        assert min(failure.line, failure.column) >= 1
        assert len(failure.sentence.splitlines()) == 1
