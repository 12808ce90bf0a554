"""Recognising files with rules and decision tables among others."""

from __future__ import annotations

from pathlib import PurePath

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm

RULES = RefererConfiguration(False, whitelist=("https://www.example.com/",))
FILES = {
    RulesForm.XML: "rules.xml",
    RulesForm.JSON: "rules.JSON",
    RulesForm.TERRAFORM: "main.tf.json",
    RulesForm.HCL: "main.tf",
    RulesForm.TOML: "rules.toml",
}


@pytest.mark.parametrize("form", list(forms.RulesForm))
def test_each_form_is_recognised(form: RulesForm) -> None:
    document = forms.format(RULES, form).encode()
    assert forms.has_rules(PurePath(FILES[form]), document)
    assert not forms.has_rules(PurePath("rules.txt"), document)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("utf16.xml", '<?xml version="1.0" encoding="UTF-16"?><RefererConfiguration/>'),
        ("broken.xml", "<RefererConfiguration><AllowEmptyReferer>"),
        ("broken.json", '{"AllowEmptyReferer": tru'),
        ("empty-list.json", '{"RefererList": {}}'),
        ("mistyped.toml", "[rules.a]\nallow_empty_referer = true\nwhitelst = []\n"),
        ("broken.toml", "[rules.a]\nallow_empty_referer = yes\n"),
        ("seed.toml", '[[bucket]]\nname = "a"\n[bucket.referer]\nwhitelist = ["*"]\n'),
    ],
)
def test_what_may_have_a_mistake_in_rules_is_read(name: str, text: str) -> None:
    encoded = text.encode("utf-16" if name == "utf16.xml" else "utf-8")
    assert forms.has_rules(PurePath(name), encoded)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pom.xml", "<project/>"),
        ("package.json", '{"name": "a", "RefererPolicy": true}'),
        ("answer.json", '[{"elements": {"AllowEmptyReferer": "true"}}]'),
        ("nested.json", '{"a": {"AllowEmptyReferer": true}}'),
        ("comments.json", '// {"RefererPolicy": 1}\n{'),
        ("template.yaml", "RefererConfiguration: {}\n"),
        ("main.tf", 'resource "alicloud_oss_bucket" "a" {}'),
        ("pyproject.toml", '[tool.pylint]\nwhitelist = ["a"]\n'),
        ("gitleaks.toml", '[[rules]]\nid = "a"\n[whitelist]\nfiles = []\n'),
        ("mixed.toml", '[rules.a]\nwhitelist = ["a"]\ncommand = "b"\n'),
        ("broken.toml", "a = ["),
    ],
)
def test_what_others_write_is_passed_over(name: str, text: str) -> None:
    assert not forms.has_rules(PurePath(name), text.encode())


def test_decision_tables_are_recognised() -> None:
    table = b'# a\n[[case]]\nname = "a"\nverdict = "allow"\n'
    assert forms.has_cases(PurePath("table.toml"), table)
    assert not forms.has_cases(PurePath("table.txt"), table)
    assert not forms.has_cases(PurePath("rules.toml"), b"[rules.a]\n")
    assert not forms.has_cases(PurePath("other.toml"), b"[[case]]\nname = 1\n")
