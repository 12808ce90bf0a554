"""The dialect of S3 apart from its signatures."""

from __future__ import annotations

import hmac
import re
from base64 import b64encode
from hashlib import sha1, sha256
from itertools import pairwise
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.protocol import xml
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request, parse_query
from oss_emulator.protocol.s3 import documents, form, headers, signature
from oss_emulator.protocol.s3 import headers as marks
from oss_emulator.protocol.s3.operations import SUPPORTED, check_supported
from oss_emulator.protocol.s3.payload import ChunkDecoder, Framing, Payload, Seed

from tests.rows import read_cases, rows

CASES = read_cases("unit.protocol")


# --- Bodies in chunks: the examples that AWS publishes, cut anywhere, and malformed ones (P-74)
# Source: "Signature calculations for the Authorization header: Transferring payload in multiple
# chunks" and "... including trailing headers" of the Amazon S3 documentation.

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


@rows("place", 100, 65536 + 90 + 50, -100)
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


@rows("framed", *MALFORMED)
def test_malformed_chunks_are_refused(framed: bytes) -> None:
    with pytest.raises(OSSError, match="InvalidRequest") as caught:
        decode(ChunkDecoder(signed=False, trailers=True), framed)
    assert caught.value.status == 400
    assert re.search(MALFORMED[framed], str(caught.value.details["ErrorDetail"]))


@rows("framed", b"", b"5", b"5\r\nhel", b"5\r\nhello\r\n", b"0\r\na:b\r\n")
def test_body_that_ends_early_is_incomplete(framed: bytes) -> None:
    with pytest.raises(OSSError, match="IncompleteBody"):
        decode(ChunkDecoder(signed=False, trailers=True), framed)


def test_chunks_without_their_signatures_are_refused() -> None:
    with pytest.raises(OSSError, match="InvalidRequest"):
        decode(ChunkDecoder(signed=True, trailers=False), b"5\r\nhello\r\n0\r\n\r\n")


def test_signatures_are_not_checked_without_a_seed() -> None:
    framed = b"5;chunk-signature=%s\r\nhello\r\n0;chunk-signature=%s\r\n\r\n" % ((b"0" * 64,) * 2)
    assert decode(ChunkDecoder(signed=True, trailers=False), framed) == b"hello"


# --- The documents of S3 as those of OSS, and back (P-72)

S3_RULE = """<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>
  <ID>a</ID><Status>Enabled</Status>{}
  <Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition>
  <AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>
  </AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"""

FILTERS = dict(CASES["filters"])


def squeezed(document: bytes) -> str:
    return re.sub(r">\s+<", "><", document.decode())


@rows("given", *FILTERS)
def test_filter_of_a_lifecycle_rule_becomes_its_prefix_and_tags(given: str) -> None:
    found = documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())
    rule = xml.parse(found, "LifecycleConfiguration").all("Rule")[0]
    assert rule.text("Transition/StorageClass") == "Archive"
    assert rule.text("AbortMultipartUpload/Days") == "2"
    assert rule.first("Filter") is None
    assert FILTERS[given] in squeezed(found)


def test_sizes_of_a_lifecycle_rule_stay_in_its_filter() -> None:
    given = "<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>"
    found = documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())
    assert given in squeezed(found)


def test_lifecycle_survives_a_round_trip() -> None:
    given = "<Filter><And><Prefix>x/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"
    oss = documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())
    back = squeezed(documents.from_oss("GetBucketLifecycle", oss))
    assert given in back
    assert "<StorageClass>GLACIER</StorageClass>" in back
    assert "<DaysAfterInitiation>2</DaysAfterInitiation>" in back


@rows("given", *CASES["element_without_a_counterpart_is_refused_by_name"])
def test_element_without_a_counterpart_is_refused_by_name(given: str) -> None:
    with pytest.raises(OSSError, match="NotImplemented: The element"):
        documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())


def test_lifecycle_rule_of_noncurrent_versions_is_refused_with_its_ec() -> None:
    given = "<NoncurrentVersionExpiration><NoncurrentDays>9</NoncurrentDays>"
    given += "</NoncurrentVersionExpiration>"
    with pytest.raises(xml.DocumentError) as caught:
        documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())
    assert caught.value.ec == "0014-00000003"


def test_unknown_class_of_a_lifecycle_rule_is_refused_with_its_ec() -> None:
    given = S3_RULE.format("").replace("GLACIER", "Unknown").encode()
    with pytest.raises(OSSError, match="is unknown to OSS") as caught:
        documents.TO_OSS["PutBucketLifecycle"](given)
    assert caught.value.ec == "0014-00000009"


