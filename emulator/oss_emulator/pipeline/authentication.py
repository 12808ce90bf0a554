"""Authentication: finds the signature of a request and verifies it (P-19, A-50)."""

from typing import Final

from oss_emulator.access import ANONYMOUS, AccessKey, Accounts, Identity, KeyProblem
from oss_emulator.changes import V1_OF_ACCOUNTS, V1_OF_BUCKETS, Changes
from oss_emulator.operations.admission import UNSIGNED, Admission, Claimed
from oss_emulator.protocol import form_policy, signature
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.headers import EXPLAIN
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.s3 import form as s3_form
from oss_emulator.protocol.s3 import signature as s3_signature
from oss_emulator.protocol.s3.payload import Payload
from oss_emulator.protocol.signature import Claim, Place, Version
from oss_emulator.protocol.signature import form as form_signature
from oss_emulator.referer import Signing
from oss_emulator.settings import Auth, Settings
from oss_emulator.storage import Bucket

_SIGNING: Final = {
    Place.HEADER: Signing.HEADER,
    Place.URL: Signing.URL,
    Place.FORM: Signing.FORM,
}

_KEY_PROBLEMS: Final = {
    KeyProblem.UNKNOWN: ErrorCase.INVALID_ACCESS_KEY_ID,
    KeyProblem.NOT_TEMPORARY: ErrorCase.KEY_IS_NOT_TEMPORARY,
    KeyProblem.INVALID: ErrorCase.INVALID_SECURITY_TOKEN,
    KeyProblem.EXPIRED: ErrorCase.SECURITY_TOKEN_EXPIRED,
}
"""The error for each problem with a key (A-50)."""


def find_claim(request: Request, auth: Auth) -> Claimed:
    """Find the signature of a request; raises `OSSError` for a malformed one."""
    original = request.original
    claim = signature.parse(request) if original is None else s3_signature.parse(original)
    return UNSIGNED if claim is None else _claimed(claim, auth)


def authenticate(admission: Admission, accounts: Accounts, auth: Auth) -> Identity:
    """Verify the claimed signature of a request and return the signer.

    A request without a signature is anonymous (P-19). Raises `OSSError` for an unusable key and for
    a signature that does not match.
    """
    claimed, now = admission.claimed, admission.request.received
    if claimed.claim is None:
        return ANONYMOUS if claimed.signing is Signing.NONE else accounts.owner
    identity, secret = _identify(claimed.claim, accounts, auth, now)
    if secret is not None:
        _verify(claimed.claim, admission, secret)
    return identity


def find_payload(admission: Admission, accounts: Accounts, settings: Settings) -> Payload | None:
    """Find how the body of an S3 request is framed and signed; None for a request of OSS.

    Raises `OSSError`.
    """
    request, claim = admission.request, admission.claimed.claim
    if request.original is None:
        return None
    payload = Payload.parse(request.original, strict=settings.strict_s3)
    if claim is None:
        return payload
    _, secret = _identify(claim, accounts, settings.auth, request.received)
    return payload.sign(claim, secret)


def check_version(claimed: Claimed, bucket: Bucket | None, changes: Changes) -> None:
    """Raise `AccessDenied` for a signature of version 1 if the service refuses them (P-60)."""
    if claimed.claim is None or claimed.claim.version is not Version.V1:
        return
    if changes.follow(V1_OF_ACCOUNTS) or (
        bucket is not None and changes.follow(V1_OF_BUCKETS, bucket.created)
    ):
        raise OSSError(ErrorCase.V1_CLOSED)


def find_form_claim(form: Form, auth: Auth) -> Claimed:
    """Find the signature of a form; raises `InvalidArgument` for a malformed one."""
    claim = None
    if form.original is not None:
        claim = s3_form.parse(form.original)
    elif form_signature.is_signed(form):
        claim = form_signature.parse(form)
    return UNSIGNED if claim is None else _claimed(claim, auth)


def authenticate_form(
    admission: Admission, form: Form, accounts: Accounts, auth: Auth
) -> tuple[Identity, Sizes]:
    """Verify the claimed signature of a form and check its fields against its policy.

    Returns the signer and the sizes that the file may have. Raises `OSSError`.
    """
    claimed, now = admission.claimed, admission.request.received
    claim = claimed.claim
    if claim is None:
        return (ANONYMOUS if claimed.signing is Signing.NONE else accounts.owner), Sizes()
    identity, secret = _identify(claim, accounts, auth, now)
    if secret is not None and form.original is not None:
        s3_form.verify(claim, form.original, secret)
    elif secret is not None:
        form_signature.verify(claim, form, secret, admission.region, now)
    policy = form_policy.parse(form.text(form_signature.POLICY))
    sent, bucket = admission.request.headers, admission.named_bucket
    policy.check(s3_form.conditional(form, bucket, sent), now)
    return identity, policy.sizes


def _claimed(claim: Claim, auth: Auth) -> Claimed:
    if auth is Auth.OFF:  # well-formed is enough
        return Claimed(_SIGNING[claim.place])
    return Claimed(_SIGNING[claim.place], claim.access_key_id, claim)


def _identify(
    claim: Claim, accounts: Accounts, auth: Auth, now: float
) -> tuple[Identity, str | None]:
    """Find the owner of the claimed key and the secret, None if any signature is accepted."""
    found = accounts.find(claim.access_key_id, claim.token or "", now)
    if isinstance(found, AccessKey):
        return found.identity, found.secret
    known = accounts.knows(claim.access_key_id, claim.token or "")
    if known or auth is not Auth.RELAXED:
        raise OSSError(_KEY_PROBLEMS[found], OSSAccessKeyId=claim.access_key_id)
    return accounts.owner, None


def _verify(claim: Claim, admission: Admission, secret: str) -> None:
    """Check a signature; it may cover the header that asks for an explanation, or omit it."""
    request, region = admission.request, admission.region
    # The name that was signed is that in the request, also if it is the alias of an access point.
    target = admission.target
    key = target.key if target.signed_key is None else target.signed_key
    target = target._replace(bucket=admission.named_bucket, key=key)
    if request.original is not None:
        s3_signature.verify(claim, request.original, target.bucket, target.key, secret)
        return
    try:
        signature.verify(claim, request, target, secret, region)
    except OSSError as error:
        if EXPLAIN not in request.headers or error.code != "SignatureDoesNotMatch":
            raise
        headers = {name: value for name, value in request.headers.items() if name != EXPLAIN}
        signature.verify(claim, request._replace(headers=headers), target, secret, region)
