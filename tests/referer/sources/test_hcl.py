"""HCL: the literal rules in a file, and what is refused with its line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_referer import RefererConfiguration
from oss_referer.sources import forms, hcl
from oss_referer.sources.forms import RulesForm
from oss_referer.sources.toml import SourceError

ADDRESS = "alicloud_oss_bucket_referer.a"
FILE = Path(__file__).parents[3] / "fixtures" / "lab" / "hcl.toml"
CASES = tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]


def text_of(case: dict[str, Any]) -> str:
    if "text" in case:
        return str(case["text"])
    body = case["body"]
    if "allow_empty_referer" not in body:
        body += "\nallow_empty_referer = true"
    return f'resource "alicloud_oss_bucket_referer" "a" {{\n{body}\n}}\n'


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_literal_is_read_and_everything_else_is_refused(case: dict[str, Any]) -> None:
    document = text_of(case).encode()
    if "refused" in case:
        with pytest.raises(SourceError) as refusal:
            forms.parse(document, RulesForm.HCL)
        assert refusal.value.sentence.startswith(case["refused"])
        assert refusal.value.line == case["line"]
        return
    switches = {"allow_empty_referer": True, "allow_truncate_query_string": False}
    rules: dict[str, Any] = switches | {
        name: tuple(case[name]) if isinstance(case[name], list) else case[name]
        for name in RefererConfiguration.__dataclass_fields__
        if name in case
    }
    address = case.get("address", ADDRESS)
    assert forms.parse(document, RulesForm.HCL) == {address: RefererConfiguration(**rules)}


def test_one_resource_is_read_whatever_is_unknown_in_another() -> None:
    text = text_of({"body": "referer_list = var.x"})
    found = hcl.find(text + text_of({"body": "bucket = var.y"}).replace('"a"', '"b"'))
    assert found["alicloud_oss_bucket_referer.b"]() == RefererConfiguration(True, False)
    with pytest.raises(SourceError, match="referer_list is the expression"):
        found[ADDRESS]()


SIGNS = (
    "locals {" + '"' * 200_000,
    "a = " + "[" * 100_000,
    "a {\n" * 10_000,
    'a = "' + '${"' * 10_000,
    "a = <<A\n${" * 1_000,
    "a = " + "[" * 90 + "]" * 90 + "[0",
    "/*" * 100_000,
)


@pytest.mark.parametrize("text", SIGNS, ids=lambda text: text[:12])
def test_text_of_signs_is_refused(text: str) -> None:
    with pytest.raises(SourceError):
        hcl.find(text)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_string_is_read_as_it_is_written(entry: str) -> None:
    rules = RefererConfiguration(whitelist=(entry,))
    (read,) = hcl.find(hcl.format(rules)).values()
    assert read().whitelist == (normalize("NFC", entry),)


@given(st.text(st.sampled_from('ab"\\$%{}[]()<>-=#/*\n\r ,.~:?')))
def test_any_text_is_read_or_refused_with_its_line(text: str) -> None:
    document = text_of({"body": text})
    try:
        for read in hcl.find(document).values():
            read()
    except SourceError as refusal:
        line = refusal.line
    else:
        line = 1
    assert 1 <= line <= document.count("\n") + 1
