"""Texts of others in Markdown."""

import re

LONGEST = 120
"""Characters that are shown of a text."""


def code(text: str, longest: int = LONGEST) -> str:
    """Return a text as code that cannot end its span or its table, or mention a user."""
    shown = "".join(item if item.isprintable() else repr(item)[1:-1] for item in text)
    shown = shown if len(shown) <= longest else f"{shown[:longest]}…"
    ticks = max((len(found) for found in re.findall("`+", shown)), default=0)
    fence = "`" * (ticks + 1)
    space = " " if ticks or not shown.strip() else ""
    return f"{fence}{space}{shown}{space}{fence}".replace("|", "\\|")
