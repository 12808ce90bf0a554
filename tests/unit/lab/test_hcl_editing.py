"""Corrected rules are written to where HCL has their literals, and the rest stays."""

from __future__ import annotations

import pytest
from oss_emulator.lab import editing, sources
from oss_emulator.lab.editing import NotEditableError
from oss_emulator.lab.hcl_module import Folder
from oss_emulator.lab.sources import RulesForm
from oss_emulator.referer import RefererConfiguration

ADDRESS = "alicloud_oss_bucket_referer.s"
OTHER = """resource "alicloud_oss_bucket_referer" "t" {
  allow_empty_referer = true
  referer_list        = local.sites
}
"""
TEXT = """# The sites, é.
locals {
  sites = [
    "www.example.com", # the shop
    "https://b.test/", // b
    # more
    "*.c.test" /* c */
  ]
  host = "h"
}

resource "alicloud_oss_bucket_referer" "s" {
  allow_empty_referer = "true" # why
  referer_list        = local.sites # from above
}
"""
SITES = ("www.example.com", "https://b.test/", "*.c.test")


def edit(text: str, new: RefererConfiguration, name: str = ADDRESS, **files: str) -> str:
    named = {f"{file}.tf": content for file, content in files.items()}
    folder = Folder(tuple(named), lambda file: named[file].encode())
    done = editing.edit(text.encode(), RulesForm.HCL, name, new, folder)
    assert sources.find(done.encode(), RulesForm.HCL, folder=folder)[name]() == new
    return done


def test_definition_of_the_list_is_edited_and_comments_stay() -> None:
    new = RefererConfiguration(
        False,
        False,
        whitelist=("https://www.example.com/", "http://www.example.com/", *SITES[1:], "d"),
        blacklist=("x${y}",),
    )
    expected = (
        TEXT.replace('"www.', '"https://www.')
        .replace('com", # the shop\n', 'com/", # the shop\n    "http://www.example.com/",\n')
        .replace('"*.c.test" /* c */\n', '"*.c.test", /* c */\n    "d",\n')
        .replace('"true" # why', "false # why")
        .replace("above\n", 'above\n  referer_blacklist   = [\n    "x$${y}",\n  ]\n')
    )
    assert edit(TEXT, new) == expected


@pytest.mark.parametrize("written", ['["a", "b"]', 'toset(["a", "b"])', '(tolist(["a", "b"]))'])
def test_list_in_the_resource_is_edited(written: str) -> None:
    text = TEXT.replace("local.sites #", f"{written} #")
    new = RefererConfiguration(True, False, whitelist=("a", "c", "b"))
    assert edit(text, new) == text.replace('"a", "b"', '"a", "c", "b"')


def test_default_of_a_variable_is_edited() -> None:
    text = (
        TEXT.replace("local.sites #", "var.sites #") + 'variable "sites" {\n  default = ["a"]\n}\n'
    )
    new = RefererConfiguration(True, False, whitelist=("b",))
    assert edit(text, new) == text.replace('["a"]', '["b"]')


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


@pytest.mark.parametrize(
    ("text", "new", "words"),
    [
        (
            TEXT + OTHER,
            RefererConfiguration(True, False, whitelist=("a",)),
            f"alicloud_oss_bucket_referer.t takes the same entries; give {ADDRESS} its own",
        ),
        (
            TEXT.replace("local.sites #", "local.far #"),
            RefererConfiguration(True, False, whitelist=("a",)),
            "referer_list is written in far.tf, line 2; correct it there",
        ),
        (
            TEXT.replace("local.sites #", "concat(local.sites, []) #"),
            RefererConfiguration(True, False, whitelist=("a",)),
            "referer_list is an expression in line 14; correct it there",
        ),
        (
            TEXT.replace('"www.example.com"', '"${local.host}"'),
            RefererConfiguration(True, False, whitelist=("H", *SITES[1:])),
            "an entry of referer_list is an expression in line 4; correct it there",
        ),
        (
            TEXT.replace("local.sites #", "local.sites\n  referer_blacklist = local.sites #"),
            RefererConfiguration(True, False, whitelist=("a",), blacklist=("b",)),
            "one literal is written for two lists",
        ),
        (
            'resource "alicloud_oss_bucket_referer" "s" { allow_empty_referer = true }\n',
            RefererConfiguration(True, True),
            "has no attribute on a line of its own",
        ),
    ],
)
def test_what_cannot_be_edited_is_said_with_its_place(
    text: str, new: RefererConfiguration, words: str
) -> None:
    with pytest.raises(NotEditableError, match=words):
        edit(text, new, far='locals {\n  far = ["z"]\n}\n')


def test_what_the_older_block_lacks_is_said() -> None:
    new = RefererConfiguration(False, True, whitelist=("a",), blacklist=("b",))
    with pytest.raises(NotEditableError, match="referer_config has no blacklist; use alicloud_oss"):
        edit(BUCKET, new, "alicloud_oss_bucket.s")


def test_one_of_several_instances_is_not_edited_alone() -> None:
    text = TEXT.replace("  allow_empty", "  count = 2\n  allow_empty")
    with pytest.raises(NotEditableError, match=r"s\[1\] takes the same entries"):
        edit(text, RefererConfiguration(False, False, whitelist=SITES), f"{ADDRESS}[0]")
