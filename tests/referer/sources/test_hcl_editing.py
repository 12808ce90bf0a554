"""Corrected rules replace their literals in HCL; the rest stays."""

from __future__ import annotations

import pytest
from oss_referer import RefererConfiguration
from oss_referer.sources import editing, forms
from oss_referer.sources.editing import NotEditableError
from oss_referer.sources.forms import RulesForm

from tests.rows import read_cases

CASES = read_cases("referer-sources")

ADDRESS = "alicloud_oss_bucket_referer.s"
TEXT = CASES["text"]
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


@pytest.mark.parametrize(
    ("change", "expected"), CASES["heredoc_and_line_breaks_of_another_system_stay"]
)
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
