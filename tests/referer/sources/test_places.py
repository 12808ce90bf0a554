"""Places of entries in the text of rules."""

from __future__ import annotations

import json

import pytest
from oss_referer import RefererConfiguration, Stage
from oss_referer.sources import forms, places
from oss_referer.sources.forms import RulesForm

RULES = RefererConfiguration(
    whitelist=("https://a.example/?x=1&y=2", 'say "a"', "h", "例え", "h"),
    blacklist=("https://a.example/", "h"),
)


@pytest.mark.parametrize("form", list(forms.RulesForm))
def test_each_entry_is_found_in_its_line(form: RulesForm) -> None:
    try:
        text = forms.format(RULES, form)
    except KeyError:
        pytest.skip(f"rules are not written as {form}")
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
