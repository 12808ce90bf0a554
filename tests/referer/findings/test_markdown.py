"""Texts of others as code."""

import pytest
from oss_referer.findings import code


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("a|b", "`a\\|b`"),
        ("a\nb\x00\u202e", "`a\\nb\\x00\\u202e`"),
        ("", "`  `"),
        ("<img src=x> @everyone", "`<img src=x> @everyone`"),
        ("a" * 121, f"`{'a' * 120}…`"),
    ],
)
def test_text_is_code_that_ends_neither_its_span_nor_its_table(text: str, shown: str) -> None:
    assert code(text) == shown
