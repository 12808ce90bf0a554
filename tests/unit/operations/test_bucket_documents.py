"""Put, Get and Delete of documents: refusals and answers."""

from __future__ import annotations

import pytest
from lxml import etree
from oss_emulator.documents import DOCUMENTS
from oss_emulator.documents.document import Document, Holder
from oss_emulator.protocol.errors import ErrorCase

from tests.unit.operations.service import Caller

ID = "x-oss-version-id"
PLACES = {Holder.ACCOUNT: "/", Holder.BUCKET: "/bucket", Holder.OBJECT: "/bucket/a"}


def place(ask: Caller, document: Document) -> str:
    """Return the target of a document; create the object if the document belongs to one."""
    if document.holder is Holder.OBJECT:
        ask("PUT", "/bucket/a", "x")
    return f"{PLACES[document.holder]}?{document.subresource}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_invalid_document_is_malformed(ask: Caller, document: Document) -> None:
    target, root = place(ask, document), document.schema.name
    for body in ("", "no XML", "<a", "<Other/>", f"<!DOCTYPE a><{root}/>"):
        answer = ask("PUT", target, body)
        assert (answer.status, answer.code) == (400, "MalformedXML")
        assert answer.text("ErrorDetail")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_missing_document_is_an_error_or_a_default(ask: Caller, document: Document) -> None:
    answer = ask("GET", place(ask, document))
    if isinstance(document.absent, ErrorCase):
        assert answer.status == 404
        assert (answer.code, answer.text("EC") or "") == (
            document.absent.value.code,
            document.absent.value.ec,
        )
    else:
        assert answer.status == 200
        assert etree.fromstring(answer.body).tag == document.schema.name


def test_document_names_are_unique() -> None:
    assert len({document.name for document in DOCUMENTS}) == len(DOCUMENTS)


ROOT = "RequestPaymentConfiguration"
PAYER = "<Payer>%s</Payer>"


def test_document_is_answered_in_the_form_of_the_service(ask: Caller) -> None:
    sent = (
        f'<?xml version="1.0"?>\n<{ROOT} xmlns="http://doc.oss">\n {PAYER % "Requester"}</{ROOT}>'
    )
    assert ask("PUT", "/bucket?requestPayment", sent).status == 200
    answer = ask("GET", "/bucket?requestPayment")
    assert answer.headers["Content-Type"] == "application/xml"
    got = etree.fromstring(answer.body, etree.XMLParser(remove_blank_text=True))
    # P-31: without a name space
    assert etree.tostring(got).decode() == f"<{ROOT}>{PAYER % 'Requester'}</{ROOT}>"


@pytest.mark.parametrize(
    ("sent", "code", "field", "named"),
    [
        (PAYER % "Me", "MalformedXML", "ErrorDetail", "must be BucketOwner or Requester"),
        (PAYER % "Requester" * 2, "MalformedXML", "ErrorDetail", "the limit is 1"),
    ],
)
def test_refused_document_changes_nothing(
    ask: Caller, sent: str, code: str, field: str, named: str
) -> None:
    ask("PUT", "/bucket?requestPayment", f"<{ROOT}>{PAYER % 'Requester'}</{ROOT}>")
    answer = ask("PUT", "/bucket?requestPayment", f"<{ROOT}>{sent}</{ROOT}>")
    assert answer.code == code
    assert named in (answer.text(field) or "")
    assert ask("GET", "/bucket?requestPayment").text("Payer") == "Requester"


def test_integer_out_of_range_is_named(ask: Caller) -> None:
    capacity = "<BucketUserQos><StorageCapacity>-2</StorageCapacity></BucketUserQos>"
    answer = ask("PUT", "/bucket?qos", capacity)
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "StorageCapacity")


def test_check_sees_the_headers_and_the_time_of_the_request(ask: Caller) -> None:
    rule = "<Rule><Status>Enabled</Status><Prefix>%s</Prefix>%s</Rule>"
    move = (
        "<Transition><Days>%d</Days><StorageClass>IA</StorageClass>"
        "<IsAccessTime>true</IsAccessTime></Transition>"
    )
    rules = rule % ("a", move % 1) + rule % ("ab", move % 2)
    body = f"<LifecycleConfiguration>{rules}</LifecycleConfiguration>"
    assert ask("PUT", "/bucket?lifecycle", body).code == "InvalidArgument"
    allowed = {"x_oss_allow_same_action_overlap": "true"}
    assert ask("PUT", "/bucket?lifecycle", body, **allowed).status == 200
    assert ask("GET", "/bucket?lifecycle").text("Rule/AtimeBase") == str(int(ask.now))
    ids = {ask("GET", "/bucket?lifecycle").text("Rule/ID") for _ in range(2)}
    assert len(ids) == 1
    assert all(ids)


def test_check_sees_the_buckets_of_other_accounts(ask: Caller) -> None:
    storage = ask.service.storage
    ask("PUT", "/foreign")
    foreign = storage.bucket("foreign")
    assert foreign is not None
    storage.put_bucket(foreign._replace(owner="2000000000000002"))
    target = "<LoggingEnabled><TargetBucket>foreign</TargetBucket></LoggingEnabled>"
    answer = ask("PUT", "/bucket?logging", f"<BucketLoggingStatus>{target}</BucketLoggingStatus>")
    assert (answer.status, answer.code) == (403, "InvalidTargetBucketForLogging")


