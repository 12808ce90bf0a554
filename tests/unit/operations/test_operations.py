"""What `fixtures/exchanges/` cannot test: other accounts, long lists, large objects, raw bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as some
from oss_emulator.access.identity import Identity
from oss_emulator.operations import DOCUMENTS, object_process
from oss_emulator.operations.configurations import ACCOUNT_BLOCK, PUBLIC_ACCESS_BLOCK
from oss_emulator.operations.document import Document
from oss_emulator.operations.meta_query import parse, search
from oss_emulator.protocol import dates, process
from oss_emulator.protocol.dates import format_iso
from oss_emulator.protocol.message import Request
from oss_emulator.storage.base import Object

from tests.rows import rows
from tests.unit.imaging.drawing import encode, quarters
from tests.unit.operations.service import Caller


@rows("document", *(each for each in DOCUMENTS if "PUT" in each.methods))
def test_invalid_document_is_malformed(ask: Caller, document: Document) -> None:
    ask("PUT", "/bucket/key", "x")
    target = f"{document.path}?{document.subresource}"
    for body in ("", "no XML", "<a", "<Other/>", f"<!DOCTYPE a><{document.schema.name}/>"):
        answer = ask("PUT", target, body)
        assert (answer.status, answer.code) == (400, "MalformedXML")
        assert answer.text("ErrorDetail")


def test_documents_have_unique_names_and_one_schema_for_account_and_bucket() -> None:
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)
    assert ACCOUNT_BLOCK.schema == PUBLIC_ACCESS_BLOCK.schema


def test_buckets_of_other_accounts_are_neither_listed_nor_targets_of_logs(ask: Caller) -> None:
    storage = ask.service.storage
    ask("PUT", "/foreign")
    foreign = storage.bucket("foreign")
    assert foreign is not None
    storage.put_bucket(foreign._replace(owner="2000000000000002"))
    assert ask("GET", "/").texts("Buckets/Bucket/Name") == ["bucket"]
    target = "<LoggingEnabled><TargetBucket>foreign</TargetBucket></LoggingEnabled>"
    answer = ask("PUT", "/bucket?logging", f"<BucketLoggingStatus>{target}</BucketLoggingStatus>")
    assert (answer.status, answer.code) == (403, "InvalidTargetBucketForLogging")


def test_account_may_have_100_buckets_and_all_are_listed(ask: Caller) -> None:
    """GetService: max-keys is 100 by default, and an account may have 100 buckets."""
    for number in range(99):
        assert ask("PUT", f"/bucket-{number:03}").status == 200
    assert len(ask("GET", "/").texts("Buckets/Bucket/Name")) == 100
    refused = ask("PUT", "/one-too-many")
    assert (refused.status, refused.code) == (400, "TooManyBuckets")


def test_several_ranges_are_parts_of_the_documented_length(ask: Caller) -> None:
    """P-95: four ranges of ten bytes of text/plain have 446 bytes."""
    ask("PUT", "/bucket/a", "0123456789", Content_Type="text/plain")
    multi = {"Range": "bytes=0-1,3-4,5-6,7-8", "x-oss-multi-range-behavior": "multi-range"}
    answer = ask("GET", "/bucket/a", **multi)
    kind, _, boundary = answer.headers["Content-Type"].partition(";boundary=")
    parts = "".join(
        f"--{boundary}\r\nContent-type: text/plain\r\nContent-range: bytes {at}/10\r\n\r\n"
        f"{text}\r\n"
        for at, text in (("0-1", "01"), ("3-4", "34"), ("5-6", "56"), ("7-8", "78"))
    )
    assert (answer.status, kind, len(answer.body)) == (206, "multipart/byteranges", 446)
    assert answer.body.decode() == f"{parts}--{boundary}--\r\n"
    whole = ask("HEAD", "/bucket/a").headers
    assert answer.headers["x-oss-hash-crc64ecma"] == whole["x-oss-hash-crc64ecma"]
    assert "Content-Range" not in answer.headers


INVENTORY = """<InventoryConfiguration><Id>%s</Id><IsEnabled>true</IsEnabled>
<Destination><OSSBucketDestination><Format>CSV</Format><AccountId>1000000000000001</AccountId>
<RoleArn>acs:ram::1:role/r</RoleArn><Bucket>acs:oss:::bucket</Bucket></OSSBucketDestination>
</Destination><Schedule><Frequency>Daily</Frequency></Schedule>
<IncludedObjectVersions>Current</IncludedObjectVersions></InventoryConfiguration>"""


def test_page_of_inventories_has_100_and_a_bucket_1000(ask: Caller) -> None:
    """P-58"""
    storage = ask.service.storage
    bucket = storage.bucket("bucket")
    assert bucket is not None
    present = {f"inventory/i{n:03}": (INVENTORY % f"i{n:03}").encode() for n in range(1000)}
    storage.put_bucket(bucket._replace(documents=present))
    first = ask("GET", "/bucket?inventory")
    assert (first.body.count(b"<Id>"), first.text("IsTruncated")) == (100, "true")
    assert first.text("NextContinuationToken") == "i099"
    rest = ask("GET", "/bucket?inventory&continuation-token=i949")
    assert rest.text("InventoryConfiguration/Id") == "i950"
    assert (rest.body.count(b"<Id>"), rest.text("IsTruncated")) == (50, "false")
    answer = ask("PUT", "/bucket?inventory&inventoryId=more", INVENTORY % "more")
    assert (answer.status, answer.code) == (400, "InventoryExceedLimit")


def test_inventory_goes_to_a_bucket_of_its_account_and_region(ask: Caller) -> None:
    storage = ask.service.storage
    present = storage.bucket("bucket")
    assert present is not None
    storage.put_bucket(present._replace(name="foreign", owner="2000000000000002"))
    storage.put_bucket(present._replace(name="distant", region="cn-beijing"))
    for target, ec in (("foreign", "0020-00000033"), ("distant", "0020-00000019")):
        document = (INVENTORY % "i").replace("acs:oss:::bucket", f"acs:oss:::{target}")
        answer = ask("PUT", "/bucket?inventory&inventoryId=i", document)
        assert (answer.status, answer.code, answer.text("EC")) == (400, "InvalidArgument", ec)


def test_default_retention_that_would_end_after_the_year_9999_refuses_uploads(ask: Caller) -> None:
    period = "<Mode>GOVERNANCE</Mode><Days>2</Days>"
    rule = f"<Rule><DefaultRetention>{period}</DefaultRetention></Rule>"
    enabled = "<ObjectWormEnabled>Enabled</ObjectWormEnabled>"
    ask.keep_versions()
    root = "ObjectWormConfiguration"
    ask("PUT", "/bucket?objectWorm", f"<{root}>{enabled}{rule}</{root}>")
    ask.now = dates.LATEST - 2 * 24 * 60 * 60
    assert ask("PUT", "/bucket/a", "x").status == 200
    until = ask("HEAD", "/bucket/a").headers["x-oss-object-worm-retain-until-date"]
    assert until == format_iso(dates.LATEST)
    ask.now += 1
    complete = f"/bucket/b?uploadId={ask.begin_upload('b')}"
    for answer in (
        ask("PUT", "/bucket/a", "x"),
        ask("POST", complete, "<CompleteMultipartUpload/>"),
    ):
        assert (answer.status, answer.code) == (400, "InvalidArgument")


@rows("digits", "0000010001", "000000001" + "1" * 5_000)
def test_number_of_many_digits_is_compared_as_a_whole(ask: Caller, digits: str) -> None:
    ask("PUT", "/bucket/a", "x", x_oss_storage_class="Archive")
    upload = f"/bucket/b?uploadId={ask.begin_upload('b')}"
    part = f"<Part><PartNumber>{digits}</PartNumber><ETag>x</ETag></Part>"
    answers = (
        ask("GET", f"/bucket?max-keys={digits}"),
        ask("PUT", f"{upload}&partNumber={digits}", "x"),
        ask("POST", upload, f"<CompleteMultipartUpload>{part}</CompleteMultipartUpload>"),
        ask("POST", "/bucket/a?restore", f"<RestoreRequest><Days>{digits}</Days></RestoreRequest>"),
    )
    expected = ["InvalidArgument", "InvalidArgument", "InvalidPartOrder", "InvalidArgument"]
    assert [answer.code for answer in answers] == expected


def test_appendable_object_has_5_gib_at_most(ask: Caller) -> None:
    """AppendObject"""
    ask("POST", "/bucket/a?append&position=0", "1")
    storage, size = ask.service.storage, 5 * 1024**3
    item = storage.object("bucket", "a")
    assert item is not None
    storage.replace_object("bucket", item._replace(size=size))
    answer = ask("POST", f"/bucket/a?append&position={size}", "x")
    assert (answer.status, answer.code) == (400, "EntityTooLarge")
    assert answer.text("MaxSizeAllowed") == str(size)


def test_object_over_5_gib_must_be_copied_by_parts(ask: Caller) -> None:
    """CopyObject"""
    ask("PUT", "/bucket/a", "content")
    storage = ask.service.storage
    item = storage.object("bucket", "a")
    assert item is not None
    storage.put_object("bucket", item._replace(size=5 * 1024**3 + 1))
    source = {"x_oss_copy_source": "/bucket/a"}
    answer = ask("PUT", "/bucket/b", **source)
    message = "Source object Length exceeds the maximum allowed size."
    assert (answer.status, answer.code, answer.text("Message")) == (400, "EntityTooLarge", message)
    part = f"/bucket/big?uploadId={ask.begin_upload('big')}&partNumber=1"
    assert ask("PUT", part, x_oss_copy_source_range="bytes=0-3", **source).status == 200


def test_metadata_that_is_not_utf8_is_returned_unchanged(ask: Caller) -> None:
    """P-57: surrogates stand for the bytes, here of GBK."""
    sent = {"x_oss_meta_a": "\udcd6\udcd0", "content_disposition": "attachment;\udcce\udcc4"}
    assert ask("PUT", "/bucket/a", "1", **sent).status == 200
    ask("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    for key in ("a", "b"):
        found = ask("HEAD", f"/bucket/{key}").headers
        assert found["x-oss-meta-a"] == sent["x_oss_meta_a"]
        assert found["Content-Disposition"] == sent["content_disposition"]


def test_few_answers_omit_the_time_they_took(ask: Caller) -> None:
    """S-08"""
    ask("PUT", "/bucket/empty", "")
    ask("PUT", "/bucket/full", "1")
    for method, target, timed in (
        ("GET", "/bucket/empty", False),
        ("HEAD", "/bucket/empty", True),
        ("GET", "/bucket/full", True),
        ("GET", "/missing?acl", False),
        ("PUT", "/missing/key", False),
        ("GET", "/bucket/missing", True),
    ):
        request = Request.parse(method, target, [("Host", "localhost")], ask.now)
        response = ask.service.handle(request, caller=ask.service.accounts.owner)
        assert response.timed is timed


# --- The names in the metadata index of a bucket (P-65)

KEYS = some.text(some.characters(exclude_categories=[]), min_size=1, max_size=3)
VALUES = some.text(max_size=3)  # a query with half a surrogate pair is not text


@given(
    keys=some.sets(KEYS, max_size=6),
    operation=some.sampled_from(["eq", "gt", "gte", "lt", "lte", "match", "prefix"]),
    value=VALUES,
)
def test_names_are_compared_by_their_bytes(keys: set[str], operation: str, value: str) -> None:
    plain = {key.encode(errors="replace"): key for key in keys}
    other = value.encode(errors="replace")
    tests: dict[str, Callable[[bytes], bool]] = {
        "eq": lambda key: key == other,
        "gt": lambda key: key > other,
        "gte": lambda key: key >= other,
        "lt": lambda key: key < other,
        "lte": lambda key: key <= other,
        "match": lambda key: other in key,
        "prefix": lambda key: key.startswith(other),
    }
    holds = tests[operation]
    objects = [Object(key, (), 0, "", 0, 0.0, "1") for key in plain.values()]
    condition = json.dumps({"Field": "Filename", "Value": value, "Operation": operation})
    wanted = parse(f"<MetaQuery><Query>{escape(condition)}</Query></MetaQuery>".encode())
    found = search(objects, wanted, None)[0]
    assert [item.key for item in found] == [plain[key] for key in sorted(plain) if holds(key)]


# --- What processing and selecting do without a part of the program, or for others


def test_large_image_is_refused_before_it_is_read(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = encode(quarters())
    ask("PUT", "/bucket/a", source)
    monkeypatch.setattr(process, "MAX_BYTES", len(source) - 1)
    answer = ask("GET", "/bucket/a?x-oss-process=image/info")
    assert (answer.code, answer.text("EC")) == ("ImageTooLarge", "0040-00000001")


def test_missing_extra_is_named(ask: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("PUT", "/bucket/a", encode(quarters()))
    monkeypatch.setattr(object_process, "find_spec", lambda name: None)
    saving = "x-oss-process=image/info|sys/saveas,o_YQ"
    for answer in (
        ask("GET", "/bucket/a?x-oss-process=image/info"),
        ask("POST", "/bucket/a?x-oss-process", saving),
    ):
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert "pip install 'oss-emulator[image]'" in (answer.text("Message") or "")


@rows("form", "csv/select", "csv/meta", "json/select", "json/meta")
def test_requester_cannot_pay_for_a_statement(form: str) -> None:
    """Q-04: ObjectRequestPaymentTest of the C++ SDK"""
    ask, target = Caller(), f"/bucket/a.csv?x-oss-process={form}"
    ask("PUT", "/bucket/a.csv", "a,b")
    ask("PUT", "/bucket?acl", x_oss_acl="public-read-write")
    payer = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>"
    ask("PUT", "/bucket?requestPayment", payer)
    answer = ask.by(Identity("10"), "POST", target, "<x/>", x_oss_request_payer="requester")
    assert (answer.status, answer.code) == (403, "AccessDenied")
    assert answer.text("Message") == "Select API does not support requester pay now."
    assert ask("POST", target, "<x/>").code == "MalformedXML"
