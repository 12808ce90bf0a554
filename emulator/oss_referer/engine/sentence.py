"""A sentence for people, which keeps its template so that it can be said in another language."""

import functools
from collections.abc import Iterable
from typing import Self


class Sentence(str):
    """A text made from a template and values; it is used like any other text.

    The template names the sentence: catalogues translate it, and put the same values in. A value
    may be a sentence itself.
    """

    template: str
    values: tuple[str, ...]

    def __new__(cls, template: str, /, *values: str) -> Self:
        """Fill the values into the `{}` of the template."""
        made = super().__new__(cls, template.format(*values) if values else template)
        made.template, made.values = template, values
        return made


def join(parts: Iterable[str]) -> str:
    """Return sentences with commas between them."""
    return functools.reduce(lambda before, part: Sentence("{}, {}", before, part), parts)
