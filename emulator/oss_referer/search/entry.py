"""One entry of a list, read as the rules read it by default."""

from oss_referer.engine.header import WHITE_SPACE
from oss_referer.engine.pattern import Pattern


def is_blank(entry: str) -> bool:
    """Return whether an entry is blank; blank entries are ignored (R-25)."""
    return not entry.strip(WHITE_SPACE)


def parse_entry(entry: str) -> Pattern:
    """Compile an entry without the white space around it (R-25).

    Raises ValueError for a blank entry, which would otherwise match everything.
    """
    if is_blank(entry):
        raise ValueError("a blank entry cannot be matched")
    return Pattern.of(entry, entry.strip(WHITE_SPACE))
