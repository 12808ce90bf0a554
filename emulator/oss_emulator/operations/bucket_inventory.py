"""Inventories of a bucket: put, read, list and delete them by id."""

from oss_emulator.documents import inventory
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import paging, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

PAGE = 100
"""The number of inventories on a page (ListBucketInventory)."""

_ONE = "inventory&inventoryId"


@answers(f"PUT /bucket?{_ONE}", "PutBucketInventory")
def put_bucket_inventory(call: Call) -> Response:
    """Add an inventory.

    Raises `InvalidArgument` for an invalid destination, `InventoryAlreadyExist` and
    `InventoryExceedLimit`.
    """
    inventory_id = call.request.query["inventoryId"]
    document = inventory.format(call.body.read(), inventory_id)
    inventory.check_destination(document, call.bucket, call.storage)
    present = call.documents_below(inventory.PREFIX)
    if inventory_id in present:
        raise OSSError(ErrorCase.INVENTORY_ALREADY_EXISTS, InventoryId=inventory_id)
    if len(present) >= inventory.MAX_INVENTORIES:
        raise OSSError(ErrorCase.TOO_MANY_INVENTORIES)
    call.keep(inventory.PREFIX + inventory_id, document)
    return Response()


@answers(f"GET /bucket?{_ONE}", "GetBucketInventory")
def get_bucket_inventory(call: Call) -> Response:
    """Return an inventory by its id; raises `NoSuchInventory`."""
    inventory_id = call.request.query["inventoryId"]
    missing = OSSError(ErrorCase.NO_SUCH_INVENTORY, InventoryId=inventory_id)
    return xml.reply(call.document(inventory.PREFIX + inventory_id, missing))


@answers("GET /bucket?inventory", "ListBucketInventory", action="oss:GetBucketInventory")
def list_bucket_inventory(call: Call) -> Response:
    """List a page of the inventories by id; raises `NoSuchInventory` if there are none.

    The continuation token is the last id of the previous page (P-58).
    """
    found = call.documents_below(inventory.PREFIX)
    if not found:
        raise OSSError(ErrorCase.NO_SUCH_INVENTORY, BucketName=call.bucket.name)
    token = call.request.query.get("continuation-token", "")
    page, following = paging.after(found.items(), token, PAGE)
    return xml.respond(
        "ListInventoryConfigurationsResult",
        *((inventory.ROOT, xml.parse(document, inventory.ROOT).content) for _, document in page),
        ("IsTruncated", bool(following)),
        ("ContinuationToken", token or None),
        ("NextContinuationToken", following or None),
    )


@answers("DELETE /bucket?inventory", "DeleteBucketInventory")
def delete_bucket_inventory(call: Call) -> Response:
    """Remove an inventory; answers 204 even if there was none. Raises `MissingArgument`."""
    inventory_id = call.request.query.get("inventoryId")
    if inventory_id is None:
        raise OSSError(ErrorCase.INVENTORY_ID_MISSING)
    call.keep(inventory.PREFIX + inventory_id, None)
    return Response(204)
