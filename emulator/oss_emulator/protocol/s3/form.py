"""Forms of S3: translates their fields to OSS, and verifies the signature of their policy (P-75).

Source: "Browser-based uploads using POST" of the Amazon S3 documentation.
"""

from collections.abc import Mapping
from typing import Final

from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form, missing
from oss_emulator.protocol.headers import encode, invalid_argument
from oss_emulator.protocol.s3 import headers, signature
from oss_emulator.protocol.signature import v1, v4
from oss_emulator.protocol.signature.claim import (
    Calculation,
    Claim,
    SignedIn,
    Version,
    format_day,
    parse_time,
)

_POLICY: Final = "policy"
_ACL: Final = "x-oss-object-acl"
_ACLS: Final = ("acl", "x-amz-acl", _ACL)
"""The names that a form and its policy may use for the ACL of the object."""
_TAGGING: Final = "tagging"
_FIELDS_V4: Final = ("x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature")
_FIELDS_V2: Final = ("AWSAccessKeyId", "Signature")
_SIGNING: Final = frozenset(name.lower() for name in (*_FIELDS_V4, *_FIELDS_V2))


def is_marked(form: Form) -> bool:
    """Whether the fields of a form are those of S3."""
    return form.has("AWSAccessKeyId") or any(
        name.startswith(headers.PREFIX) for name in form.fields
    )


def translate(form: Form) -> Form:
    """Translate a form of S3 to one of OSS, which keeps the original; raises `OSSError`."""
    fields = {name: value for name, value in form.fields.items() if name not in _SIGNING}
    for name in fields:  # checksums of files are not checked, and OSS has no field for tags
        if name.startswith(headers.CHECKSUM) or name == _TAGGING:
            raise headers.unsupported(name, "field")
    found = headers.to_oss(fields, of_object=True)
    if "acl" in found:
        found[_ACL] = found.pop("acl")
    return form._replace(fields=found, original=form)


def conditional(form: Form, bucket: str, sent: Mapping[str, str]) -> dict[str, str]:
    """Return the values that the conditions of a policy check: those that the object really gets.

    Each value has all names that a condition of OSS or S3 may use for it. `bucket` is the bucket
    that the form is sent to; `sent` are the headers of the request, of which only the ACL counts.
    """
    given = {} if form.original is None else form.original.fields
    found = {**given, **form.fields, **headers.from_oss(form.fields), "bucket": bucket}
    if form.stored_type is not None:
        found["content-type"] = form.stored_type
    acl = form.fields.get(_ACL, sent.get(_ACL))
    return found if acl is None else {**found, **dict.fromkeys(_ACLS, acl)}


def parse(form: Form) -> Claim | None:
    """Parse the claim of an S3 form; None if it is not signed. Raises `InvalidArgument`."""
    if any(map(form.has, _FIELDS_V4)):
        return _parse_v4(form)
    if any(map(form.has, _FIELDS_V2)):
        _require(form, (*_FIELDS_V2, _POLICY))
        access_key_id, made = (form.text(name) for name in _FIELDS_V2)
        return Claim(
            version=Version.V2,
            place=SignedIn.FORM,
            access_key_id=access_key_id,
            signature=made,
            token=_token(form),
            date="",
        )
    return None


def verify(claim: Claim, form: Form, secret: str) -> None:
    """Check that the policy of a form was signed with `secret`; raises `SignatureDoesNotMatch`.

    The policy says until when the form is valid.
    """
    policy = encode(form.text(_POLICY))
    if claim.version is Version.V2:
        expected = v1.sign(secret, policy)
    else:
        key = signature.signing_key(secret, claim.day, claim.region)
        expected = v4.sign(key, policy)
    signature.compare(claim, Calculation(expected, policy))


def _parse_v4(form: Form) -> Claim:
    _require(form, (*_FIELDS_V4, _POLICY))
    algorithm, credential, date, made = (form.text(name) for name in _FIELDS_V4)
    if algorithm != signature.SCHEME:
        raise _refuse("x-amz-algorithm", algorithm)
    signed_at = parse_time(date)
    if signed_at is None:
        raise _refuse("x-amz-date", date)
    access_key_id, day, region = signature.parse_credential(credential, "")
    if day != format_day(signed_at):
        raise _refuse("x-amz-credential", credential)
    return Claim(
        version=Version.V4,
        place=SignedIn.FORM,
        access_key_id=access_key_id,
        signature=made,
        token=_token(form),
        date=date,
        signed_at=signed_at,
        day=day,
        region=region,
        product=signature.SERVICE,
    )


def _require(form: Form, names: tuple[str, ...]) -> None:
    for name in names:
        if not form.text(name):
            raise missing(name)


def _token(form: Form) -> str | None:
    return form.text("x-amz-security-token") or None


def _refuse(name: str, value: str) -> OSSError:
    message = f"The field {name} of the form is invalid."
    return invalid_argument(name, value, message)
