"""Inventories: the rules are stored, but no list is written (PutBucketInventory)."""

from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.documents.document import parse_schema
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import listed
from oss_emulator.storage.base import Bucket, Storage

MAX_INVENTORIES: Final = 1000

PREFIX: Final = "inventory/"

_DESTINATION: Final = "acs:oss:::"
"""The prefix of the name of a destination."""

_SPECIAL: Final = frozenset("!#$%&*@^")
"""Characters not allowed in the Prefix of a destination (help page of 0020-00000034)."""

ROOT: Final = "InventoryConfiguration"

_RANGES: Final = (
    ("LastModifyBeginTimeStamp", "LastModifyEndTimeStamp", "0020-00000022"),
    ("LowerSizeBound", "UpperSizeBound", "0020-00000025"),
)
"""The bounds of a filter, and the EC if the lower bound is greater than the upper bound."""

_FIELDS: Final = frozenset(
    """
    Size LastModifiedDate TransitionTime ETag StorageClass IsMultipartUploaded EncryptionStatus
    ObjectAcl TaggingCount ObjectType Crc64
    """.split()
)
"""The optional fields of a list (PutBucketInventory)."""

_SCHEMA: Final = parse_schema("""
InventoryConfiguration ?0020-00000004
  Id name:192 ?0020-00000005 ~0020-00000044
  IsEnabled boolean ?0020-00000007 !0020-00000006
  Destination
    OSSBucketDestination
      Format CSV|Parquet ?0020-00000012
      AccountId name ?0020-00000013 !0020-00000028
      RoleArn name ?0020-00000014
      Bucket name
      Prefix? text
      Encryption?
        SSE-OSS? text !0020-00000035
        SSE-KMS?
          KeyId? text
  Schedule ?0020-00000017
    Frequency Daily|Weekly|Monthly ?0020-00000017
    DayOfMonth? 1..28
    AutoDelete? boolean
  Filter?
    Prefix? text:1023 ~0020-00000021
    LastModifyBeginTimeStamp? 1262275200..253402271999 !0020-00000008 ~0020-00000023
    LastModifyEndTimeStamp? 1262275200..253402271999 ~0020-00000023
    LowerSizeBound? 0..52776558133248 !0020-00000010 ~0020-00000024
    UpperSizeBound? 0..52776558133248 !0020-00000011 ~0020-00000024
    StorageClass? text
  IncludedObjectVersions All|Current !0020-00000037
  OptionalFields?
    Field* name !0020-00000036
  IncrementalInventory?
    IsEnabled? boolean
    Schedule?
      Frequency? 600..
    OptionalFields?
      Field* name
""")


def format(document: bytes, inventory_id: str) -> bytes:
    """Check an inventory that is put under an id, and format the document to store.

    Raises `DocumentError`, and `InvalidArgument` for a different id or an unknown storage class.
    """
    node = _SCHEMA.parse(document)
    encryption = node.first("Destination/OSSBucketDestination/Encryption")
    if encryption is not None and len(list(encryption)) > 1:
        message = "Encryption must have SSE-OSS or SSE-KMS, not both."  # P-90
        raise xml.DocumentError(message, "0020-00000016")
    named = node.text("Id")
    if named != inventory_id:
        message = f"The Id of the inventory must be the inventoryId of the request, {inventory_id}."
        raise headers.invalid_argument("Id", named, message, ec="0020-00000043")
    for fields in node.all("OptionalFields"):
        for field in fields:
            if field.value not in _FIELDS:
                message = f"A field must be {listed(sorted(_FIELDS))}."
                raise headers.invalid_argument("Field", field.value, message, ec="0020-00000036")
    for low, high, ec in _RANGES:
        least, most = node.text(f"Filter/{low}"), node.text(f"Filter/{high}")
        if least and most and int(least) > int(most):
            message = f"The {low} must not be greater than the {high}."
            raise headers.invalid_argument(low, least, message, ec=ec)
    return xml.format(ROOT, [(child.name, _validate(child)) for child in node])


def check_destination(document: bytes, bucket: Bucket, storage: Storage) -> None:
    """Raise `InvalidArgument` if a stored inventory has an invalid destination (P-58)."""
    destination = xml.parse(document, ROOT).first("Destination/OSSBucketDestination")
    assert destination is not None  # noqa: S101 - the schema requires it
    account, prefix = destination.text("AccountId"), destination.text("Prefix")
    if account != bucket.owner:
        message = f"The AccountId must be that of the bucket's owner, {bucket.owner}."
        raise headers.invalid_argument("AccountId", account, message, ec="0020-00000028")
    if not _SPECIAL.isdisjoint(prefix):
        message = f"The Prefix must not contain any of the characters {' '.join(sorted(_SPECIAL))}."
        raise headers.invalid_argument("Prefix", prefix, message, ec="0020-00000034")
    named = destination.text("Bucket")
    name = named.rpartition(":")[2]
    target = storage.bucket(name)
    if not named.startswith(_DESTINATION):
        ec = "0020-00000030" if 3 <= len(name) <= 63 else "0020-00000031"
    elif not is_bucket_name(name):
        ec = "0020-00000032"
    elif target is None or target.owner != bucket.owner:
        ec = "0020-00000033"
    elif target.region != bucket.region:
        ec = "0020-00000019"
    else:
        return
    message = (
        "The destination bucket must exist in the same account and region; "
        f"write it as {_DESTINATION}NAME."
    )
    raise headers.invalid_argument("Bucket", named, message, ec=ec)


def _validate(child: xml.Node) -> xml.Value:
    """Return an element; the storage classes of a filter are checked and sorted."""
    if child.name != "Filter":
        return child.content
    classes = sorted(filter(None, child.text("StorageClass").split(",")))
    known = ("All", *headers.STORAGE_CLASSES)
    for storage_class in classes:
        if storage_class not in known:
            message = f"Storage class {storage_class!r} is unknown; use {listed(known)}."
            raise headers.invalid_argument(
                "StorageClass", storage_class, message, ec="0020-00000026"
            )
    return [
        (item.name, ",".join(classes) if item.name == "StorageClass" else item.content)
        for item in child
    ]
