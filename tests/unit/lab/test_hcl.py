"""Resources of HCL: their instances, their blocks, and what only Terraform knows of them."""

from __future__ import annotations

import pytest
from oss_emulator.lab import hcl
from oss_emulator.lab.hcl_module import Folder
from oss_emulator.referer import RefererConfiguration
from oss_emulator.toml import SourceError

KIND = "alicloud_oss_bucket_referer"
BUCKET = "alicloud_oss_bucket"
HEAD = f'resource "{KIND}" "a" {{\n  allow_empty_referer = true\n'


def find(text: str, **files: str) -> dict[str, RefererConfiguration]:
    named = {f"{name}.tf": content for name, content in files.items()}
    folder = Folder(tuple(named), lambda name: named[name].encode())
    return {name: read() for name, read in hcl.find(text, folder).items()}


def lists(text: str) -> dict[str, tuple[str, ...]]:
    return {name: rules.whitelist for name, rules in find(text).items()}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("count = 0", []),
        ("count = 1", ["[0]"]),
        ("count = true ? 2 : 0", ["[0]", "[1]"]),
        ("for_each = {}", []),
        ("for_each = toset([])", []),
        ('for_each = toset(["b", "a"])', ['["a"]', '["b"]']),
        ('for_each = { "x y" = 1 }', ['["x y"]']),
    ],
)
def test_instances_of_a_resource_are_known(line: str, names: list[str]) -> None:
    assert list(find(f"{HEAD}  {line}\n}}\n")) == [f"{KIND}.a{name}" for name in names]


def test_instances_have_their_own_values() -> None:
    each = '  for_each = { x = { site = "https://x/" }, y = { site = "https://y/" } }\n'
    text = f"{HEAD}{each}  referer_list = [each.value.site, each.key]\n}}\n"
    assert lists(text) == {
        f'{KIND}.a["x"]': ("https://x/", "x"),
        f'{KIND}.a["y"]': ("https://y/", "y"),
    }
    counted = f'{HEAD}  count = 2\n  referer_list = [["a", "b"][count.index]]\n}}\n'
    assert list(lists(counted).values()) == [("a",), ("b",)]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("count = var.n", "the resource has count = var.n, which is not known here; use a plan"),
        ("for_each = data.a.b", "the resource has for_each = data.a.b, which is not known"),
        ('for_each = ["a"]', "the resource has for_each = for_each, which is not known"),
        ("count = true", "the resource has count = count, which is not known"),
        ("count = 5000", "the resource has count = count, which is not known"),
        ("count = 999999999999", "the resource has count = count, which is not known"),
    ],
)
def test_unknown_number_of_instances_is_refused(line: str, words: str) -> None:
    with pytest.raises(SourceError) as refusal:
        find(f"\n{HEAD}  {line}\n}}\n")
    assert refusal.value.sentence.startswith(words)
    assert refusal.value.line == 2
    config = "  referer_config {\n    referers = []\n  }\n"
    with pytest.raises(SourceError, match="the resource has"):
        find(f'resource "{BUCKET}" "a" {{\n  {line}\n{config}}}')


def test_unknown_number_of_buckets_without_rules_does_not_matter() -> None:
    assert find(f'resource "{BUCKET}" "a" {{\n  count = var.n\n}}\n') == {}


def test_one_resource_is_read_whatever_is_unknown_in_another() -> None:
    other = HEAD.replace('"a"', '"b"')
    found = hcl.find(f"{HEAD}  referer_list = var.x\n}}\n{other}  bucket = var.y\n}}\n")
    assert found[f"{KIND}.b"]() == RefererConfiguration(True, False)
    with pytest.raises(SourceError, match="referer_list is the expression"):
        found[f"{KIND}.a"]()


DYNAMIC = f"""resource "{BUCKET}" "a" {{
  dynamic "referer_config" {{
    for_each = FOR_EACH
    content {{
      allow_empty = true
      referers    = [referer_config.value]
    }}
  }}
}}
"""


def test_dynamic_block_is_computed_or_refused() -> None:
    assert lists(DYNAMIC.replace("FOR_EACH", '["https://x/"]')) == {f"{BUCKET}.a": ("https://x/",)}
    assert lists(DYNAMIC.replace("FOR_EACH", "false ? [1] : []")) == {}
    for unknown in ("var.x", "1"):
        with pytest.raises(SourceError, match="is the expression dynamic referer_config"):
            find(DYNAMIC.replace("FOR_EACH", unknown))
    for more in ("iterator = x", "labels = []"):
        with pytest.raises(SourceError, match="is the expression dynamic referer_config"):
            find(DYNAMIC.replace("FOR_EACH", f"[1]\n    {more}"))


def test_overridden_resource_is_refused() -> None:
    override = f'resource "{KIND}" "a" {{\n  referer_list = []\n}}\n'
    with pytest.raises(SourceError, match="the resource may be overridden by override"):
        find(f"{HEAD}}}\n", override=override)


def test_null_is_a_missing_value() -> None:
    assert find(f"{HEAD}  referer_list = null\n}}\n") == {
        f"{KIND}.a": RefererConfiguration(True, False)
    }
    assert find(f'resource "{BUCKET}" "a" {{\n  referer_config = null\n}}\n') == {}
