"""Texts with `*` and `?` as regular expressions that are matched without backtracking.

For policies, and for the rules of other systems. The entries of Referer rules have a matcher of
their own (`referer/pattern.py`): it is linear for parts of any length between two `*`, it needs no
compilation for each of 10,000 entries, and it knows that letter case does not matter in a query.
"""

import re
from functools import lru_cache


@lru_cache(maxsize=4_096)
def wildcard(
    text: str, some: str = ".", *, whole: bool = True, flags: re.RegexFlag = re.NOFLAG
) -> re.Pattern[str]:
    """Return a text as an expression to match: to its end or, without `whole`, by prefix.

    `some` is what `*` repeats. Each part between two `*` is taken at its leftmost place, since a
    later place never helps the next part, and never again. The last part must stand at the end.
    """
    head, *tail = (re.escape(part).replace(r"\?", ".") for part in text.split("*"))
    last = tail.pop() if whole and tail else None
    middle = "".join(f"(?>{some}*?{part})" for part in tail if part)
    end = "" if last is None else f"{some}*{last}"
    return re.compile(head + middle + end + (r"\Z" if whole else ""), flags | re.DOTALL)
