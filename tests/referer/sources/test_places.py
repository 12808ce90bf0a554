"""Places of entries in the text of rules, and rules that are found in folders and documents."""

from __future__ import annotations

import json
from pathlib import Path as FilePath
from pathlib import PurePath

import pytest
from oss_referer import RefererConfiguration, Stage
from oss_referer.sources import forms, places, resources, tables
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.resources import BUCKET, CONFIG, REFERER, Unknown, evaluate
from oss_referer.sources.toml import Path, SourceError

from tests.rows import read_cases, rows

CASES = read_cases("referer.sources")

RULES = RefererConfiguration(
    whitelist=("https://a.example/?x=1&y=2", 'say "a"', "h", "例え", "h"),
    blacklist=("https://a.example/", "h"),
)


@rows("form", *forms.WHOLE)
def test_each_entry_is_found_in_its_line(form: RulesForm) -> None:
    text = forms.format(RULES, form)
    (name,) = forms.parse(text.encode(), form)
    found = places.find(text, name, RULES)
    lines = text.splitlines()
    assert len(found) == 7
    for (stage, position), (line, column) in found.items():
        entry = getattr(RULES, stage.value)[position]
        assert lines[line - 1][column - 1] == entry[0]
    assert found[Stage.WHITELIST, 4] > found[Stage.WHITELIST, 2]
    assert found[Stage.BLACKLIST, 1] > found[Stage.WHITELIST, 4]


def test_entries_are_found_by_the_name_of_their_rules() -> None:
    text = '[rules.a]\nwhitelist = ["x"]\n[rules.b]\nwhitelist = ["x"]\n'
    found = places.find(text, "b", RefererConfiguration(whitelist=("x",)))
    assert found == {(Stage.WHITELIST, 0): (4, 15)}


def test_entry_that_is_not_found_is_placed_at_its_list() -> None:
    text = 'a = 1\nwhitelist = ["\\u0078"]\n'
    found = places.find(text, "", RefererConfiguration(whitelist=("x",)))
    assert found == {(Stage.WHITELIST, 0): (2, 1)}


def test_search_without_a_match_ends_in_time() -> None:
    missing = tuple(f"entry-{number}" for number in range(20_000))
    text = f"whitelist = [{'x' * 1_000_000}]"
    assert len(places.find(text, "", RefererConfiguration(whitelist=missing))) == 20_000


def test_entries_of_an_instance_are_found_at_its_address() -> None:
    resources = [
        {"address": f'module.m.kind.a["{key}"]', "values": {"referer_list": [f"{key}.test"]}}
        for key in ("x.y", "z")
    ]
    text = json.dumps({"resources": resources}, indent=1)
    for key, line in (("x.y", 7), ("z", 15)):
        found = places.find(
            text, f'module.m.kind.a["{key}"]', RefererConfiguration(whitelist=(f"{key}.test",))
        )
        assert found[Stage.WHITELIST, 0][0] == line, text


def test_entries_of_an_older_block_are_found() -> None:
    text = (
        'resource "alicloud_oss_bucket" "b" {\n  referer_config {\n    referers = ["a"]\n  }\n}\n'
    )
    found = places.find(text, "alicloud_oss_bucket.b", RefererConfiguration(whitelist=("a",)))
    assert found[Stage.WHITELIST, 0] == (3, 18)


# --- recognising files with rules or decision tables among other files


FOUND_RULES = RefererConfiguration(False, whitelist=("https://www.example.com/",))
FILES = {
    RulesForm.XML: "rules.xml",
    RulesForm.JSON: "rules.JSON",
    RulesForm.TERRAFORM: "main.tf.json",
    RulesForm.HCL: "main.tf",
    RulesForm.TOML: "rules.toml",
}


@rows("form", *forms.WHOLE)
def test_each_form_is_recognised(form: RulesForm) -> None:
    document = forms.format(FOUND_RULES, form).encode()
    assert forms.has_rules(PurePath(FILES[form]), document)
    assert not forms.has_rules(PurePath("rules.txt"), document)


@rows(("name", "text"), *CASES["what_may_have_a_mistake_in_rules_is_read"])
def test_what_may_have_a_mistake_in_rules_is_read(name: str, text: str) -> None:
    encoded = text.encode("utf-16" if name == "utf16.xml" else "utf-8")
    assert forms.has_rules(PurePath(name), encoded)


@rows(("name", "text"), *CASES["what_others_write_is_passed_over"])
def test_what_others_write_is_passed_over(name: str, text: str) -> None:
    assert not forms.has_rules(PurePath(name), text.encode())


def test_decision_tables_are_recognised() -> None:
    table = b'# a\n[[case]]\nname = "a"\nverdict = "allow"\n'
    assert tables.has_cases(FilePath("table.toml"), table)
    assert not tables.has_cases(FilePath("table.txt"), table)
    assert not tables.has_cases(FilePath("rules.toml"), b"[rules.a]\n")
    assert not tables.has_cases(FilePath("other.toml"), b"[[case]]\nname = 1\n")


# --- resources that set rules: defaults of the provider, and strings with expressions


def error(path: Path, sentence: str) -> SourceError:
    return SourceError(sentence)


def test_missing_switches_are_false() -> None:
    """R-38"""
    values = {"bucket": Unknown("x"), "allow_empty_referer": "true", "truncate_path": None}
    found = resources.read(REFERER, values, (), error)
    assert found == RefererConfiguration(True, False, False)


def test_every_member_is_read() -> None:
    values = {
        "allow_empty_referer": False,
        "allow_truncate_query_string": True,
        "truncate_path": True,
        "referer_list": ["a"],
        "referer_blacklist": ["b"],
    }
    found = resources.read(REFERER, values, (), error)
    assert found == RefererConfiguration(False, True, True, ("a",), ("b",))


def test_older_form_leaves_truncation_to_the_service() -> None:
    values = {CONFIG: {"referers": ["a"]}}
    found = resources.read(BUCKET, values, (), error)
    assert found == RefererConfiguration(False, True, False, ("a",))
    assert resources.has_rules(BUCKET, values)
    assert not resources.has_rules(BUCKET, {})
    assert not resources.has_rules(BUCKET, {CONFIG: []})
    assert not resources.has_rules("another", values)


@rows("value", Unknown("x"), [Unknown("x")], ["a", Unknown("x")])
def test_unknown_value_is_refused(value: object) -> None:
    values = {"allow_empty_referer": True, "referer_list": value}
    with pytest.raises(SourceError, match="is the expression x, which only Terraform"):
        resources.read(REFERER, values, (), error)


@rows(
    ("written", "known"),
    ("a", "a"),
    ("$${a}%%{b}", "${a}%{b}"),
    ("${a}", Unknown("${a}")),
    ("$$${a}%%%{b}", "$${a}%%{b}"),
    ("$$${a}${b}", Unknown("$$${a}${b}")),
    ("e\u0301", "é"),
    ("a%{if b}", Unknown("a%{if b}")),
    (["a", "${b}"], ["a", Unknown("${b}")]),
    ({"a": ["$${b}"]}, {"a": ["${b}"]}),
)
def test_template_is_read_or_unknown(written: object, known: object) -> None:
    assert evaluate(written) == known
