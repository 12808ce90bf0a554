"""Bodies in chunks: the examples that AWS publishes, cut anywhere, and malformed ones (P-74).

Source: "Signature calculations for the Authorization header: Transferring payload in multiple
chunks" and "... including trailing headers" of the Amazon S3 documentation.
"""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.s3 import signature
from oss_emulator.protocol.s3.payload import ChunkDecoder, Seed

KEY = signature.signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1")
DATE, SCOPE = "20130524T000000Z", "20130524/us-east-1/s3/aws4_request"
FIRST, SECOND = b"a" * 65536, b"a" * 1024

PLAIN = (
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
TRAILING = (
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILERS = (
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n"
    b"x-amz-trailer-signature:"
    b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"
)


def body(signatures: tuple[str, ...], trailers: bytes = b"") -> bytes:
    _, *rest = signatures
    chunks = zip((FIRST, SECOND, b""), rest, strict=True)
    framed = b"".join(
        b"%x;chunk-signature=%s\r\n%s%s" % (len(data), claimed.encode(), data, b"\r\n" * bool(data))
        for data, claimed in chunks
    )
    return framed + trailers + b"\r\n"


def decoder(signatures: tuple[str, ...], *, trailers: bool) -> ChunkDecoder:
    return ChunkDecoder(signed=True, trailers=trailers, seed=Seed(KEY, DATE, SCOPE, signatures[0]))


def decode(reader: ChunkDecoder, *pieces: bytes) -> bytes:
    content = b"".join(reader.feed(piece) for piece in pieces)
    reader.finish()
    return content


def test_published_chunks_are_decoded() -> None:
    assert decode(decoder(PLAIN, trailers=False), body(PLAIN)) == FIRST + SECOND


def test_published_chunks_with_trailers_are_decoded() -> None:
    reader = decoder(TRAILING, trailers=True)
    assert decode(reader, body(TRAILING, TRAILERS)) == FIRST + SECOND
    assert reader.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


@pytest.mark.parametrize("place", [100, 65536 + 90 + 50, -100])
def test_changed_chunk_is_refused(place: int) -> None:
    changed = bytearray(body(PLAIN))
    changed[place] = ord("b") if changed[place] != ord("b") else ord("c")
    with pytest.raises(OSSError, match=r"SignatureDoesNotMatch|InvalidRequest"):
        decode(decoder(PLAIN, trailers=False), bytes(changed))


def test_changed_trailer_is_refused() -> None:
    changed = body(TRAILING, TRAILERS.replace(b"sOO8", b"sOO9"))
    with pytest.raises(OSSError, match="signature of a trailer does not match"):
        decode(decoder(TRAILING, trailers=True), changed)


@given(
    st.lists(st.binary(min_size=1, max_size=40), max_size=5),
    st.lists(st.integers(0, 400), max_size=6),
)
def test_body_is_decoded_wherever_it_is_cut(chunks: list[bytes], cuts: list[int]) -> None:
    framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    framed += b"0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"
    places = [0, *sorted(cut for cut in cuts if cut < len(framed)), len(framed)]
    pieces = [framed[start:end] for start, end in pairwise(places)]
    reader = ChunkDecoder(signed=False, trailers=True)
    assert decode(reader, *pieces) == b"".join(chunks)
    assert reader.trailers == {"x-amz-checksum-crc32": "AAAAAA=="}


MALFORMED = {
    b"content that is not in chunks\r\n": "is not the size of a chunk",
    b"5;chunk-signature=%s\r\nhello\r\n0\r\n\r\n" % (b"0" * 64): "must not be signed",
    b"5\r\nhello world\r\n0\r\n\r\n": "longer than its size|is not the size",
    b"5\nhello\n0\n\n": "does not end with CR LF",
    b"0\r\nno trailer\r\n\r\n": "follows the last chunk",
    b"0\r\n\r\nmore": "Bytes follow the last chunk",
    b"-5\r\nhello\r\n": "is not the size of a chunk",
    b"\r\n": "is not the size of a chunk",
    b"5 \r\nhello\r\n": "is not the size of a chunk",
    b"0" * 5000: "A line is longer",
    b"0\r\n" + b"".join(b"%d:b\r\n" % n for n in range(17)) + b"\r\n": "follows the last chunk",
}


@pytest.mark.parametrize("framed", MALFORMED)
def test_malformed_chunks_are_refused(framed: bytes) -> None:
    with pytest.raises(OSSError, match="InvalidRequest") as caught:
        decode(ChunkDecoder(signed=False, trailers=True), framed)
    assert caught.value.status == 400
    assert re.search(MALFORMED[framed], str(caught.value.details["ErrorDetail"]))


@pytest.mark.parametrize("framed", [b"", b"5", b"5\r\nhel", b"5\r\nhello\r\n", b"0\r\na:b\r\n"])
def test_body_that_ends_early_is_incomplete(framed: bytes) -> None:
    with pytest.raises(OSSError, match="IncompleteBody"):
        decode(ChunkDecoder(signed=False, trailers=True), framed)


def test_chunks_without_their_signatures_are_refused() -> None:
    with pytest.raises(OSSError, match="InvalidRequest"):
        decode(ChunkDecoder(signed=True, trailers=False), b"5\r\nhello\r\n0\r\n\r\n")


def test_signatures_are_not_checked_without_a_seed() -> None:
    framed = b"5;chunk-signature=%s\r\nhello\r\n0;chunk-signature=%s\r\n\r\n" % ((b"0" * 64,) * 2)
    assert decode(ChunkDecoder(signed=True, trailers=False), framed) == b"hello"
