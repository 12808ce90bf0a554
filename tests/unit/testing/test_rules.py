"""The rules that users of the plugin give, in each form, and assertions about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.testing import rules
from oss_emulator.testing.assertions import assert_allowed, assert_denied
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import CheckOrder, MissingList
from oss_referer.sources import forms
from oss_referer.sources.forms import RulesForm

from tests.rows import rows

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


# --- The assertions on hotlink protection. tests/plugin tests their messages

PROTECTED = RefererConfiguration(allow_empty_referer=False, whitelist=("http://www.example.com/",))


@pytest.fixture(scope="module", params=[False, True], ids=["http", "https"])
def bucket(request: pytest.FixtureRequest) -> Iterator[oss2.Bucket]:
    """A bucket with rules, and an object whose key must be quoted in a URL."""
    with Emulator(tls=request.param) as emulator:
        found = emulator.bucket("examplebucket", acl="public-read", rules=PROTECTED)
        found.put_object("a b/ü", b"1")
        yield found
        found.session.session.close()


@pytest.mark.parametrize("signed", [False, True])
def test_true_assertions_pass(bucket: oss2.Bucket, signed: bool) -> None:
    assert_allowed(bucket, "a b/ü", referer="http://www.example.com/x", signed=signed)
    assert_denied(bucket, "a b/ü", referer="http://thief.test/", ec="0003-00000503", signed=signed)
    assert_denied(bucket, "a b/ü", ec="0003-00000501", signed=signed)


def test_false_assertions_fail(bucket: oss2.Bucket) -> None:
    with pytest.raises(AssertionError, match=r"^denied by the rules \(403, EC 0003-00000503\)"):
        assert_allowed(bucket, "a b/ü", referer="http://thief.test/")
    with pytest.raises(AssertionError, match=r"^allowed \(200\), should be denied"):
        assert_denied(bucket, "a b/ü", referer="http://www.example.com/")
    with pytest.raises(AssertionError, match="should be denied with 0003-00000502"):
        assert_denied(bucket, "a b/ü", referer="http://thief.test/", ec="0003-00000502")


@rows("order", *CheckOrder)
def test_denial_by_the_acl_is_not_a_denial_by_the_rules(order: CheckOrder) -> None:
    with Emulator(assumptions=Assumptions(check_order=order)) as emulator:
        private = emulator.bucket("privatebucket", rules=PROTECTED)
        private.put_object("a", b"1")
        with pytest.raises(AssertionError, match=r'acl="public-read", or pass signed=True'):
            assert_denied(private, "a", referer="http://www.example.com/")
        assert_denied(private, "a", referer="http://thief.test/", signed=True)
        private.session.session.close()
