"""Translation between regular expressions and entries with wildcards.

If wildcards cannot express an expression exactly, the entry matches more: `[0-9]` becomes `?`,
`(ab)+` becomes `ab*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST = 64
"""The most entries that one expression may become."""

_ATOM = re.compile(
    r"(?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])|(?P<escape>\\.)|(?P<open>\((?:\?:|\?i:)?)|(?P<any>\.)"
    r"|(?P<start>\^)|(?P<end>\$)|(?P<literal>[^()|*+?{])",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"([*+?]|\{\d+(?:,\d*)?\})[?+]?")


def to_entries(text: str) -> tuple[str, ...]:
    """Return the entries, without a scheme, for an expression that is searched for.

    Raises ValueError for syntax that an entry cannot express, such as a look-ahead.
    """
    found = []
    for branch, rest in _alternatives(text, 0):
        if rest != len(text):
            raise ValueError("a closing parenthesis has no opening one")
        begun = branch.removeprefix("^")
        entry = begun if begun != branch else f"*{branch}"
        if "^" in entry:
            raise ValueError("^ is not at the beginning")
        found.append(re.sub(r"\*+", "*", entry.removesuffix("$")))
    return tuple(dict.fromkeys(found))


def from_entry(entry: str) -> str:
    """Return an entry, or its part after the scheme, as an expression for a prefix (R-20)."""
    signs = {"*": ".*", "?": "."}
    return "".join(signs.get(character) or re.escape(character) for character in entry)


def _alternatives(text: str, start: int) -> list[tuple[str, int]]:
    """Return each branch from `start` to the end of its group, with the end of the group."""
    ends: list[str] = []
    branches, position = [""], start
    while position < len(text) and text[position] != ")":
        if text[position] == "|":
            ends, branches, position = ends + branches, [""], position + 1
            continue
        choices, position = _atom(text, position)
        branches = [branch + choice for branch in branches for choice in choices]
        if len(branches) + len(ends) > _MOST:
            raise ValueError(f"it gives more than {_MOST} entries")
    return [(branch, position) for branch in ends + branches]


def _atom(text: str, position: int) -> tuple[list[str], int]:
    """Return the texts that an atom with its quantifier stands for, and where it ends."""
    found = _ATOM.match(text, position)
    if found is None:
        raise ValueError(f"{text[position]} has no meaning here")
    position = found.end()
    if found["open"]:
        if text.startswith("?", position):
            raise ValueError(f"{text[found.start() : position + 2]} cannot be written in an entry")
        inner = _alternatives(text, position)
        choices, position = [branch for branch, _ in inner], inner[0][1] + 1
        if position > len(text):
            raise ValueError("a parenthesis is not closed")
    else:
        choices = list(_single(found))
    quantifier = _QUANTIFIER.match(text, position)
    if quantifier is None:
        return choices, position
    return list(_repeated(choices, quantifier[1])), quantifier.end()


def _single(found: re.Match[str]) -> Iterator[str]:
    if found["escape"]:
        character = found["escape"][1]
        if character in "bBAZzG":
            raise ValueError(f"\\{character} cannot be written in an entry")
        yield "?" if character.isalnum() else character
    elif found["set"] or found["any"]:
        yield "?"
    elif found["end"]:
        yield ""
    else:
        yield found[0]


def _repeated(choices: list[str], quantifier: str) -> Iterator[str]:
    if quantifier == "?":
        yield ""
        yield from choices
    elif quantifier == "*":
        yield "*"
    elif quantifier == "+":
        yield from (f"{choice}*" if choice != "?" else "?*" for choice in choices)
    else:
        least = int(re.findall(r"\d+", quantifier)[0])
        exact = "," not in quantifier
        for choice in choices:
            yield choice * min(least, 32) + ("" if exact else "*")
