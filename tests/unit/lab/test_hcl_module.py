"""What the files of a folder say together: locals, variables, settings and overrides."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.lab.hcl_functions import HclSet
from oss_emulator.lab.hcl_module import NO_FOLDER, Folder, HclModule
from oss_emulator.lab.hcl_syntax import HclText
from oss_emulator.lab.resources import Unknown

MAIN = 'locals {\n  own = "main"\n}\n'


def make(main: str = MAIN, **files: str) -> tuple[HclModule, list[str]]:
    """Return a module, in whose names of files `_` is a dot and `__` is `_`, and what is told."""
    named = {
        name.replace("__", "-").replace("_", ".").replace("-", "_"): files[name] for name in files
    }
    told: list[str] = []
    folder = Folder(tuple(named), lambda name: named[name].encode(), told.append)
    return HclModule(HclText(main), folder), told


def values(module: HclModule, *names: str) -> list[Any]:
    return [module.value(kind, name) for kind, name in (item.split(".") for item in names)]


def test_locals_of_other_files_are_known() -> None:
    module, told = make(
        a_tf='locals {\n  a = "${local.b}/"\n}\n', b_tf='locals {\n  b = "https://x"\n}\n'
    )
    assert values(module, "local.a", "local.own") == ["https://x/", "main"]
    assert told == []


def test_default_of_a_variable_is_taken_and_told() -> None:
    module, told = make(v_tf='variable "a" {\n  default = ["x"]\n}\nvariable "b" {}\n')
    assert values(module, "var.a", "var.b") == [["x"], Unknown("var.b")]
    assert told == ["var.a has its default here (v.tf, line 2); only a plan knows its value"]
    own, told = make('variable "a" { default = 1 }\n')
    assert values(own, "var.a") == [1]
    assert told == ["var.a has its default here (line 1); only a plan knows its value"]


def test_variable_of_a_set_has_a_set() -> None:
    module, _ = make('variable "a" {\n  type = set(string)\n  default = ["x"]\n}\n')
    assert isinstance(module.value("var", "a"), HclSet)


def test_settings_win_over_defaults_in_the_order_of_terraform() -> None:
    module, told = make(
        'variable "a" { default = 0 }\nvariable "b" { default = 0 }\nvariable "c" { default = 0 }',
        terraform_tfvars="a = 1\nb = 1\nc = 1\n",
        terraform_tfvars_json='{"b": 2, "c": 2}',
        z_auto_tfvars="c = 4\n",
        a_auto_tfvars_json='{"c": 3}',
    )
    assert values(module, "var.a", "var.b", "var.c") == [1, 2, 4]
    assert told == []
    assert module.is_given("a")


def test_other_files_of_variables_are_not_read() -> None:
    module, _ = make('variable "a" { default = 0 }', prod_tfvars="a = 1\n")
    assert values(module, "var.a") == [0]


def test_overriding_file_replaces_locals() -> None:
    module, _ = make(override_tf='locals {\n  own = "over"\n}\n')
    assert values(module, "local.own") == ["over"]


def test_overridden_resource_is_named() -> None:
    module, _ = make(x__override_tf='resource "k" "n" {\n  a = 1\n}\n')
    assert module.find_override("k", "n") == "x_override.tf"
    assert module.find_override("k", "other") == ""
    in_json, _ = make(override_tf_json="{}")
    assert in_json.find_override("k", "other") == "override.tf.json"


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a_tf": "locals {"}, "a.tf cannot be read: line 1, column 9: this is not valid HCL"),
        ({"terraform_tfvars": "a ="}, "terraform.tfvars cannot be read: line 1"),
        ({"terraform_tfvars_json": "{"}, "terraform.tfvars.json cannot be read: line 1"),
    ],
)
def test_file_that_cannot_be_read_is_named(files: dict[str, str], words: str) -> None:
    module, _ = make(**files)
    found = module.value("var", "a")
    assert isinstance(found, Unknown)
    assert f"is the expression var.a, and {words}" in found.why
    assert values(module, "local.own") == ["main"]


def test_file_that_is_gone_is_named() -> None:
    def read(name: str) -> bytes:
        raise OSError(2, "No such file or directory")

    module = HclModule(HclText(MAIN), Folder(("a.tf",), read))
    assert "a.tf cannot be read: No such file or directory" in module.value("local", "x").why


def test_file_alone_knows_only_itself() -> None:
    module = HclModule(HclText(MAIN), NO_FOLDER)
    assert values(module, "local.own", "local.x") == ["main", Unknown("local.x")]
