"""Figures as people read them."""

_UNITS = ("B", "KB", "MB", "GB", "TB", "PB")
_FULL = "█"
_WIDTH = 10


def quantity(number: int) -> str:
    """Return a number with separators."""
    return f"{number:,}"


def size(count: int) -> str:
    """Return a number of bytes in the unit that suits it, of 1,024 each."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.1f} {_UNITS[unit]}" if unit else f"{count} B"


def bar(share: str) -> str:
    """Draw a bar for a percentage."""
    return _blocks(float(share) / 100)


def tens(part: int, most: int) -> str:
    """Draw a bar for a value relative to the largest."""
    return _blocks(part / most) if most else ""


def _blocks(part: float) -> str:
    length = round(part * _WIDTH)
    return _FULL * (length or bool(part))
