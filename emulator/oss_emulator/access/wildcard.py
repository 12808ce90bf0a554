"""The wildcards of policies: `*` for any text, even an empty one, and `?` for one character."""

import re


def wildcard(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a regular expression whose `fullmatch` takes linear time.

    Each piece between two `*` matches at its leftmost place. A later place never helps the next
    piece, so the groups are atomic and nothing is tried twice.
    """
    first, *rest = (_literal(piece) for piece in text.split("*"))
    if not rest:
        return re.compile(first, flags | re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{found}.*{last}", flags | re.DOTALL)


def resource_pattern(text: str) -> re.Pattern[str]:
    """Return a regular expression for `acs:oss:<region>:<account>:<bucket>/<key>`.

    A wildcard stays within its field, except in the last field, because a key may contain colons. A
    text with fewer fields, such as `*`, is matched as a whole.
    """
    fields = text.split(":", 4)
    if len(fields) < 5:
        return wildcard(text)
    head = ":".join(_literal(field, "[^:]").replace(_STAR, "[^:]*") for field in fields[:4])
    return re.compile(f"{head}:{wildcard(fields[4]).pattern}", re.DOTALL)


_STAR = re.escape("*")


def _literal(text: str, one: str = ".") -> str:
    return re.escape(text).replace(re.escape("?"), one)
