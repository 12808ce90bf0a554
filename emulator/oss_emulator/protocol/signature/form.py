"""Signatures in the fields of a form, of version 1 or 4; the policy is signed (PostObject)."""

from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol.form import Form, missing
from oss_emulator.protocol.headers import encode, invalid_argument
from oss_emulator.protocol.signature import v1, v4
from oss_emulator.protocol.signature.claim import (
    MAX_SKEW,
    Calculation,
    Claim,
    SignedIn,
    Version,
    check_key_id,
    format_day,
    parse_time,
)

MAX_AGE: Final = v4.MAX_EXPIRES
"""Seconds that a form of version 4 is valid after its `x-oss-date` (POST V4 signature)."""

POLICY: Final = "policy"
_VERSION: Final = "x-oss-signature-version"
_CREDENTIAL: Final = "x-oss-credential"
_DATE: Final = "x-oss-date"

# The fields of a signed form, each with the EC of a missing one; that of x-oss-date is unknown.
_FIELDS_OF_V1: Final = {
    "OSSAccessKeyId": "0002-00000706",
    POLICY: "0002-00000702",
    "Signature": "0002-00000703",
}
_FIELDS_OF_V4: Final = {
    _CREDENTIAL: "",
    _DATE: "",
    POLICY: "0002-00000702",
    "x-oss-signature": "0002-00000703",
}
_MARKS_OF_V4: Final = (_VERSION, _CREDENTIAL, "x-oss-signature")
# The name of an empty field in the error, and the EC where it is known.
_EMPTY: Final = {
    "OSSAccessKeyId": ("accessKeyId", "0002-00000707"),
    "Signature": ("signature", "0002-00000704"),
    "x-oss-signature": ("signature", "0002-00000704"),
    POLICY: ("policy", "0006-00000205"),
}


def is_signed(form: Form) -> bool:
    """Return whether a form is signed, correctly or not; otherwise it is anonymous."""
    return any(map(form.has, (*_FIELDS_OF_V1, *_MARKS_OF_V4)))


def parse(form: Form) -> Claim:
    """Parse the claim of a signed form.

    Raises `InvalidArgument` if a field is missing or malformed.
    """
    return _parse_v4(form) if any(map(form.has, _MARKS_OF_V4)) else _parse_v1(form)


def verify(claim: Claim, form: Form, secret: str, region: str, now: float) -> None:
    """Check that the signature was made with `secret` and is valid now, in seconds since the epoch.

    `claim` is what `parse` found in `form`. Raises `InvalidArgument` for another region or a date
    too far from now, and `SignatureDoesNotMatch`.
    """
    policy = encode(form.text(POLICY))
    if claim.version is Version.V1:
        signature = v1.sign(secret, policy)
    else:
        _check_scope(claim, form, region, now)
        key = v4.signing_key(secret, claim.day, claim.region, claim.product)
        signature = v4.sign(key, policy)
    Calculation(signature, policy).compare(claim, "0002-00000705")


def _parse_v1(form: Form) -> Claim:
    found = _require(form, _FIELDS_OF_V1)
    return Claim(
        Version.V1,
        SignedIn.FORM,
        access_key_id=found["OSSAccessKeyId"],
        signature=found["Signature"],
        token=_token(form),
        date="",
    )


def _parse_v4(form: Form) -> Claim:
    version = form.text(_VERSION)
    if version != v4.SCHEME:
        if not form.has(_VERSION):
            raise missing(_VERSION)
        raise invalid_argument(_VERSION, version, "The signature version is not supported.")
    found = _require(form, _FIELDS_OF_V4)
    signed_at = parse_time(found[_DATE])
    if signed_at is None:
        raise invalid_argument(_DATE, found[_DATE], "The date is invalid.")
    credential = found[_CREDENTIAL]
    parts = credential.rsplit("/", 4)
    if not parts[0] or parts[3:] != ["oss", v4.TERMINATOR]:
        message = "The credential is invalid."
        raise invalid_argument(_CREDENTIAL, credential, message, ec="0002-00000710")
    access_key_id, day, region, product, _ = parts
    check_key_id(access_key_id, "0002-00000708")
    if day != format_day(signed_at):
        message = "The date in the credential is invalid."
        raise invalid_argument(_CREDENTIAL, credential, message, ec="0002-00000709")
    return Claim(
        Version.V4,
        SignedIn.FORM,
        access_key_id=access_key_id,
        signature=found["x-oss-signature"],
        token=_token(form),
        date=found[_DATE],
        signed_at=signed_at,
        expires_at=signed_at + MAX_AGE,
        day=day,
        region=region,
        product=product,
    )


def _check_scope(claim: Claim, form: Form, region: str, now: float) -> None:
    if claim.region != region:
        message = "The signing region in credential is invalid."
        raise invalid_argument(_CREDENTIAL, form.text(_CREDENTIAL), message, ec="0002-00000715")
    ahead = claim.signed_at is not None and claim.signed_at - now > MAX_SKEW
    if ahead or (claim.expires_at is not None and now > claim.expires_at):
        message = "The date is too far from the time of the server."
        raise invalid_argument(_DATE, claim.date, message, ec="0002-00000709")


def _require(form: Form, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the values of required fields; raises `InvalidArgument` for a missing or empty one."""
    for name, ec in fields.items():
        if not form.has(name):
            raise missing(name, ec)
        if not form.text(name):
            called, ec = _EMPTY.get(name, (name, ""))
            raise invalid_argument(name, "", f"Post request {called} is empty.", ec=ec)
    return {name: form.text(name) for name in fields}


def _token(form: Form) -> str | None:
    return form.text("x-oss-security-token") or None