def test_date_of_a_lifecycle_rule_is_kept() -> None:
    given = "<Expiration><Date>2030-01-01T00:00:00.000Z</Date></Expiration>"
    oss = documents.TO_OSS["PutBucketLifecycle"](S3_RULE.format(given).encode())
    assert "<Prefix></Prefix>" in squeezed(oss)
    assert given in squeezed(oss)


def test_answer_has_the_name_space_and_the_storage_classes_of_s3() -> None:
    contents = [("Key", "<StorageClass>IA</StorageClass>"), ("StorageClass", "IA")]
    oss = xml.format("ListBucketResult", [("Contents", contents)])
    found = squeezed(documents.from_oss("ListObjects", oss))
    assert f'<ListBucketResult xmlns="{documents.NAME_SPACE}"><Contents>' in found
    assert found.count("<StorageClass>STANDARD_IA</StorageClass>") == 1
    assert "<Key>&lt;StorageClass&gt;IA" in found


@rows("acl, permissions", *CASES["acl_becomes_grants"])
def test_acl_becomes_grants(acl: str, permissions: tuple[str, ...]) -> None:
    owner = ("Owner", [("ID", "1"), ("DisplayName", "a & b")])
    oss = xml.format("AccessControlPolicy", [owner, ("AccessControlList", [("Grant", acl)])])
    found = xml.parse(documents.from_oss("GetBucketAcl", oss), "AccessControlPolicy")
    grants = found.all("AccessControlList")[0].all("Grant")
    assert tuple(grant.text("Permission") for grant in grants) == permissions
    assert grants[0].text("Grantee/DisplayName") == "a & b"


@rows("operation", "PutBucketAcl", "PutObjectACL")
def test_grants_of_a_request_are_refused(operation: str) -> None:
    with pytest.raises(OSSError, match="Grants of S3 have no counterpart"):
        documents.TO_OSS[operation](b"<AccessControlPolicy/>")


def test_quiet_deletion_answers_an_empty_list() -> None:
    found = documents.from_oss("DeleteMultipleObjects", b"")
    assert f'<DeleteResult xmlns="{documents.NAME_SPACE}"></DeleteResult>'.encode() in found


def test_list_without_parts_has_a_number_as_its_marker() -> None:
    """P-58: clients of S3 parse it as one."""
    oss = b"<ListPartsResult><NextPartNumberMarker></NextPartNumberMarker></ListPartsResult>"
    found = documents.from_oss("ListParts", oss)
    assert b"<NextPartNumberMarker>0</NextPartNumberMarker>" in found


# --- Forms of S3: their fields, and the signature of their policy (P-75)

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
POLICY = b64encode(b'{"expiration": "2030-01-31T00:00:00Z", "conditions": []}').decode()
SIGNED = {
    "key": "a",
    "policy": POLICY,
    "x-amz-algorithm": "AWS4-HMAC-SHA256",
    "x-amz-credential": "id/20151229/us-east-1/s3/aws4_request",
    "x-amz-date": "20151229T000000Z",
    "x-amz-signature": "0" * 64,
}


def test_fields_become_those_of_oss_and_the_original_is_kept() -> None:
    original = Form(
        {**SIGNED, "acl": "public-read", "x-amz-meta-a": "1", "x-amz-storage-class": "GLACIER"}
    )
    found = form.translate(original)
    assert found.original is original
    assert found.fields == {
        "key": "a",
        "policy": POLICY,
        "x-oss-object-acl": "public-read",
        "x-oss-meta-a": "1",
        "x-oss-storage-class": "Archive",
    }


@rows("name", "x-amz-tagging", "x-amz-checksum-crc32", "tagging")
def test_field_that_is_not_understood_is_refused_by_name(name: str) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: The (header|field) {name}"):
        form.translate(Form({"key": "a", name: "b"}))


def test_signature_of_version_2_covers_the_policy() -> None:
    made = b64encode(hmac.digest(SECRET.encode(), POLICY.encode(), "sha1")).decode()
    original = Form({"key": "a", "policy": POLICY, "awsaccesskeyid": "id", "signature": made})
    claim = form.parse(original)
    assert claim is not None
    form.verify(claim, original, SECRET)
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        form.verify(claim, original, "other")


def test_signature_of_version_4_covers_the_policy() -> None:
    claim = form.parse(Form(SIGNED))
    assert claim is not None
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        form.verify(claim, Form(SIGNED), SECRET)


@rows("name", *[name for name in SIGNED if name != "key"])
def test_signed_form_needs_all_its_fields(name: str) -> None:
    with pytest.raises(OSSError, match=f"must contain the specified '{name}'"):
        form.parse(Form({**SIGNED, name: ""}))


