"""When GetObject answers gzip (P-37)."""

import pytest
from oss_emulator.protocol import conditions

TEXT = {"Content-Type": "text/plain; charset=utf-8", "ETag": '"A"', "Content-MD5": "a"}


@pytest.mark.parametrize(
    ("accept_encoding", "applies"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", False),
    ],
)
def test_client_must_accept_gzip(accept_encoding: str, applies: bool) -> None:
    assert conditions.takes_gzip(accept_encoding, TEXT, conditions.MIN_SIZE) is applies


def test_object_must_be_large_and_of_a_compressible_type() -> None:
    size = conditions.MIN_SIZE
    assert not conditions.takes_gzip("gzip", TEXT, size - 1)
    assert not conditions.takes_gzip("gzip", {"Content-Type": "image/png"}, size)
    assert not conditions.takes_gzip("gzip", {**TEXT, "Content-Encoding": "br"}, size)


def test_gzip_answer_has_vary_and_no_header_of_the_stored_bytes() -> None:  # P-48
    assert conditions.describe_gzip(TEXT) == {
        "Content-Type": TEXT["Content-Type"],
        "Content-Encoding": "gzip",
        "Vary": "Accept-Encoding",
    }
