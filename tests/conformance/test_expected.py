"""The list of known failures: reading it, comparing it with an outcome, and its page."""

from pathlib import Path

import pytest

from tests.conformance import expected, page
from tests.conformance.expected import VERSIONS, Class, Differences, Entry, Expected, ExpectedError
from tests.conformance.run import LIST, PAGE

TEXT = """
[[suite]]
file = "test_a.py"
reason = "asks the real STS"
tests = ["A::one", "A::two"]

[[not-yet]]
file = "test_b.py"
reason = "needs a second account"
tests = ["B::three"]
versions = ["v4"]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "expected.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_names_depend_on_the_signature_version(tmp_path: Path) -> None:
    known = expected.load(write(tmp_path, TEXT))
    both = {"tests/test_a.py::A::one", "tests/test_a.py::A::two"}
    assert known.names("v1") == both
    assert known.names("v4") == both | {"tests/test_b.py::B::three"}


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[broken]]\n", "no class is called broken"),
        ("[[not-yet]]\nfile = 'a.py'\n", "reason"),
        ("[[not-yet]]\nfile = 'a.py'\nreason = ''\ntests = []\ncolour = 1\n", "colour"),
        (TEXT + TEXT.replace("suite", "machine"), "A::one is listed twice for v1"),
    ],
)
def test_invalid_list_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ExpectedError, match=complaint):
        expected.load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("listed", "outcome", "differences"),
    [
        ({"a"}, {"a": False, "b": True}, Differences((), (), ())),
        ({"a"}, {"a": False, "c": False, "b": False}, Differences(("b", "c"), (), ())),
        ({"a"}, {"a": True, "b": True}, Differences((), ("a",), ())),
        ({"a"}, {"b": True}, Differences((), (), ("a",))),
    ],
)
def test_compare_finds_unexpected_outcomes(
    listed: set[str], outcome: dict[str, bool], differences: Differences
) -> None:
    found = expected.compare(frozenset(listed), outcome)
    assert found == differences
    assert bool(found) is any((differences.failed, differences.passed, differences.missing))


def test_page_counts_by_module_and_version() -> None:
    passed = {"tests/test_a.py::A::one": True, "tests/test_b.py::B::three": True}
    mixed = {"tests/test_a.py::A::one": False, "tests/test_b.py::B::three": True}
    entry = Entry("test_a.py", "asks the real STS", ("A::one",), ("v4",))
    known = Expected({Class.SUITE: (entry,)}, ())
    text = page.render("1.0", {"v1": passed, "v4": mixed}, known)
    assert "**2 of 2** with v1, **1 of 2** with v4" in text
    assert "| `test_a` | 1 | 1 | 0 |" in text
    assert "| `test_b` | 1 | 1 | 1 |" in text
    assert "asks the real STS (v4 only): `one`" in text


def test_page_shows_the_list_of_the_repository() -> None:
    known = expected.load(LIST)
    told = PAGE.read_text(encoding="utf-8")
    for entries in (*known.failing.values(), known.vacuous):
        for entry in entries:
            assert set(entry.versions) <= set(VERSIONS)
            assert page.line(entry) in told, "`make conformance` writes the page"
