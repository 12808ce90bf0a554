"""Translation of regular expressions to entries."""

from __future__ import annotations

import pytest
from oss_emulator.lab.translation import expression


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (r"\.google\.", ("*.google.",)),
        (r"^www\.a\.test/", ("www.a.test/",)),
        (r"^(www|img)\.a\.test/", ("www.a.test/", "img.a.test/")),
        (r"^a|b$", ("a", "*b")),
        (r"^[a-z]+\.test", ("?*.test",)),
        (r"^a?b.*c.d\d{2}", ("b*c?d??", "ab*c?d??")),
        (r"^(?:ab)*c{1,}", ("*c*",)),
    ],
)
def test_expression_gives_entries(text: str, entries: tuple[str, ...]) -> None:
    assert expression.to_entries(text) == entries


@pytest.mark.parametrize("text", [r"(?=a)", r"a\b", "(a", "a)", "*a", "a^b", "(a|b)" * 8])
def test_expression_without_entries_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        expression.to_entries(text)
