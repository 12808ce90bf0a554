"""The `x-oss-copy-source` header."""

import pytest
from oss_emulator.protocol import conditions
from oss_emulator.protocol.errors import OSSError


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("/bucket/key", ("bucket", "key", None)),
        ("bucket/key", ("bucket", "key", None)),
        ("/bucket/a%20b/c%2Bd", ("bucket", "a b/c+d", None)),
        ("/bucket/a+b", ("bucket", "a b", None)),  # P-43
        ("/bucket/key?versionId=CAE", ("bucket", "key", "CAE")),
        ("/bucket/a%3Fb", ("bucket", "a?b", None)),
    ],
)
def test_source_is_parsed(header: str, expected: tuple[str, str, str | None]) -> None:
    assert conditions.parse_copy_source(header) == expected


@pytest.mark.parametrize("header", ["", "/", "/bucket", "/bucket/", "//key"])
def test_incomplete_source_is_refused(header: str) -> None:
    with pytest.raises(OSSError, match="Copy Source must mention") as caught:
        conditions.parse_copy_source(header)
    assert caught.value.details["ArgumentValue"] == header


@pytest.mark.parametrize("header", ["\udcff/a", "/\udcff/a"])
def test_bucket_that_is_not_utf8_is_refused(header: str) -> None:
    with pytest.raises(OSSError, match="Copy Source must mention"):
        conditions.parse_copy_source(header)


def test_key_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(OSSError, match="InvalidArgument: The characters encoding must be utf-8"):
        conditions.parse_copy_source("/bucket/%FF")
