"""Inventories of a bucket, by id: the rules are stored, but no list is written."""

from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import headers, paging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.message import Response

MAX_INVENTORIES: Final = 1000

PAGE: Final = 100
"""The number of inventories on a page (ListBucketInventory)."""

_DESTINATION: Final = "acs:oss:::"
"""The prefix of the name of a destination."""

_SPECIAL: Final = frozenset("!#$%&*@^")
"""Characters not allowed in the Prefix of a destination (help page of 0020-00000034)."""

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


@document("""
PUT GET /bucket?inventory&inventoryId BucketInventory kept id=InventoryId
absent: NO_SUCH_INVENTORY
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
def inventory(node: xml.Node, call: Call) -> xml.Value:
    """A list of the objects of a bucket that the service would write.

    Raises `InvalidArgument` for a different id, an unknown storage class or an invalid destination,
    `InventoryAlreadyExist` and `InventoryExceedLimit`.
    """
    inventory_id = call.request.query["inventoryId"]
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
    content = [(child.name, _validate(child)) for child in node]
    _check_destination(node, call)
    present = call.documents_below(inventory.prefix)
    if inventory_id in present:
        raise OSSError(ErrorCase.INVENTORY_ALREADY_EXISTS, InventoryId=inventory_id)
    if len(present) >= MAX_INVENTORIES:
        raise OSSError(ErrorCase.TOO_MANY_INVENTORIES)
    return content


def _check_destination(node: xml.Node, call: Call) -> None:
    """Raise `InvalidArgument` for an invalid destination (P-58)."""
    bucket, place = call.bucket, "Destination/OSSBucketDestination"
    account, prefix = node.text(f"{place}/AccountId"), node.text(f"{place}/Prefix")
    if account != bucket.owner:
        message = f"The AccountId must be that of the bucket's owner, {bucket.owner}."
        raise headers.invalid_argument("AccountId", account, message, ec="0020-00000028")
    if not _SPECIAL.isdisjoint(prefix):
        message = f"The Prefix must not contain any of the characters {' '.join(sorted(_SPECIAL))}."
        raise headers.invalid_argument("Prefix", prefix, message, ec="0020-00000034")
    named = node.text(f"{place}/Bucket")
    name = named.rpartition(":")[2]
    target = call.storage.bucket(name)
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


@answers("GET /bucket?inventory", "ListBucketInventory", action="oss:GetBucketInventory", kept=True)
def list_bucket_inventory(call: Call) -> Response:
    """List a page of the inventories by id; raises `NoSuchInventory` if there are none.

    The continuation token is the last id of the previous page (P-58).
    """
    found = call.documents_below(inventory.prefix)
    if not found:
        raise OSSError(ErrorCase.NO_SUCH_INVENTORY, BucketName=call.bucket.name)
    token = call.request.query.get("continuation-token", "")
    page, following = paging.after(found.items(), token, PAGE)
    root = inventory.schema.name
    return xml.respond(
        "ListInventoryConfigurationsResult",
        *((root, xml.parse(stored, root).content) for _, stored in page),
        ("IsTruncated", bool(following)),
        ("ContinuationToken", token or None),
        ("NextContinuationToken", following or None),
    )


@answers("DELETE /bucket?inventory", "DeleteBucketInventory", kept=True)
def delete_bucket_inventory(call: Call) -> Response:
    """Remove an inventory; answers 204 even if there was none. Raises `MissingArgument`."""
    inventory_id = call.request.query.get("inventoryId")
    if inventory_id is None:
        raise OSSError(ErrorCase.INVENTORY_ID_MISSING)
    call.keep(inventory.prefix + inventory_id, None)
    return Response(204)
