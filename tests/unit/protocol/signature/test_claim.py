"""The comparison of a signature with the one that was calculated."""

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.signature.claim import Calculation, Claim, SignedIn, Version


def test_error_repeats_at_most_8_kib_of_what_was_signed() -> None:
    claim = Claim(Version.V4, SignedIn.FORM, "id", "wrong", None, "")
    with pytest.raises(OSSError) as raised:
        Calculation("right", b"a" * 2_000_000, b"b" * 2_000_000).compare(claim, "")
    details = raised.value.details
    assert details["StringToSign"] == "a" * 8192
    assert details["StringToSignBytes"] == "61 " * 8192
    assert details["CanonicalRequest"] == "b" * 8192
