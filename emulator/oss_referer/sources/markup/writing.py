"""Writing XML: elements with a text or with children, on one line or indented."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE = _ESCAPES | {'"': "&quot;", "\t": "&#9;", "\n": "&#10;"}
_SPECIAL = re.compile('[&<>\r"\t\n]')
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that XML cannot represent."""


@dataclass(frozen=True, slots=True)
class Tag:
    """An element to write."""

    name: str
    content: "str | Sequence[Tag]" = ""
    attributes: Mapping[str, str] = field(default_factory=dict)


def format(root: Tag, indent: str | None = None) -> str:
    """Format an element; with an `indent`, each element gets a line.

    Raises ValueError for a character that XML cannot represent.
    """
    return "".join(_pieces(root, "" if indent is None else "\n", indent or ""))


def _pieces(tag: Tag, line: str, indent: str) -> Iterator[str]:
    attributes = "".join(
        f' {name}="{escape(value, _IN_ATTRIBUTE)}"' for name, value in tag.attributes.items()
    )
    if not tag.content:
        yield f"<{tag.name}{attributes}/>"
    elif isinstance(tag.content, str):
        yield f"<{tag.name}{attributes}>{escape(tag.content)}</{tag.name}>"
    else:
        yield f"<{tag.name}{attributes}>"
        for child in tag.content:
            yield line and line + indent
            yield from _pieces(child, line and line + indent, indent)
        yield f"{line}</{tag.name}>"


def escape(text: str, escapes: Mapping[str, str] = _ESCAPES) -> str:
    """Escape a text. Raises ValueError for a character that XML cannot represent."""
    if found := FORBIDDEN.search(text):
        raise ValueError(f"XML cannot represent the character U+{ord(found[0]):04X}")
    return _SPECIAL.sub(lambda found: escapes.get(found[0], found[0]), text)
