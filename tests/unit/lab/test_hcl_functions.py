"""The functions of HCL, by the examples of Terraform's documentation, and what they leave out."""

from __future__ import annotations

from typing import Any

import pytest
from oss_emulator.lab.hcl_functions import MOST, CannotComputeError, HclSet, call, compare, members

MAP = {"b": 2, "a": 1}


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("chomp", ["hello\n\r\n"], "hello"),
        ("compact", [["a", "", "b", None]], ["a", "b"]),
        ("concat", [["a", ""], ["b"]], ["a", "", "b"]),
        ("contains", [["a", "b"], "a"], True),
        ("distinct", [["a", "b", "a"]], ["a", "b"]),
        ("flatten", [[["a", []], [], "c", [[["d"]]]]], ["a", "c", "d"]),
        ("format", ["https://%s:%d/%%", "a", 1], "https://a:1/%"),
        ("formatlist", ["%s, %s!", "Hi", ["a", "b"]], ["Hi, a!", "Hi, b!"]),
        ("join", ["-", ["a", "b"]], "a-b"),
        ("keys", [MAP], ["a", "b"]),
        ("length", [["a"]], 1),
        ("length", [HclSet(["a", "a"])], 1),
        ("lookup", [MAP, "a", 3], 1),
        ("lookup", [MAP, "c", 3], 3),
        ("lower", ["HELLO"], "hello"),
        ("merge", [MAP, {"a": 3}], {"b": 2, "a": 3}),
        ("replace", ["1 + 2 + 3", "+", "-"], "1 - 2 - 3"),
        ("setunion", [["a"], HclSet(["b"])], ["a", "b"]),
        ("sort", [["e", "a", "E"]], ["E", "a", "e"]),
        ("split", [",", "a,b,"], ["a", "b", ""]),
        ("split", [",", ""], [""]),
        ("tolist", [HclSet(["b", "a", "b"])], ["a", "b"]),
        ("join", [",", HclSet(["b", "a", "b"])], "a,b"),
        ("flatten", [[HclSet(["b", "a"]), "c"]], ["a", "b", "c"]),
        ("toset", [["a"]], ["a"]),
        ("trimspace", ["  a\n\n"], "a"),
        ("upper", ["hello"], "HELLO"),
        ("values", [MAP], [1, 2]),
    ],
)
def test_function_returns_what_terraform_returns(
    name: str, arguments: list[Any], expected: object
) -> None:
    assert call(name, arguments) == expected


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("timestamp", []),
        ("concat", ["a", "b"]),
        ("concat", [["a"] * MOST, ["b"]]),
        ("format", ["%v", "a"]),
        ("format", ["%5s", "a"]),
        ("format", ["%d", "a"]),
        ("format", ["%s"]),
        ("format", ["a", "b"]),
        ("formatlist", ["%s", "a"]),
        ("formatlist", ["%s%s", ["a"], ["b", "c"]]),
        ("join", [",", [1]]),
        ("keys", [["a"]]),
        ("length", ["é"]),
        ("lower", ["Ä"]),
        ("trimspace", ["\x1ca"]),
        ("replace", ["a", "/a/", "b"]),
        ("replace", ["a", "", "b"]),
        ("split", ["", "ab"]),
        ("sort", [[1]]),
        ("tolist", [MAP]),
        ("tolist", [HclSet([1])]),
        ("compact", []),
    ],
)
def test_what_is_not_known_exactly_is_left_out(name: str, arguments: list[Any]) -> None:
    with pytest.raises(CannotComputeError):
        call(name, arguments)


def test_members_are_in_the_order_of_terraform() -> None:
    assert members(MAP) == [("a", 1), ("b", 2)]
    assert members(HclSet(["b", "a", "b"])) == [("a", "a"), ("b", "b")]
    assert members(["b", "a"]) == [(0, "b"), (1, "a")]
    with pytest.raises(CannotComputeError):
        members("a")


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [("==", [], []), ("&&", 1, True), ("<", True, 2), ("<", "a", "b"), ("+", 1, 1)],
)
def test_other_comparisons_are_left_out(operator: str, left: Any, right: Any) -> None:
    with pytest.raises(CannotComputeError):
        compare(operator, left, right)


def test_values_of_other_types_are_not_equal() -> None:
    assert not compare("==", 1, True)
    assert compare("!=", "true", True)
    assert compare("==", None, None)
