"""Inventories: configurations by their ids; no list of objects is ever exported."""

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, Takes, operation
from oss_emulator.protocol import headers, paging, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response

MAX_INVENTORIES = 1000
PAGE = 100
"""Inventories of one page (ListBucketInventory)."""

_PREFIX = "inventory/"
_ROOT = "InventoryConfiguration"
_ONE = "inventory&inventoryId"


@operation(
    "PutBucketInventory", "PUT", Resource.BUCKET, _ONE, takes=Takes.DOCUMENT, status=Status.KEPT
)
def put_bucket_inventory(call: Call) -> Response:
    """Add an inventory; raises `InventoryAlreadyExist`, `InventoryExceedLimit`."""
    inventory_id = call.request.query["inventoryId"]
    content = [_settle(child) for child in schema.read(call.body.read(), _ROOT)]
    named = dict(content)["Id"]
    if named != inventory_id:
        message = "The Id of the inventory is not the one the request names."
        raise headers.invalid_argument("Id", str(named), message)
    present = call.documents_below(_PREFIX)
    if inventory_id in present:
        raise OSSError(Code.INVENTORY_ALREADY_EXISTS, InventoryId=inventory_id)
    if len(present) >= MAX_INVENTORIES:
        raise OSSError(Code.TOO_MANY_INVENTORIES)
    call.keep(_PREFIX + inventory_id, xml.format(_ROOT, content))
    return Response()


@operation("GetBucketInventory", "GET", Resource.BUCKET, _ONE, status=Status.KEPT)
def get_bucket_inventory(call: Call) -> Response:
    """An inventory by its id; raises `NoSuchInventory`."""
    inventory_id = call.request.query["inventoryId"]
    inventory = call.documents.get(_PREFIX + inventory_id)
    if inventory is None:
        raise OSSError(Code.NO_SUCH_INVENTORY, InventoryId=inventory_id)
    return xml.reply(inventory)


@operation(
    "ListBucketInventory",
    "GET",
    Resource.BUCKET,
    "inventory",
    action="oss:GetBucketInventory",
    status=Status.KEPT,
)
def list_bucket_inventory(call: Call) -> Response:
    """A page of the inventories by id; raises `NoSuchInventory` where there are none."""
    found = call.documents_below(_PREFIX)
    if not found:
        raise OSSError(Code.NO_SUCH_INVENTORY, BucketName=call.bucket.name)
    token = call.request.query.get("continuation-token", "")
    marker = paging.parse_token(token) if token else ""
    page, truncated = paging.first((item for item in found.items() if item[0] > marker), PAGE)
    return xml.answer(
        "ListInventoryConfigurationsResult",
        [
            *((_ROOT, xml.parse(item, _ROOT).content) for _, item in page),
            ("IsTruncated", truncated),
            ("ContinuationToken", token or None),
            ("NextContinuationToken", paging.format_token(page[-1][0]) if truncated else None),
        ],
    )


@operation("DeleteBucketInventory", "DELETE", Resource.BUCKET, _ONE, status=Status.KEPT)
def delete_bucket_inventory(call: Call) -> Response:
    """Remove an inventory; 204 whether it was there or not."""
    call.keep(_PREFIX + call.request.query["inventoryId"], None)
    return Response(204)


def _settle(child: tuple[str, xml.Value]) -> tuple[str, xml.Value]:
    """The storage classes of a filter in their order; raises `InvalidArgument`."""
    name, content = child
    if name != "Filter" or isinstance(content, str | int | None):
        return child
    settled = dict(content)
    classes = sorted(filter(None, str(settled.get("StorageClass") or "").split(",")))
    for storage_class in classes:
        if storage_class not in ("All", *headers.STORAGE_CLASSES):
            message = "No such storage class exists."
            raise headers.invalid_argument("StorageClass", storage_class, message)
    if classes:
        settled["StorageClass"] = ",".join(classes)
    return name, list(settled.items())
