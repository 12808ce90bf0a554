"""The values of HCL's expressions: computed as Terraform does, or unknown."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.lab.hcl_module import NO_FOLDER, HclModule
from oss_emulator.lab.hcl_syntax import HclText
from oss_emulator.lab.hcl_values import HclEvaluator, has_unknown
from oss_emulator.lab.resources import Unknown

LOCALS = """locals {
  a    = ["x"]
  host = "www.example.com"
  n    = 2
  map  = { "x y" = ["m"], z = { deep = "d" }, (local.host) = 1 }
  self = local.self
  one  = ["${local.two[0]}"]
  two  = ["t"]
  unknown = [data.a.b.c, "k"]
}
"""


def value(text: str, **names: Any) -> Any:
    source = HclText(f"{LOCALS}c = {text}\n")
    ((_, node, _),) = source.attributes()
    return HclEvaluator(source, HclModule(source, NO_FOLDER), names).evaluate(node)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', "a"),
        ('""', ""),
        (r'"\\ \" \n \u00e9 \U0001F600"', '\\ " \n é \U0001f600'),
        ('"$${a} %%{b} $a {c}"', "${a} %{b} $a {c}"),
        ("true", True),
        ("null", None),
        ("(false)", False),
        ("12", 12),
        ("[]", []),
        ('["a", # why\n "b",\n]', ["a", "b"]),
        ("local.a", ["x"]),
        ("toset(local.a)", ["x"]),
        ('local.map["x y"]', ["m"]),
        ("local.map.z.deep", "d"),
        ("local.map[local.host]", 1),
        ("local.a[0]", "x"),
        ('["p", "q"][1]', "q"),
        ('"${local.host}/"', "www.example.com/"),
        ('"${local.n}-${true}-$${x}"', "2-true-${x}"),
        ('"${local.a}"', ["x"]),
        ('"${local.one[0]}"', "t"),
        ("true ? 1 : 2", 1),
        ('local.n > 1 && local.host != "" ? local.a : []', ["x"]),
        ("!(local.n == 2 || false)", False),
        ('local.n == "2"', False),
        ("local.n >= 2 && local.n <= 2 && local.n < 3", True),
        ("local.host == null", False),
        ('[for d in ["a", "b"] : "https://${d}/"]', ["https://a/", "https://b/"]),
        ('[for d in ["a", "b"] : d if d != "a"]', ["b"]),
        ('[for i, d in ["a", "b"] : "${i}${d}"]', ["0a", "1b"]),
        ('[for k, v in { b = "2", a = "1" } : "${k}${v}"]', ["a1", "b2"]),
        ('[for d in toset(["b", "a", "b"]) : d]', ["a", "b"]),
        ('{ for d in ["a"] : d => "${d}!" }', {"a": "a!"}),
        ("flatten([for d in [1, 2] : [for e in [3] : [d, e]]])", [1, 3, 2, 3]),
        ("concat(local.a, [local.a, []]...)", ["x", "x"]),
        ("<<EOT\n  a\nb\nEOT", "  a\nb\n"),
        ("<<EOT\nEOT", ""),
        ("<<-EOT\n    a\n\n      b ${local.host}\n  \n    EOT", "a\n\n  b www.example.com\n  \n"),
        ("<<-EOT\n  ${local.host}\n   b\n  EOT", "www.example.com\n b\n"),
        ("<<EOT\na\\n $${x} %%{y}\nEOT", "a\\n ${x} %{y}\n"),
        ('{ a = 1, "b" : 2 }', {"a": 1, "b": 2}),
        ("each.value.x", 7),
    ],
)
def test_value_is_computed(text: str, expected: object) -> None:
    assert value(text, each={"key": "k", "value": {"x": 7}}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "var.a",
        '"${var.a}"',
        '"a${data.x.y.z}"',
        "local.none",
        "local.self",
        "local.a[1]",
        'local.a["x"]',
        'local.map["none"]',
        "local.map.none",
        "local.host.x",
        "local.a[*]",
        "local.a.0",
        "toset(local.a)[0]",
        "each.key",
        "path.module",
        "module.x.y",
        "alicloud_oss_bucket.b.id",
        "uuid()",
        "file(local.host)",
        "concat(local.unknown, [])",
        "1.5",
        "-1",
        "1 + 1",
        "local.a == local.a",
        '"1" < 2',
        "var.a ? 1 : 2",
        '"x" ? 1 : 2',
        "!local.host",
        '"a ${~ local.host ~} b"',
        '"%{ if true }a%{ endif }"',
        '"${local.map}/"',
        "<<EOT\r\na\r\nEOT",
        "[for d in var.x : d]",
        "[for d in [1] : data.x.y]",
        "{ for d in [1] : d => d... }",
        "[for d in 1 : d]",
        "{ (data.x.y) = 1 }",
        "tolist(data.x.y)",
        "(" * 100 + "1" + ")" * 100,
    ],
)
def test_value_is_left_to_terraform(text: str) -> None:
    assert has_unknown(value(text))
    assert isinstance(value(text), Unknown)


def test_list_tells_which_item_is_unknown() -> None:
    assert value('[var.a, "b"]') == [Unknown("var.a"), "b"]
    assert value("toset(local.unknown)") == [Unknown("data.a.b.c"), "k"]
    assert value("local.unknown[1]") == "k"
    assert value("local.unknown[0]") == Unknown("data.a.b.c")


@pytest.mark.parametrize(
    "double",
    ['"${local.l%d}${local.l%d}"', "concat(local.l%d, local.l%d)", "[local.l%d, local.l%d]"],
)
def test_values_that_grow_without_end_are_left_to_terraform(double: str) -> None:
    start = '"x"' if double[0] == '"' else '["x"]'
    lines = [f"l{n} = {double % (n - 1, n - 1)}" for n in range(1, 60)]
    source = HclText("locals {\n" + "\n".join([f"l0 = {start}", *lines]) + "\n}\nc = local.l59\n")
    ((_, node, _),) = source.attributes()
    found = HclEvaluator(source, HclModule(source, NO_FOLDER)).evaluate(node)
    while isinstance(found, list):
        found = found[0]
    assert isinstance(found, Unknown)
