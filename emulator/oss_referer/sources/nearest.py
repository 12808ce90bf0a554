"""The known name that somebody meant who mistyped one."""

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str], least: float = 0.6) -> str:
    """Return the known name most similar to `name`; "" if no similarity, 0 to 1, is `least`."""
    from difflib import get_close_matches  # only here: most names are correct

    return next(iter(get_close_matches(name, [*known], 1, least)), "")


def did_you_mean(name: str, known: Iterable[str], prefix: str = "") -> str:
    """Return the end of a sentence that names the nearest known name; "" if none is near."""
    found = nearest(name, known)
    return f"; did you mean {prefix}{found}?" if found else ""
