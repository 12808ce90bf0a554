"""A sentence for people, which keeps its template so that a catalogue can translate it."""

import functools
from collections.abc import Iterable
from typing import Self


class Sentence(str):
    """A string made from a template and values.

    Catalogues translate the template and fill in the same values. A value may be a sentence itself.
    """

    template: str
    values: tuple[str, ...]

    def __new__(cls, template: str, /, *values: str) -> Self:
        """Fill the values into the `{}` of the template."""
        made = super().__new__(cls, template.format(*values) if values else template)
        made.template, made.values = template, values
        return made


def join(parts: Iterable[str]) -> str:
    """Join sentences with commas. There must be at least one."""
    return functools.reduce(lambda before, part: Sentence("{}, {}", before, part), parts)
