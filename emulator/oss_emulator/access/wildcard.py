"""The wildcards of policies: `*` for any text, also none, and `?` for one character."""

import re


def wildcard(text: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A regular expression whose `fullmatch` takes time linear in the text it is asked about.

    Each piece between two `*` is taken at its leftmost place; a place further right never helps
    what follows, so the groups are atomic and nothing is tried twice.
    """
    first, *rest = (_literal(piece) for piece in text.split("*"))
    if not rest:
        return re.compile(first, flags | re.DOTALL)
    *middle, last = rest
    found = "".join(f"(?>.*?{piece})" for piece in middle if piece)
    return re.compile(f"{first}{found}.*{last}", flags | re.DOTALL)


def resource_pattern(text: str) -> re.Pattern[str]:
    """A regular expression for a resource, `acs:oss:<region>:<account>:<bucket>/<key>`.

    A wildcard stays within its field, but for the last field, which is the rest: a key may hold
    colons. What has fewer fields, such as `*`, is matched as one text.
    """
    fields = text.split(":", 4)
    if len(fields) < 5:
        return wildcard(text)
    head = ":".join(_literal(field, "[^:]").replace(_STAR, "[^:]*") for field in fields[:4])
    return re.compile(f"{head}:{wildcard(fields[4]).pattern}", re.DOTALL)


_STAR = re.escape("*")


def _literal(text: str, one: str = ".") -> str:
    return re.escape(text).replace(re.escape("?"), one)