@rows("name, value", *CASES["malformed_field_is_refused"])
def test_malformed_field_is_refused(name: str, value: str) -> None:
    with pytest.raises(OSSError, match="InvalidArgument"):
        form.parse(Form({**SIGNED, name: value}))


def test_form_of_oss_is_not_one_of_s3() -> None:
    assert not form.is_marked(Form({"key": "a", "ossaccesskeyid": "id", "signature": "s"}))
    assert form.is_marked(Form({"key": "a", "x-amz-meta-a": "1"}))
    assert form.parse(Form({"key": "a"})) is None


# --- The headers of S3 as those of OSS, and back (P-72)

TO_OSS = dict(CASES["to_oss"])

FROM_OSS = dict(CASES["from_oss"])


@rows("header", *TO_OSS)
def test_header_of_a_request_becomes_one_of_oss(header: tuple[str, str]) -> None:
    assert headers.to_oss(dict([header]), of_object=True) == TO_OSS[header]


@rows("header", *FROM_OSS)
def test_header_of_an_answer_becomes_one_of_s3(header: tuple[str, str]) -> None:
    assert headers.from_oss(dict([header])) == dict([FROM_OSS[header]])


def test_acl_of_a_bucket_has_its_own_header() -> None:
    assert headers.to_oss({"x-amz-acl": "private"}, of_object=False) == {"x-oss-acl": "private"}


def test_length_is_that_of_the_content() -> None:
    sent = {
        "content-length": "66824",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "x-amz-decoded-content-length": "66560",
    }
    assert headers.to_oss(sent, of_object=True) == {"content-length": "66560"}


@rows("length", "3", "-3", "abc", "")
def test_length_of_the_content_does_not_count_for_a_body_without_chunks(length: str) -> None:
    sent = {"content-length": "5", "x-amz-decoded-content-length": length}
    assert headers.to_oss(sent, of_object=True) == {"content-length": "5"}


@rows("name", *CASES["header_that_is_not_understood_is_refused_by_name"])
def test_header_that_is_not_understood_is_refused_by_name(name: str) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: The header {name}") as caught:
        headers.to_oss({name: "a"}, of_object=True)
    assert caught.value.status == 501


@rows("name", "DEEP_ARCHIVE", "GLACIER_IR", "Standard", "")
def test_storage_class_without_a_counterpart_is_refused(name: str) -> None:
    with pytest.raises(OSSError, match="use STANDARD, STANDARD_IA or GLACIER"):
        headers.to_oss({"x-amz-storage-class": name}, of_object=True)


# --- The marks of an S3 request (P-70)

MARKED = CASES["marked"]
UNMARKED = CASES["unmarked"]


@rows(("target", "headers"), *MARKED)
def test_signature_or_framing_of_aws_marks_a_request(target: str, headers: dict[str, str]) -> None:
    assert marks.is_marked(Request.parse("PUT", target, headers.items(), 0))


@rows(("target", "headers"), *UNMARKED)
def test_other_requests_are_not_marked(target: str, headers: dict[str, str]) -> None:
    assert not marks.is_marked(Request.parse("PUT", target, headers.items(), 0))


# --- The operations that OSS supports over S3, and how others are refused (P-71)

TARGETS = {"service": Target(), "bucket": Target("b"), "object": Target("b", "k")}

REFUSED = CASES["refused"]


@rows("operation", *SUPPORTED)
def test_documented_operation_passes(operation: tuple[str, ...]) -> None:
    _, method, resource, subresource = operation
    query = {subresource: "1"} if subresource else {"prefix": "a"}
    check_supported(method, TARGETS[resource], query)


@rows(("method", "resource", "query", "name"), *REFUSED)
def test_any_other_operation_is_refused_by_name(
    method: str, resource: str, query: str, name: str
) -> None:
    with pytest.raises(OSSError, match=f"NotImplemented: {name} is not") as caught:
        check_supported(method, TARGETS[resource], parse_query(query))
    assert caught.value.status == 501


# --- The body of an S3 request must agree with its head (P-74)

CONTENT = b"hello world"
SUMS = {
    "crc32": b64encode(crc32(CONTENT).to_bytes(4, "big")).decode(),
    "crc32c": "yZRlqg==",
    "sha1": b64encode(sha1(CONTENT).digest()).decode(),  # noqa: S324
    "sha256": b64encode(sha256(CONTENT).digest()).decode(),
}


def parse(headers: dict[str, str], *, strict: bool = False) -> Payload:
    return Payload.parse(Request.parse("PUT", "/a", headers.items(), 0), strict=strict)


