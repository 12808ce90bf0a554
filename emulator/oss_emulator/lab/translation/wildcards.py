"""Texts with `*` and `?` as regular expressions that are matched in linear time."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4_096)
def build(text: str, some: str = ".", *, whole: bool = False) -> re.Pattern[str]:
    """Return a text as an expression to match, by prefix or, with `whole`, to its end.

    `some` is what `*` repeats. Each segment is taken at its leftmost place, as `referer.pattern`
    does, and never again. Only the last segment of a whole text must stand at the end.
    """
    head, *tail = ("".join(map(_escape, segment)) for segment in text.split("*"))
    last = tail.pop() if whole and tail else None
    middle = "".join(f"(?>{some}*?{segment})" for segment in tail if segment)
    end = "" if last is None else f"{some}*{last}"
    return re.compile(head + middle + end + (r"\Z" if whole else ""), re.DOTALL)


def _escape(character: str) -> str:
    return "." if character == "?" else re.escape(character)
