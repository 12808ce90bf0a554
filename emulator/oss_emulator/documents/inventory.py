"""Inventories: the rules are stored, and no list is ever written (PutBucketInventory)."""

from typing import Final

from oss_emulator.documents.document import parse_schema
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import listed
from oss_emulator.storage.base import Storage

MAX_INVENTORIES: Final = 1000

PREFIX: Final = "inventory/"

_DESTINATION: Final = "acs:oss:::"
"""The prefix of the name of a destination."""

ROOT: Final = "InventoryConfiguration"

_SCHEMA: Final = parse_schema("""
InventoryConfiguration
  Id name
  IsEnabled boolean
  Destination
    OSSBucketDestination
      Format CSV|Parquet
      AccountId name
      RoleArn name
      Bucket name
      Prefix? text
      Encryption?
        SSE-OSS? text
        SSE-KMS?
          KeyId? text
  Schedule
    Frequency Daily|Weekly|Monthly
    DayOfMonth? 1..28
    AutoDelete? boolean
  Filter?
    Prefix? text
    LastModifyBeginTimeStamp? 1262275200..253402271999
    LastModifyEndTimeStamp? 1262275200..253402271999
    LowerSizeBound? 0..52776558133248
    UpperSizeBound? 0..52776558133248
    StorageClass? text
  IncludedObjectVersions All|Current
  OptionalFields?
    Field* name
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
        raise xml.DocumentError("Encryption has SSE-OSS or SSE-KMS, not both.")  # P-90
    named = node.text("Id")
    if named != inventory_id:
        message = f"The Id of the inventory must be the inventoryId of the request, {inventory_id}."
        raise headers.invalid_argument("Id", named, message)
    return xml.format(ROOT, [(child.name, _validate(child)) for child in node])


def check_destination(document: bytes, storage: Storage) -> None:
    """Raise `InvalidArgument` for a stored inventory whose destination does not exist (P-58)."""
    path = "Destination/OSSBucketDestination/Bucket"
    destination = xml.parse(document, ROOT).text(path)
    if storage.bucket(destination.removeprefix(_DESTINATION)) is None:
        message = f"The destination bucket must exist; write it as {_DESTINATION}NAME."
        raise headers.invalid_argument("Bucket", destination, message)


def _validate(child: xml.Node) -> xml.Value:
    """Return an element; the storage classes of a filter are checked and sorted."""
    if child.name != "Filter":
        return child.content
    classes = sorted(filter(None, child.text("StorageClass").split(",")))
    known = ("All", *headers.STORAGE_CLASSES)
    for storage_class in classes:
        if storage_class not in known:
            message = f"Storage class {storage_class!r} is unknown; use {listed(known)}."
            raise headers.invalid_argument("StorageClass", storage_class, message)
    return [
        (item.name, ",".join(classes) if item.name == "StorageClass" else item.content)
        for item in child
    ]
