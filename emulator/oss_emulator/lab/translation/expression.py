"""Regular expressions of nginx: as entries with wildcards, and matched in linear time.

Only what an automaton can match is parsed: no references to groups and no look-around. If wildcards
cannot express an expression exactly, the entry matches more: `[0-9]` becomes `?`, `(ab)+` becomes
`ab*`.

PCRE compares bytes, and letter case differs only for ASCII. So a text is compared as the bytes of
UTF-8, each of them a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TypeAlias

_MOST_ENTRIES = 64
_MOST_PLACES = 2_000
_MOST_COPIES = 32
_DEEPEST = 40
_LONGEST_ENTRY = 4_096
"""Bounds on an expression: the entries it becomes, its places when quantifiers are written out, the
copies of an atom in an entry, the depth of its groups, and the length of an entry."""

_START, _END = "\ue000", "\ue001"
"""What `^` and `$` match: they stand before and after every text, and are not bytes."""

_SET = r"\[\^?\]?(?:\\.|\[(?![:.=])|[^\]\\\[])*\]"
_ATOM = re.compile(
    rf"(?P<set>{_SET})|(?P<hex>\\x[0-9A-Fa-f]{{2}})|(?P<class>\\[dDwWsS])|(?P<escape>\\[^A-Za-z0-9])"
    r"|(?P<open>\((?:\?:|\?i:|\?P?<[A-Za-z_]\w*>|(?![?*])))|(?P<any>\.)"
    r"|(?P<start>\^)|(?P<end>\$)|(?P<literal>[^\\()|*+?{\[])",
    re.DOTALL,
)
_QUANTIFIER = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>\d+)(?P<open>,(?P<most>\d*))?\})\??")
_SIGNS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


@dataclass(frozen=True, slots=True)
class _Character:
    """One character of a text."""

    shown: str
    """What stands for it in an entry."""
    accepts: re.Pattern[str] | str
    """The characters that it matches, or an anchor."""


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Choice:
    branches: tuple[_Node, ...]


@dataclass(frozen=True, slots=True)
class _Repeated:
    part: _Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True)
class _Optional:
    part: _Node


_Node: TypeAlias = _Character | _Sequence | _Choice | _Repeated | _Optional


@dataclass(frozen=True, slots=True)
class Expression:
    """A regular expression that is searched for. Made with `parse`."""

    text: str
    root: _Node = field(repr=False, compare=False)
    entries: tuple[str, ...] = field(compare=False)
    """The entries, without a scheme, that match what the expression matches."""
    automaton: _Automaton = field(repr=False, compare=False)

    @classmethod
    def parse(cls, text: str, *, ignores_case: bool = True) -> Expression:
        """Parse an expression. Raises ValueError for syntax that is not supported."""
        parser = _ExpressionParser(_as_bytes(text.removeprefix("(?i)")), ignores_case)
        root = parser.parse_choice(0)
        if parser.position != len(parser.text):
            raise ValueError("a closing parenthesis has no opening one")
        return cls(text, root, _find_entries(root), _Automaton(root))

    @property
    def ends(self) -> bool:
        """Whether every branch ends in `$`."""
        return all(branch.endswith(_END) for branch in _write(self.root))

    def matches(self, text: str) -> bool:
        """Return whether the expression is found in a text."""
        return self.automaton.finds(_as_bytes(text))


class _ExpressionParser:
    """Reads an expression from left to right."""

    def __init__(self, text: str, ignores_case: bool) -> None:
        self.text = text
        self.position = 0
        self._flags = re.ASCII | re.DOTALL | (re.IGNORECASE if ignores_case else 0)

    def parse_choice(self, depth: int) -> _Node:
        """Parse up to the end of a group."""
        if depth > _DEEPEST:
            raise ValueError("its groups are nested too deeply")
        branches: list[_Node] = []
        parts: list[_Node] = []
        while self.position < len(self.text) and self.text[self.position] != ")":
            if self.text[self.position] == "|":
                self.position += 1
                branches.append(_Sequence(tuple(parts)))
                parts = []
            else:
                parts.append(self._parse_quantified(depth))
        return _Choice((*branches, _Sequence(tuple(parts))))

    def _parse_quantified(self, depth: int) -> _Node:
        atom = self._parse_atom(depth)
        found = _QUANTIFIER.match(self.text, self.position)
        if found is None:
            return atom
        if isinstance(atom, _Character) and atom.shown in (_START, _END):
            raise ValueError(f"{found[0]} has nothing to repeat")
        self.position = found.end()
        if self.text.startswith(("*", "+", "?"), self.position):
            raise ValueError(f"{found[0]}{self.text[self.position]} is not supported")
        if found["sign"]:
            least, most = _SIGNS[found["sign"]]
        else:
            least = _number(found["least"])
            most = least if found["open"] is None else _number(found["most"]) or None
            if most is not None and most < least:
                raise ValueError(f"{found[0]} has its numbers in the wrong order")
        return _Repeated(atom, least, most)

    def _parse_atom(self, depth: int) -> _Node:
        found = _ATOM.match(self.text, self.position)
        if found is None:
            rest = self.text[self.position : self.position + 3]
            raise ValueError(f"{rest} is not supported here")
        self.position = found.end()
        if found["open"]:
            inner = self.parse_choice(depth + 1)
            if self.position == len(self.text):
                raise ValueError("a parenthesis is not closed")
            self.position += 1
            return inner
        return self._character(found)

    def _character(self, found: re.Match[str]) -> _Character:
        if found["start"]:
            return _Character(_START, _START)
        if found["end"]:
            return _Character(_END, _END)
        if found["any"]:
            return _Character("?", re.compile(r"[^\n]", self._flags))
        if found["set"] or found["class"]:
            return _Character("?", self._compile(found[0]))
        literal = chr(int(found["hex"][2:], 16)) if found["hex"] else found[0][-1]
        return _Character(literal, self._compile(re.escape(literal)))

    def _compile(self, text: str) -> re.Pattern[str]:
        if re.search(r"\\[^dDwWsS\W]", text):
            raise ValueError(f"{text} is not supported")
        try:
            return re.compile(_escape_set(text), self._flags)
        except re.error as error:
            raise ValueError(f"{text} is not valid: {error.msg}") from None


def _escape_set(text: str) -> str:
    """Escape what a set may come to mean in Python: a set in it, and operators on sets."""
    if not text.startswith("["):
        return text
    return text[0] + re.sub(r"(?<!\\)[\[&~|]", r"\\\g<0>", text[1:]).replace("--", r"-\-")


class _Automaton:
    """The places of an expression, and which of them may follow each other (Glushkov)."""

    def __init__(self, root: _Node) -> None:
        self._characters: list[_Character] = []
        self._follow: list[int] = []
        self._built = 0
        self._empty, self._first, self._last = self._build(root)
        self._masks: dict[str, int] = {}
        self._moves: dict[tuple[int, str], int] = {}

    def finds(self, text: str) -> bool:
        """Return whether the expression is found in a text."""
        if self._empty:
            return True
        active = 0
        for character in (_START, *text, _END):
            move = (active, character)
            if move not in self._moves:
                self._moves[move] = self._advance(*move)
            active = self._moves[move]
            if active & self._last:
                return True
        return False

    def _advance(self, active: int, character: str) -> int:
        reached = self._first  # a match may begin anywhere
        while active:
            lowest = active & -active
            reached |= self._follow[lowest.bit_length() - 1]
            active ^= lowest
        return reached & self._mask(character)

    def _mask(self, character: str) -> int:
        if character not in self._masks:
            self._masks[character] = sum(
                1 << place
                for place, item in enumerate(self._characters)
                if _accepts(item, character)
            )
        return self._masks[character]

    def _build(self, node: _Node) -> tuple[bool, int, int]:
        """Add a node and return whether it may be empty, and its first and last places.

        Raises ValueError for too many places.
        """
        self._built += 1
        if self._built > _MOST_PLACES:
            raise ValueError(f"it has more than {_MOST_PLACES} characters with its quantifiers")
        if isinstance(node, _Character):
            self._characters.append(node)
            self._follow.append(0)
            place = 1 << (len(self._characters) - 1)
            return False, place, place
        if isinstance(node, _Choice):
            built = [self._build(branch) for branch in node.branches]
            empties, firsts, lasts = zip(*built, strict=True)
            return any(empties), _union(firsts), _union(lasts)
        if isinstance(node, _Optional):
            _, first, last = self._build(node.part)
            return True, first, last
        if isinstance(node, _Sequence):
            return self._build_sequence(node.parts)
        empty, first, last = self._build_sequence(_copies(node), loops=node.most is None)
        return empty or node.least == 0, first, last

    def _build_sequence(
        self, parts: Iterable[_Node], *, loops: bool = False
    ) -> tuple[bool, int, int]:
        """Add nodes in a row; with `loops`, the last of them may repeat."""
        empty, first, last = True, 0, 0
        part_first = part_last = 0
        for part in parts:
            part_empty, part_first, part_last = self._build(part)
            self._connect(last, part_first)
            first |= part_first if empty else 0
            last = part_last | (last if part_empty else 0)
            empty = empty and part_empty
        if loops:
            self._connect(part_last, part_first)
        return empty, first, last

    def _connect(self, places: int, following: int) -> None:
        while places:
            lowest = places & -places
            self._follow[lowest.bit_length() - 1] |= following
            places ^= lowest


def _copies(node: _Repeated) -> Iterator[_Node]:
    """Yield the copies of a repeated part; the last one of an open number repeats."""
    if node.most is None:
        yield from [node.part] * (node.least or 1)
    else:
        yield from [node.part] * node.least
        yield from [_Optional(node.part)] * (node.most - node.least)


def _accepts(item: _Character, character: str) -> bool:
    if isinstance(item.accepts, str):
        return item.accepts == character
    return character not in (_START, _END) and item.accepts.fullmatch(character) is not None


def _union(places: Iterable[int]) -> int:
    return reduce(or_, places, 0)


def _number(digits: str | None) -> int:
    number = int(digits[:6]) if digits else 0
    if number > 65_535:
        raise ValueError(f"{number} is too large for a quantifier")
    return number


def _find_entries(root: _Node) -> tuple[str, ...]:
    found = []
    for branch in _write(root):
        begun = branch.removeprefix(_START)
        entry = (begun if begun != branch else f"*{branch}").removesuffix(_END)
        if _START in entry or _END in entry:
            raise ValueError("^ is not at the beginning, or $ not at the end")
        found.append(re.sub(r"\*+", "*", _as_text(entry)))
    return tuple(dict.fromkeys(found))


def _write(node: _Node) -> list[str]:
    """Return the texts that a node stands for, with wildcards where it stands for many."""
    if isinstance(node, _Character):
        return [node.shown]
    if isinstance(node, _Choice):
        return _check([text for branch in node.branches for text in _write(branch)])
    if isinstance(node, _Optional):
        return _check(["", *_write(node.part)])
    if isinstance(node, _Repeated):
        return _write_repeated(node)
    texts = [""]
    for part in node.parts:
        written = _write(part)
        texts = _check([text + item for text in texts for item in written])
    return texts


def _write_repeated(node: _Repeated) -> list[str]:
    texts = _write(node.part)
    if node.most == 1:
        return _check(["", *texts]) if node.least == 0 else texts
    if node.least == 0 or (len(texts) > 1 and node.least > 1):
        return ["" if node.most == 0 else "*"]
    end = "" if node.least == node.most and node.least <= _MOST_COPIES else "*"
    return _check([text * min(node.least, _MOST_COPIES) + end for text in texts])


def _check(texts: list[str]) -> list[str]:
    if len(texts) > _MOST_ENTRIES:
        raise ValueError(f"it gives more than {_MOST_ENTRIES} entries")
    if any(len(text) > _LONGEST_ENTRY for text in texts):
        raise ValueError(f"it gives an entry of more than {_LONGEST_ENTRY} characters")
    return texts


def _as_bytes(text: str) -> str:
    return text.encode(errors="surrogatepass").decode("latin-1")


def _as_text(entry: str) -> str:
    # A part of a character, such as one byte of a set, is any character.
    return entry.encode("latin-1").decode(errors="replace").replace("\ufffd", "?")
