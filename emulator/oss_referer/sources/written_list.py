"""A list of strings as it is written in a file: edits that change only the items that change.

Comments, the order and the layout of everything else stay.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

_WIDEST = 80
"""The columns beyond which a list on one line gets a line for each item."""


class Edit(NamedTuple):
    """A part of a text to replace, by its offsets."""

    start: int
    end: int
    text: bytes


@dataclass(frozen=True, slots=True)
class WrittenItem:
    """An item of a list, by its offsets in the text."""

    start: int
    end: int
    comma: int | None = None
    """The offset of the comma behind it."""

    @property
    def after(self) -> int:
        """The offset after the item and its comma."""
        return self.end if self.comma is None else self.comma + 1


Part = tuple[int, int, int, int]
"""A part of an old list and one of a new list: where each begins and ends."""


def align(old: Sequence[str], new: Sequence[str], level: int = 0) -> Iterator[Part]:
    """Yield the parts of two lists that belong together.

    Equal items do, then those that differ in a closing slash, then those for the same site: so the
    comment beside an entry stays beside what corrects it.
    """
    alike = _ALIKE[level]
    a, b = ([alike.sub("", item) for item in items] for items in (old, new))
    for tag, first, last, begin, end in SequenceMatcher(a=a, b=b, autojunk=False).get_opcodes():
        if tag == "replace" and level + 1 < len(_ALIKE):
            for at, stop, low, high in align(old[first:last], new[begin:end], level + 1):
                yield first + at, first + stop, begin + low, begin + high
        elif tag == "equal" and level:
            for one in range(last - first):
                yield first + one, first + one + 1, begin + one, begin + one + 1
        else:
            yield first, last, begin, end


_ALIKE = (re.compile(r"\A(?!)"), re.compile(r"/\Z"), re.compile(r"\A[^/]*://|/+\Z"))
"""What does not tell one item from another: nothing, a closing slash, the scheme as well."""


@dataclass(frozen=True, slots=True)
class WrittenList:
    """A list with its items."""

    text: bytes
    start: int
    """The offset of its opening bracket."""
    end: int
    """The offset behind its closing bracket."""
    items: Sequence[WrittenItem]
    comma: bytes = b","
    """What stands between two items; b"" for elements."""

    def edit(
        self, old: Sequence[str], new: Sequence[str], write: Callable[[str], str]
    ) -> Iterator[Edit]:
        """Yield the edits that make the old items the new ones.

        `write` formats an item. There are as many old items as written ones.
        """
        written: list[bytes] = []
        edits: list[Edit] = []
        for first, last, begin, end in align(old, new):
            items = self.items[first:last]
            if [*old[first:last]] == [*new[begin:end]]:
                written += [self.text[item.start : item.end] for item in items]
                continue
            given = [write(item).encode() for item in new[begin:end]]
            written += given
            edits += self._change(first, last, given)
        line = self.text.rfind(b"\n", 0, self.start)
        width = self.start - line + sum(len(item) + 2 for item in written)
        has_comment = b"/*" in self.text[self.start : self.end]
        is_wide = self.comma and width > _WIDEST and not self._is_tall and not has_comment
        if edits and is_wide and self.items:
            yield Edit(self.start + 1, self.end - 1, self._stack(written))
        else:
            yield from edits

    def _change(self, first: int, last: int, given: Sequence[bytes]) -> Iterator[Edit]:
        """Put other items in the place of some."""
        both = min(last - first, len(given))
        for item, text in zip(self.items[first : first + both], given, strict=False):
            yield Edit(item.start, item.end, text)
        yield from self._remove(first + both, last)
        if given[both:]:
            yield from self._insert(last, given[both:])

    @property
    def _is_tall(self) -> bool:
        return b"\n" in self.text[self.start : self.end]

    def _remove(self, first: int, last: int) -> Iterator[Edit]:
        """Remove items with their commas; a line goes too, if nothing else is on it."""
        removed = self.items[first:last]
        if removed and not self._is_tall:
            start = self.items[first - 1].end if first else removed[0].start
            following = self.items[last].start if last < len(self.items) else removed[-1].after
            yield Edit(start, removed[-1].end if first else following, b"")
            return
        for item in removed:
            begin = self.text.rfind(b"\n", 0, item.start) + 1
            stop = self.text.find(b"\n", item.after) + 1 or len(self.text)
            before, behind = self.text[begin : item.start], self.text[item.after : stop]
            alone = begin > self.start and not before.strip() and not behind.strip()
            yield Edit(begin, stop, b"") if alone else Edit(item.start, item.after, b"")

    def _insert(self, place: int, given: Sequence[bytes]) -> Iterator[Edit]:
        """Insert items before the one at a place, on lines of their own if the list has lines."""
        if not self.items:
            yield from self._fill(given)
            return
        if place == 0:
            start = self.items[0].start
            line = self.text.rfind(b"\n", 0, start) + 1
            lead = self.text[line:start]
            alone = self._is_tall and not lead.strip()
            separator = self.comma + (b"\n" + lead if alone else b" " if self.comma else b"")
            yield Edit(start, start, b"".join(item + separator for item in given))
            return
        item = self.items[place - 1]
        line = self.text.rfind(b"\n", 0, item.start) + 1
        indent = re.match(rb"[ \t]*", self.text[line:])
        stop = self.text.find(b"\n", item.after)
        alone = line > self.start and not self.text[line : item.start].strip()
        if not self._is_tall or not alone or not 0 <= stop < self.end:
            separator = self.comma and self.comma + b" "
            yield Edit(item.end, item.end, b"".join(separator + text for text in given))
            return
        if item.comma is None:
            yield Edit(item.end, item.end, self.comma)
        lead = indent[0] if indent else b""
        lines = b"".join(b"\n" + lead + text + self.comma for text in given)
        yield Edit(stop, stop, lines)

    def _fill(self, given: Sequence[bytes]) -> Iterator[Edit]:
        """Fill an empty list, on lines that are indented by two more than that of its bracket."""
        close = self.end - 1
        kept = self.text[self.start + 1 : close]
        lines = self._stack(given)
        if b"\n" in kept:
            close = self.start + 1 + len(kept.rstrip())
            lines = lines.rpartition(b"\n")[0]
        yield Edit(close, close, lines)

    def _stack(self, given: Sequence[bytes]) -> bytes:
        """Return items on lines of their own, as they stand between the brackets."""
        line = self.text.rfind(b"\n", 0, self.start) + 1
        indent = re.match(rb"[ \t]*", self.text[line:])
        outer = indent[0] if indent else b""
        return b"".join(b"\n" + outer + b"  " + text + b"," for text in given) + b"\n" + outer


def apply(text: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a text with its parts replaced, none of which overlap."""
    done: list[bytes] = []
    position = 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        done += [text[position : edit.start], edit.text]
        position = edit.end
    return b"".join([*done, text[position:]])