def read(payload: Payload, body: bytes) -> bytes:
    reader = payload.reader()
    content = b"".join(reader.feed(body[place : place + 3]) for place in range(0, len(body), 3))
    reader.finish()
    return content


def framed(trailer: str) -> bytes:
    return b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(CONTENT), CONTENT, trailer.encode())


def announced(**headers: str) -> dict[str, str]:
    return {
        "content-encoding": "aws-chunked",
        "x-amz-content-sha256": Framing.UNSIGNED_WITH_TRAILERS,
        "x-amz-decoded-content-length": str(len(CONTENT)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }


@rows("declared", "", "UNSIGNED-PAYLOAD", sha256(CONTENT).hexdigest())
def test_plain_body_is_unchanged(declared: str) -> None:
    assert read(parse({"x-amz-content-sha256": declared}), CONTENT) == CONTENT


def test_body_with_another_hash_is_refused() -> None:
    with pytest.raises(OSSError, match="XAmzContentSHA256Mismatch"):
        read(parse({"x-amz-content-sha256": sha256(b"").hexdigest()}), CONTENT)


@rows("name", *SUMS)
def test_checksum_of_a_header_must_agree(name: str) -> None:
    assert read(parse({f"x-amz-checksum-{name}": SUMS[name]}), CONTENT) == CONTENT
    with pytest.raises(OSSError, match=f"BadDigest: The {name.upper()}"):
        read(parse({f"x-amz-checksum-{name}": SUMS[name]}), CONTENT + b"!")


@rows("name", *SUMS)
def test_checksum_of_a_trailer_must_agree(name: str) -> None:
    payload = parse(announced(x_amz_trailer=f"x-amz-checksum-{name}"))
    assert read(payload, framed(f"x-amz-checksum-{name}:{SUMS[name]}")) == CONTENT
    with pytest.raises(OSSError, match=f"BadDigest: The {name.upper()}"):
        read(payload, framed(f"x-amz-checksum-{name}:AAAA"))


def test_announced_checksum_must_arrive() -> None:
    payload = parse(announced(x_amz_trailer="x-amz-checksum-crc32"))
    with pytest.raises(OSSError, match="announced but did not arrive"):
        read(payload, framed("x-amz-other:1"))


def test_checksum_that_cannot_be_calculated_is_not_checked() -> None:
    payload = parse(announced(x_amz_trailer="x-amz-checksum-crc64nvme"))
    assert read(payload, framed("x-amz-checksum-crc64nvme:AAAAAAAAAAA=")) == CONTENT


@rows("size", "5", "12")
def test_content_must_have_the_announced_size(size: str) -> None:
    payload = parse(announced(x_amz_decoded_content_length=size))
    with pytest.raises(OSSError, match=r"IncompleteBody: The chunks have \d+ bytes"):
        read(payload, framed("a:b"))


@rows("size", "", "-1", "1e3", "٣")
def test_chunks_need_the_size_of_their_content(size: str) -> None:
    with pytest.raises(OSSError, match="MissingContentLength"):
        parse(announced(x_amz_decoded_content_length=size))


@rows("declared", "UNSIGNED-PAYLOAD", "", sha256(CONTENT).hexdigest())
def test_chunks_that_the_hash_does_not_announce_are_refused(declared: str) -> None:
    """The page of EC 0017-00000804"""
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported") as caught:
        parse(announced(x_amz_content_sha256=declared))
    assert caught.value.ec == "0017-00000804"


def test_chunks_are_recognised_in_any_case() -> None:
    """Codings have no case (RFC 9110, 8.4.1)."""
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported"):
        parse({"content-encoding": "AWS-Chunked"})


@rows("framing", *Framing)
def test_strict_mode_refuses_trailers(framing: Framing) -> None:
    """Issues of several clients: OSS accepts only signed chunks without trailers."""
    headers = announced(x_amz_content_sha256=framing)
    assert parse(headers).framing is framing
    if framing is Framing.SIGNED:
        assert parse(headers, strict=True).framing is framing
        return
    with pytest.raises(OSSError, match="aws-chunked encoding is not supported"):
        parse(headers, strict=True)


def test_framing_that_is_not_understood_is_refused_by_name() -> None:
    declared = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"
    with pytest.raises(OSSError, match=f"NotImplemented: The payload {declared}"):
        parse({"x-amz-content-sha256": declared})


@rows("declared", "abc", "A" * 64, "g" * 64)
def test_malformed_hash_is_refused(declared: str) -> None:
    with pytest.raises(OSSError, match="InvalidArgument") as caught:
        parse({"x-amz-content-sha256": declared})
    assert caught.value.ec == "0002-00000427"
