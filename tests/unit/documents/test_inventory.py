"""Inventories: valid configurations."""

from __future__ import annotations

import pytest
from oss_emulator.documents import inventory
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.storage import MemoryStorage

INVENTORY = """<InventoryConfiguration><Id>i</Id><IsEnabled>True</IsEnabled>{filter}
<Destination><OSSBucketDestination><Format>CSV</Format><AccountId>1</AccountId>
<RoleArn>acs:ram::1:role/r</RoleArn><Bucket>acs:oss:::bucket</Bucket></OSSBucketDestination>
</Destination><Schedule><Frequency>{frequency}</Frequency></Schedule>
<IncludedObjectVersions>All</IncludedObjectVersions></InventoryConfiguration>"""


def keep(filter_: str = "", frequency: str = "Daily", inventory_id: str = "i") -> xml.Node:
    document = INVENTORY.format(filter=filter_, frequency=frequency).encode()
    return xml.parse(inventory.format(document, inventory_id), inventory.ROOT)


def test_inventory_is_kept_in_the_form_of_the_service() -> None:
    assert keep().text("IsEnabled") == "true"


def test_storage_classes_of_a_filter_are_sorted() -> None:
    found = keep("<Filter><Prefix>p</Prefix><StorageClass>Standard,,IA</StorageClass></Filter>")
    assert (found.text("Filter/Prefix"), found.text("Filter/StorageClass")) == ("p", "IA,Standard")


def test_unknown_storage_class_is_refused() -> None:
    with pytest.raises(OSSError) as caught:
        keep("<Filter><StorageClass>IA,Hot</StorageClass></Filter>")
    assert caught.value.message == (
        "Storage class 'Hot' is unknown; "
        "use All, Standard, IA, Archive, ColdArchive or DeepColdArchive."
    )


def test_empty_kms_key_is_accepted() -> None:
    """P-58"""
    key = "<Encryption><SSE-KMS><KeyId></KeyId></SSE-KMS></Encryption></OSSBucketDestination>"
    document = INVENTORY.format(filter="", frequency="Daily")
    kept = inventory.format(document.replace("</OSSBucketDestination>", key).encode(), "i")
    encryption = "Destination/OSSBucketDestination/Encryption/SSE-KMS/KeyId"
    assert xml.parse(kept, inventory.ROOT).first(encryption) is not None


def test_two_kinds_of_encryption_are_refused() -> None:
    """P-90: the suite of Go V1 expects an error."""
    both = "<Encryption><SSE-OSS/><SSE-KMS><KeyId>k</KeyId></SSE-KMS></Encryption>"
    document = INVENTORY.format(filter="", frequency="Daily")
    document = document.replace("</OSSBucketDestination>", f"{both}</OSSBucketDestination>")
    with pytest.raises(DocumentError, match="SSE-OSS or SSE-KMS, not both"):
        inventory.format(document.encode(), "i")


@pytest.mark.parametrize(
    "destination", ["acs:oss:::no-such-bucket", "no-such-bucket", "acs:oss:::"]
)
def test_unknown_destination_is_refused(destination: str) -> None:
    """P-58"""
    document = INVENTORY.format(filter="", frequency="Daily")
    kept = inventory.format(document.replace("acs:oss:::bucket", destination).encode(), "i")
    with pytest.raises(OSSError, match="destination bucket must exist") as caught:
        inventory.check_destination(kept, MemoryStorage())
    assert caught.value.code == "InvalidArgument"
    assert caught.value.details["ArgumentValue"] == destination


def test_id_must_equal_that_of_the_request() -> None:
    with pytest.raises(OSSError) as caught:
        keep(inventory_id="other")
    assert caught.value.details["ArgumentName"] == "Id"


def test_unknown_frequency_is_refused() -> None:
    with pytest.raises(DocumentError, match="must be Daily, Weekly or Monthly"):
        keep(frequency="Hourly")
