"""The documents of S3 as those of OSS, and back (P-72)."""

from __future__ import annotations

import re

import pytest
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.s3 import documents

S3_RULE = """<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>
  <ID>a</ID><Status>Enabled</Status>{}
  <Transition><Days>3</Days><StorageClass>GLACIER</StorageClass></Transition>
  <AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation>
  </AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>"""

FILTERS = {
    "": "",
    "<Prefix>x/</Prefix>": "<Prefix>x/</Prefix>",
    "<Filter><Prefix>x/</Prefix></Filter>": "<Prefix>x/</Prefix>",
    "<Filter/>": "",
    "<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>": (
        "<Tag><Key>k</Key><Value>v</Value></Tag>"
    ),
    "<Filter><And><Prefix>x/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>": (
        "<Prefix>x/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag>"
    ),
}


def squeezed(document: bytes) -> str:
    return re.sub(r">\s+<", "><", document.decode())


@pytest.mark.parametrize("given", FILTERS)
def test_filter_of_a_lifecycle_rule_becomes_its_prefix_and_tags(given: str) -> None:
    found = documents.to_oss("PutBucketLifecycle", S3_RULE.format(given).encode())
    rule = xml.parse(found, "LifecycleConfiguration").all("Rule")[0]
    assert rule.text("Transition/StorageClass") == "Archive"
    assert rule.text("AbortMultipartUpload/Days") == "2"
    assert rule.first("Filter") is None
    assert FILTERS[given] in squeezed(found)


def test_sizes_of_a_lifecycle_rule_stay_in_its_filter() -> None:
    given = "<Filter><ObjectSizeLessThan>9</ObjectSizeLessThan></Filter>"
    found = documents.to_oss("PutBucketLifecycle", S3_RULE.format(given).encode())
    assert given in squeezed(found)


def test_lifecycle_survives_a_round_trip() -> None:
    given = "<Filter><And><Prefix>x/</Prefix><Tag><Key>k</Key><Value>v</Value></Tag></And></Filter>"
    oss = documents.to_oss("PutBucketLifecycle", S3_RULE.format(given).encode())
    back = squeezed(documents.from_oss("GetBucketLifecycle", oss))
    assert given in back
    assert "<StorageClass>GLACIER</StorageClass>" in back
    assert "<DaysAfterInitiation>2</DaysAfterInitiation>" in back


@pytest.mark.parametrize(
    "given",
    [
        "<Transition><Date>2030-01-01T00:00:00.000Z</Date></Transition>",
        "<NoncurrentVersionTransition><NewerNoncurrentVersions>2</NewerNoncurrentVersions>"
        "</NoncurrentVersionTransition>",
        "<Something/>",
    ],
)
def test_element_without_a_counterpart_is_refused_by_name(given: str) -> None:
    with pytest.raises(OSSError, match="NotImplemented: The element"):
        documents.to_oss("PutBucketLifecycle", S3_RULE.format(given).encode())


def test_answer_has_the_name_space_and_the_storage_classes_of_s3() -> None:
    contents = [("Key", "<StorageClass>IA</StorageClass>"), ("StorageClass", "IA")]
    oss = xml.format("ListBucketResult", [("Contents", contents)])
    found = squeezed(documents.from_oss("ListObjects", oss))
    assert f'<ListBucketResult xmlns="{documents.NAME_SPACE}"><Contents>' in found
    assert found.count("<StorageClass>STANDARD_IA</StorageClass>") == 1
    assert "<Key>&lt;StorageClass&gt;IA" in found


@pytest.mark.parametrize(
    ("acl", "permissions"),
    [
        ("private", ["FULL_CONTROL"]),
        ("default", ["FULL_CONTROL"]),
        ("public-read", ["FULL_CONTROL", "READ"]),
        ("public-read-write", ["FULL_CONTROL", "READ", "WRITE"]),
    ],
)
def test_acl_becomes_grants(acl: str, permissions: list[str]) -> None:
    owner = ("Owner", [("ID", "1"), ("DisplayName", "a & b")])
    oss = xml.format("AccessControlPolicy", [owner, ("AccessControlList", [("Grant", acl)])])
    found = xml.parse(documents.from_oss("GetBucketAcl", oss), "AccessControlPolicy")
    grants = found.all("AccessControlList")[0].all("Grant")
    assert [grant.text("Permission") for grant in grants] == permissions
    assert grants[0].text("Grantee/DisplayName") == "a & b"


@pytest.mark.parametrize("operation", ["PutBucketAcl", "PutObjectACL"])
def test_grants_of_a_request_are_refused(operation: str) -> None:
    assert documents.to_oss(operation, b"") == b""
    with pytest.raises(OSSError, match="Grants of S3 have no counterpart"):
        documents.to_oss(operation, b"<AccessControlPolicy/>")


def test_quiet_deletion_answers_an_empty_list() -> None:
    found = documents.from_oss("DeleteMultipleObjects", b"")
    assert f'<DeleteResult xmlns="{documents.NAME_SPACE}"></DeleteResult>'.encode() in found


def test_list_without_parts_has_a_number_as_its_marker() -> None:
    """P-58: clients of S3 parse it as one."""
    oss = b"<ListPartsResult><NextPartNumberMarker></NextPartNumberMarker></ListPartsResult>"
    found = documents.from_oss("ListParts", oss)
    assert b"<NextPartNumberMarker>0</NextPartNumberMarker>" in found
