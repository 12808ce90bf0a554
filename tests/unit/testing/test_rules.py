"""The rules that users of the plugin give, in each form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oss_emulator.testing import rules
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import MissingList
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm

RULES = RefererConfiguration(allow_empty_referer=False, whitelist=("http://a/", "b?*"))
XML = forms.format(RULES, RulesForm.XML)


@pytest.mark.parametrize(
    "given",
    [
        RULES,
        RefererConfiguration(allow_empty_referer=False, whitelist=["http://a/", "b?*"]),  # type: ignore[arg-type]
        {"allow_empty_referer": False, "whitelist": ("http://a/", "b?*")},
        {"AllowEmptyReferer": False, "RefererList": {"Referer": ["http://a/", "b?*"]}},
        *(forms.format(RULES, form) for form in forms.WHOLE),
        XML.replace("\n", ""),
        f"\ufeff{XML}",
        XML.encode(),
        bytearray(XML.encode()),
    ],
)
def test_every_form_gives_the_same_rules(given: Any) -> None:
    assert rules.read(given) == RULES


def test_file_is_searched_in_each_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    path = tmp_path / "here" / "rules.xml"
    path.write_text(XML, encoding="utf-8")
    assert rules.read("rules.xml", tmp_path, tmp_path / "here") == RULES
    assert rules.read(path, tmp_path) == RULES
    monkeypatch.chdir(path.parent)
    assert rules.read("rules.xml") == rules.read(Path("rules.xml")) == RULES


def test_missing_file_names_the_folders_that_were_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folders, named in (
        ((tmp_path / "tests", tmp_path), f"{tmp_path / 'tests'} or {tmp_path}"),
        ((), str(tmp_path)),
    ):
        with pytest.raises(ValueError, match="does not exist in") as caught:
            rules.read("sub/rules.xml", *folders)
        said = f"sub/rules.xml does not exist in {named}; name it from one of these folders"
        assert str(caught.value) == said


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        ("/none.xml", ValueError, "/none.xml cannot be read: No such file or directory"),
        ("", ValueError, "rules, line 1, column 1: the document is empty"),
        (b"PK", ValueError, "rules, line 1, column 1: the document is neither XML nor JSON"),
        ("<a>\n<", ValueError, "rules, line 2, column 1: this is not well-formed XML"),
        ("whitelist = 3\n", ValueError, "rules, line 1, column 1: whitelist is 3; write a list"),
        ("[rules.a]\n[rules.b]\n", ValueError, "rules holds several rules: a, b; give one"),
        ({"white": []}, ValueError, "rules: white is unknown; use allow_empty_referer, "),
        ({"AllowEmptyReferer": 3}, ValueError, "rules: AllowEmptyReferer is 3; write true or"),
        (RefererConfiguration(whitelist="http://a/"), ValueError, 'rules: whitelist is "http'),  # type: ignore[arg-type]
        (3, TypeError, "rules are of the type int; give a file"),
        (["http://a/"], TypeError, "rules are of the type list; give a file"),
    ],
)
def test_mistake_is_named_with_its_place(given: Any, error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        rules.read(given)
    assert str(caught.value).startswith(sentence)


def test_assumptions_say_what_is_accepted() -> None:
    document = (
        "<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer></RefererConfiguration>"
    )
    with pytest.raises(ValueError, match="RefererList is missing"):
        rules.read(document)
    accepted = Assumptions(missing_list=MissingList.ACCEPTED)
    assert rules.read(document, assumptions=accepted) == RefererConfiguration()


def test_resource_in_an_override_file_is_refused(tmp_path: Path) -> None:
    for name in ("main.tf", "override.tf"):
        (tmp_path / name).write_text(forms.format(RULES, RulesForm.HCL), encoding="utf-8")
    with pytest.raises(ValueError, match=r"is in the override file override\.tf, which Terraform"):
        rules.read(tmp_path / "main.tf")
