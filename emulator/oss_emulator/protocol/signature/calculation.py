"""The calculation of a signature: the expected signature and the texts behind it."""

import hmac
from typing import Final, NamedTuple

from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.signature.claim import Claim, Place, Version

_EC_OF_FORMS: Final = "0002-00000705"
_EC: Final = {
    Version.V1: "0002-00000040",
    Version.V2: "0002-00000101",
    Version.V4: "0002-00000201",
}


class Calculation(NamedTuple):
    """A signature calculated from the request and the secret."""

    signature: str
    string_to_sign: bytes
    canonical_request: bytes = b""
    """Only in V4: the canonical request, whose hash is in `string_to_sign`."""

    def compare(self, claim: Claim) -> None:
        """Raise `SignatureDoesNotMatch`, with the texts to find out why, unless they agree."""
        claimed = claim.signature
        if claimed.isascii() and hmac.compare_digest(self.signature, claimed):
            return
        error = OSSError(
            ErrorCase.SIGNATURE_DOES_NOT_MATCH,
            ec=_EC_OF_FORMS if claim.place is Place.FORM else _EC[claim.version],
            OSSAccessKeyId=claim.access_key_id,
            SignatureProvided=claimed,
            StringToSign=self.string_to_sign.decode(errors="replace"),
            # The service also ends it with a blank.
            StringToSignBytes=self.string_to_sign.hex(" ").upper() + " ",
        )
        if self.canonical_request:
            error.details["CanonicalRequest"] = self.canonical_request.decode(errors="replace")
        raise error
