"""The errors for wrong signatures."""

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature import Claim, Place, Version
from oss_emulator.protocol.signature.calculation import Calculation

CALCULATION = Calculation("right", b"to\nsign")


def claim(signature: str, version: Version = Version.V1, place: Place = Place.HEADER) -> Claim:
    return Claim(version, place, "id", signature, None, "")


def test_equal_signature_is_accepted() -> None:
    CALCULATION.compare(claim("right"))


@pytest.mark.parametrize("signature", ["", "wrong", "RIGHT", "righ\xe9"])
def test_wrong_signature_error_has_the_string_to_sign(signature: str) -> None:
    with pytest.raises(OSSError, match="SignatureDoesNotMatch") as caught:
        CALCULATION.compare(claim(signature))
    assert caught.value.details == {
        "OSSAccessKeyId": "id",
        "SignatureProvided": signature,
        "StringToSign": "to\nsign",
        "StringToSignBytes": "74 6F 0A 73 69 67 6E ",
    }


@pytest.mark.parametrize(
    ("version", "place", "ec"),
    [
        (Version.V1, Place.HEADER, "0002-00000040"),
        (Version.V2, Place.URL, "0002-00000101"),
        (Version.V4, Place.HEADER, "0002-00000201"),
        (Version.V4, Place.FORM, "0002-00000705"),
    ],
)
def test_ec_depends_on_the_version_and_on_forms(version: Version, place: Place, ec: str) -> None:
    with pytest.raises(OSSError) as caught:
        CALCULATION.compare(claim("wrong", version, place))
    assert caught.value.ec == ec


def test_v4_error_has_the_canonical_request() -> None:
    with pytest.raises(OSSError) as caught:
        CALCULATION._replace(canonical_request=b"GET\n/").compare(claim("wrong", Version.V4))
    assert caught.value.details["CanonicalRequest"] == "GET\n/"
