"""Inventories of a bucket: put, read, list and delete by id."""

from __future__ import annotations

from tests.unit.operations.service import Caller

INVENTORY = """<InventoryConfiguration><Id>%s</Id><IsEnabled>true</IsEnabled>
<Destination><OSSBucketDestination><Format>CSV</Format><AccountId>1</AccountId>
<RoleArn>acs:ram::1:role/r</RoleArn><Bucket>acs:oss:::bucket</Bucket></OSSBucketDestination>
</Destination><Schedule><Frequency>Daily</Frequency></Schedule>
<IncludedObjectVersions>All</IncludedObjectVersions></InventoryConfiguration>"""
TARGET = "/bucket?inventory&inventoryId=%s"


def test_inventory_is_added_once(ask: Caller) -> None:
    assert ask("PUT", TARGET % "i", INVENTORY % "i").status == 200
    assert ask("GET", TARGET % "i").text("Id") == "i"
    answer = ask("PUT", TARGET % "i", INVENTORY % "i")
    assert (answer.status, answer.code) == (409, "InventoryAlreadyExist")


def test_inventory_needs_an_existing_destination(ask: Caller) -> None:
    """P-58"""
    lost = (INVENTORY % "i").replace("acs:oss:::bucket", "acs:oss:::no-such-bucket")
    answer = ask("PUT", TARGET % "i", lost)
    assert (answer.code, answer.text("ArgumentName")) == ("InvalidArgument", "Bucket")
    assert ask("GET", TARGET % "i").code == "NoSuchInventory"


def test_deleted_inventory_is_missing(ask: Caller) -> None:
    ask("PUT", TARGET % "i", INVENTORY % "i")
    for _ in range(2):
        assert ask("DELETE", TARGET % "i").status == 204
    for target in (TARGET % "i", "/bucket?inventory"):
        answer = ask("GET", target)
        assert (answer.status, answer.code) == (404, "NoSuchInventory")


def test_page_of_inventories_has_100(ask: Caller) -> None:
    for number in range(101):
        ask("PUT", TARGET % f"i{number:03}", INVENTORY % f"i{number:03}")
    first = ask("GET", "/bucket?inventory")
    assert (first.body.count(b"<Id>"), first.text("IsTruncated")) == (100, "true")
    token = first.text("NextContinuationToken")
    assert token == "i099"  # P-58
    rest = ask("GET", f"/bucket?inventory&continuation-token={token}")
    assert rest.text("InventoryConfiguration/Id") == "i100"
    assert (rest.body.count(b"<Id>"), rest.text("IsTruncated")) == (1, "false")


def test_bucket_has_at_most_1000_inventories(ask: Caller) -> None:
    storage = ask.service.storage
    bucket = storage.bucket("bucket")
    assert bucket is not None
    present = {f"inventory/{number}": b"<InventoryConfiguration/>" for number in range(1000)}
    storage.put_bucket(bucket._replace(documents=present))
    answer = ask(
        "PUT",
        "/bucket?inventory&inventoryId=more",
        """
        <InventoryConfiguration>
          <Id>more</Id><IsEnabled>true</IsEnabled>
          <Destination><OSSBucketDestination>
            <Format>CSV</Format><AccountId>1</AccountId><RoleArn>acs:ram::1:role/r</RoleArn>
            <Bucket>acs:oss:::bucket</Bucket>
          </OSSBucketDestination></Destination>
          <Schedule><Frequency>Daily</Frequency></Schedule>
          <IncludedObjectVersions>All</IncludedObjectVersions>
        </InventoryConfiguration>
        """.strip(),
    )
    assert (answer.status, answer.code) == (400, "InventoryExceedLimit")
