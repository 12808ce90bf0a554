"""The table of P-12 against the lists of the SDKs that are here."""

import oss2
import pytest
from alibabacloud_oss_v2.signer import SignerV1
from oss_emulator.protocol.signature.subresources import SUBRESOURCES

# fmt: off
UNSIGNED = {
    "prefix", "marker", "delimiter", "max-keys", "encoding-type", "list-type", "start-after",
    "fetch-owner", "key-marker", "upload-id-marker", "version-id-marker", "max-uploads",
    "max-parts", "part-number-marker", "regions", "OSSAccessKeyId", "Expires", "Signature",
}
# fmt: on


@pytest.mark.parametrize(
    "names", [oss2.ProviderAuth._subresource_key_set, SignerV1._subresource_key_set]
)
def test_what_an_sdk_signs_is_signed(names: frozenset[str]) -> None:
    assert {name for name in names if not name.startswith("x-oss-")} <= SUBRESOURCES


def test_what_no_sdk_signs_is_not() -> None:
    assert SUBRESOURCES.isdisjoint(UNSIGNED)


def test_no_name_is_there_for_its_prefix() -> None:
    assert not [name for name in SUBRESOURCES if name.startswith("x-oss-")]