def test_deleted_document_gets_the_default_again(ask: Caller) -> None:
    target = "<LoggingEnabled><TargetBucket>bucket</TargetBucket></LoggingEnabled>"
    ask("PUT", "/bucket?logging", f"<BucketLoggingStatus>{target}</BucketLoggingStatus>")
    assert ask("GET", "/bucket?logging").text("LoggingEnabled/TargetBucket") == "bucket"
    for _ in range(2):
        assert ask("DELETE", "/bucket?logging").status == 204
    assert ask("GET", "/bucket?logging").text("LoggingEnabled/TargetBucket") is None


def test_account_document_does_not_change_the_bucket_document(ask: Caller) -> None:
    root = "PublicAccessBlockConfiguration"
    block = f"<{root}><BlockPublicAccess>true</BlockPublicAccess></{root}>"
    assert ask("PUT", "/?publicAccessBlock", block).status == 200
    assert ask("GET", "/?publicAccessBlock").text("BlockPublicAccess") == "true"
    assert ask("GET", "/bucket?publicAccessBlock").text("BlockPublicAccess") == "false"


# --- Documents of object versions

VERSIONS = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
WORM = (
    "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled>"
    "</ObjectWormConfiguration>"
)
HOLD = "<LegalHold><Status>%s</Status></LegalHold>"
RETENTION = "<Retention><Mode>%s</Mode><RetainUntilDate>%s</RetainUntilDate></Retention>"


@pytest.fixture
def worm(ask: Caller) -> Caller:
    """A service whose bucket has object retention."""
    assert ask("PUT", "/bucket?versioning", VERSIONS).status == 200
    assert ask("PUT", "/bucket?objectWorm", WORM).status == 200
    return ask


def test_legal_hold_belongs_to_a_version(worm: Caller) -> None:
    first, second = (worm("PUT", "/bucket/a", data).headers[ID] for data in ("1", "2"))
    answer = worm("PUT", f"/bucket/a?legalHold&versionId={first}", HOLD % "ON")
    assert (answer.status, answer.headers[ID]) == (200, first)
    got = worm("GET", f"/bucket/a?legalHold&versionId={first}")
    assert (got.text("Status"), got.headers[ID]) == ("ON", first)
    got = worm("GET", "/bucket/a?legalHold")
    assert (got.status, got.code) == (404, "NoSuchObjectLegalHoldConfiguration")
    assert got.text("ObjectName") == "a"
    worm("PUT", f"/bucket/a?legalHold&versionId={second}", HOLD % "OFF")
    got = worm("GET", "/bucket/a?legalHold")
    assert (got.text("Status"), got.headers[ID]) == ("OFF", second)
    worm("PUT", f"/bucket/a?legalHold&versionId={first}", HOLD % "OFF")
    assert worm("GET", f"/bucket/a?legalHold&versionId={first}").text("Status") == "OFF"


def test_retention_period_is_missing_until_it_is_put(worm: Caller) -> None:
    """P-64"""
    worm("PUT", "/bucket/a", "x")
    got = worm("GET", "/bucket/a?retention")
    assert (got.status, got.code) == (404, "NoSuchObjectRetentionConfiguration")
    assert got.text("ObjectName") == "a"
    until = "2025-07-01T00:00:00.000Z"
    assert worm("PUT", "/bucket/a?retention", RETENTION % ("COMPLIANCE", until)).status == 200
    got = worm("GET", "/bucket/a?retention")
    assert (got.text("Mode"), got.text("RetainUntilDate")) == ("COMPLIANCE", until)
    earlier = RETENTION % ("COMPLIANCE", "2025-06-30T00:00:00.000Z")
    assert worm("PUT", "/bucket/a?retention", earlier).code == "AccessDenied"


def test_documents_change_neither_the_object_nor_each_other(worm: Caller) -> None:
    worm("PUT", "/bucket/a", "x", x_oss_meta_a="b")
    before = worm("GET", "/bucket/a")
    worm("PUT", "/bucket/a?legalHold", HOLD % "ON")
    later = RETENTION % ("GOVERNANCE", "2025-07-01T00:00:00.000Z")
    worm("PUT", "/bucket/a?retention", later)
    after = worm("GET", "/bucket/a")
    assert after.body == before.body
    assert before.headers.items() <= after.headers.items()
    assert worm("GET", "/bucket/a?legalHold").text("Status") == "ON"


def test_copy_has_no_documents_of_its_source(worm: Caller) -> None:
    worm("PUT", "/bucket/a", "x")
    worm("PUT", "/bucket/a?legalHold", HOLD % "ON")
    worm("PUT", "/bucket/b", x_oss_copy_source="/bucket/a")
    assert worm("GET", "/bucket/b?legalHold").code == "NoSuchObjectLegalHoldConfiguration"


@pytest.mark.parametrize("subresource", ["legalHold", "retention"])
def test_missing_object_and_a_delete_marker_have_no_documents(
    worm: Caller, subresource: str
) -> None:
    assert worm("GET", f"/bucket/none?{subresource}").code == "NoSuchKey"
    worm("PUT", "/bucket/a", "x")
    worm("DELETE", "/bucket/a")
    assert worm("GET", f"/bucket/a?{subresource}").code == "NoSuchKey"


def test_object_retention_needs_versioning(ask: Caller) -> None:
    answer = ask("GET", "/bucket?objectWorm")
    assert (answer.status, answer.code) == (404, "NoSuchObjectWormConfiguration")
    refused = ask("PUT", "/bucket?objectWorm", WORM)
    assert (refused.status, refused.code) == (400, "InvalidRequest")
    ask("PUT", "/bucket/a", "x")
    assert ask("PUT", "/bucket/a?legalHold", HOLD % "ON").code == "InvalidRequest"
