"""The functions and operators of HCL that are computed here; the others are left to Terraform.

Each does exactly what Terraform's does, or raises `CannotComputeError`.
"""

import re
from collections.abc import Callable, Mapping
from operator import and_, ge, gt, le, lt, or_
from typing import Any

MOST = 100_000
"""The most items of a list and characters of a string that are computed."""
_SPACE = " \t\n\v\f\r"


class CannotComputeError(Exception):
    """A value is left to Terraform."""


class HclSet(list[Any]):
    """A set of Terraform, in the order in which it is written."""


def call(name: str, arguments: list[Any]) -> Any:
    """Return what a function returns. Raises CannotComputeError."""
    function = _FUNCTIONS.get(name)
    try:
        if function is None:
            raise CannotComputeError
        return check_size(function(*arguments))
    except (TypeError, ValueError, KeyError, IndexError, AttributeError):
        raise CannotComputeError from None


def check_size(value: Any) -> Any:
    """Return a value that is not too large. Raises CannotComputeError."""
    if isinstance(value, (str, list, dict)) and len(value) > MOST:
        raise CannotComputeError
    return value


def to_text(value: Any) -> str:
    """Return a value as a template shows it. Raises CannotComputeError."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value)
    raise CannotComputeError


def members(value: Any) -> list[tuple[Any, Any]]:
    """Return the keys and values over which `for` and `for_each` go. Raises CannotComputeError."""
    if isinstance(value, HclSet):
        return [(item, item) for item in _list(value)]
    if isinstance(value, list):
        return list(enumerate(value))
    if isinstance(value, dict):
        return sorted(value.items())
    raise CannotComputeError


def _list(value: Any) -> list[Any]:
    """Return a list; a set becomes one in the order of its texts."""
    if not isinstance(value, list):
        raise CannotComputeError
    return sorted(set(map(_text, value))) if isinstance(value, HclSet) else value


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in _list(value)]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CannotComputeError
    return value


def _ascii(value: Any) -> str:
    if not _text(value).isascii() or re.search(r"[\x1c-\x1f]", value):
        raise CannotComputeError
    return _text(value)


def _flatten(value: Any) -> list[Any]:
    flat: list[Any] = []
    stack = [iter(_list(value))]
    while stack:
        for item in stack[-1]:
            if isinstance(item, list):
                stack.append(iter(_list(item)))
                break
            flat.append(item)
        else:
            stack.pop()
        if len(stack) + len(flat) > MOST:
            raise CannotComputeError
    return flat


def _replace(text: str, old: str, new: str) -> str:
    if not old or (len(old) > 1 and old[0] == old[-1] == "/"):  # a regular expression
        raise CannotComputeError
    return _text(text).replace(_text(old), _text(new))


def _format(pattern: str, *values: Any) -> str:
    parts = re.split(r"(%[sd%])", _text(pattern))
    if any("%" in part for part in parts[::2]):
        raise CannotComputeError
    given = list(values)
    shown = []
    for number, part in enumerate(parts):
        if number % 2 == 0 or part == "%%":
            shown.append(part.replace("%%", "%") if number % 2 else part)
            continue
        value = given.pop(0)
        if part == "%d" and (isinstance(value, bool) or not isinstance(value, int)):
            raise CannotComputeError
        shown.append(to_text(value))
    if given:
        raise CannotComputeError
    return "".join(shown)


def _format_list(pattern: str, *values: Any) -> list[str]:
    lists = [value for value in values if isinstance(value, list)]
    if not lists or len({len(item) for item in lists}) != 1:
        raise CannotComputeError
    given = [value if isinstance(value, list) else [value] * len(lists[0]) for value in values]
    return [_format(pattern, *row) for row in zip(*given, strict=True)]


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "chomp": lambda text: _text(text).rstrip("\r\n"),
    "compact": lambda value: [item for item in _list(value) if item not in ("", None)],
    "concat": lambda *lists: [item for one in lists for item in _list(one)],
    "contains": lambda value, wanted: _text(wanted) in _texts(value),
    "distinct": lambda value: list(dict.fromkeys(_texts(value))),
    "flatten": _flatten,
    "format": _format,
    "formatlist": _format_list,
    "join": lambda separator, value: _text(separator).join(_texts(value)),
    "keys": lambda value: sorted(value.keys()),
    "length": lambda value: len(value if isinstance(value, dict) else _list(value)),
    "lookup": lambda value, name, default: value.get(_text(name), default),
    "lower": lambda text: _ascii(text).lower(),
    "merge": lambda *maps: {name: value for one in maps for name, value in one.items()},
    "replace": _replace,
    "setunion": lambda *lists: HclSet(item for one in lists for item in _list(one)),
    "sort": lambda value: sorted(_texts(value)),
    "split": lambda separator, text: _text(text).split(_text(separator)),
    "tolist": lambda value: list(_list(value)),
    "toset": lambda value: HclSet(value if isinstance(value, HclSet) else _list(value)),
    "trimspace": lambda text: _ascii(text).strip(_SPACE),
    "upper": lambda text: _ascii(text).upper(),
    "values": lambda value: [value[name] for name in sorted(value.keys())],
}


def compare(operator: str, left: Any, right: Any) -> bool:
    """Return what a binary operator returns. Raises CannotComputeError."""
    scalar = (str, bool, int, type(None))
    same = type(left) is type(right)
    if operator in ("==", "!=") and isinstance(left, scalar) and isinstance(right, scalar):
        return (same and left == right) is (operator == "==")
    if operator in _LOGICAL and isinstance(left, bool) and isinstance(right, bool):
        return _LOGICAL[operator](left, right)
    if operator in _ORDERED and type(left) is int and type(right) is int:
        return _ORDERED[operator](left, right)
    raise CannotComputeError


_LOGICAL: Mapping[str, Callable[[bool, bool], bool]] = {"&&": and_, "||": or_}
_ORDERED: Mapping[str, Callable[[int, int], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}
