"""Identifies the caller by the signature of a request (P-19, A-50), and checks permissions."""

from typing import Final

from oss_referer import Signing
from oss_referer.browser.changes import V1_OF_ACCOUNTS, V1_OF_BUCKETS

from oss_emulator.access.accounts import KeyProblem
from oss_emulator.access.identity import AccessKey, Identity
from oss_emulator.operations import permissions
from oss_emulator.operations.admission import Admission, Claimed
from oss_emulator.operations.call import Call
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol import form_policy, signature
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.headers import EXPLAIN
from oss_emulator.protocol.s3 import form as s3_form
from oss_emulator.protocol.s3 import signature as s3_signature
from oss_emulator.protocol.s3.payload import Payload
from oss_emulator.protocol.signature import Claim, SignedIn, Version
from oss_emulator.protocol.signature import form as form_signature
from oss_emulator.settings import Auth

_SIGNING: Final = {
    SignedIn.HEADER: Signing.HEADER,
    SignedIn.URL: Signing.URL,
    SignedIn.FORM: Signing.FORM,
}

_KEY_PROBLEMS: Final = {
    KeyProblem.UNKNOWN: ErrorCase.INVALID_ACCESS_KEY_ID,
    KeyProblem.NOT_TEMPORARY: ErrorCase.KEY_IS_NOT_TEMPORARY,
    KeyProblem.INVALID: ErrorCase.INVALID_SECURITY_TOKEN,
    KeyProblem.EXPIRED: ErrorCase.SECURITY_TOKEN_EXPIRED,
}
"""The error for each problem with a key (A-50)."""


def authenticate(admission: Admission, service: Deployment) -> None:
    """Identify the caller by signature, access key and temporary token; forms are signed in fields.

    A request without a signature is anonymous (P-19). If the operation is not emulated, only the
    key is checked, because vectors and tables are signed in other ways. Raises `OSSError` for a
    malformed signature, an unusable key, and a signature that does not match.
    """
    form, request = admission.form, admission.request
    if form is not None:
        claim = _parse_form(form)
    elif request.original is not None:
        claim = s3_signature.parse(request.original)
    else:
        claim = signature.parse(request)
    if claim is None:
        return
    signing = _SIGNING[claim.place]
    if service.settings.auth is Auth.OFF:  # any well-formed signature is accepted
        admission.claimed, admission.caller = Claimed(signing), service.accounts.owner
        return
    admission.claimed = Claimed(signing, claim.access_key_id, claim)
    identity, secret = _identify(claim, service, request.received)
    if form is not None:
        admission.sizes = _verify_form(form, claim, admission, secret)
    elif secret is not None and admission.operation.refusal is None:
        _verify(claim, admission, secret)
    admission.caller = identity


def check_version(admission: Admission, service: Deployment) -> None:
    """Refuse signatures of version 1 where the service does (P-60)."""
    claim, bucket, changes = admission.claimed.claim, admission.record, service.changes
    if claim is None or claim.version is not Version.V1:
        return
    if changes.follow(V1_OF_ACCOUNTS) or (
        bucket is not None and changes.follow(V1_OF_BUCKETS, bucket.created)
    ):
        raise OSSError(ErrorCase.V1_CLOSED)


def find_payload(admission: Admission, service: Deployment) -> None:
    """Find how S3 frames and signs the body; raises `OSSError`."""
    request, claim = admission.request, admission.claimed.claim
    if request.original is None or admission.form is not None:
        return
    payload = Payload.parse(request.original, strict=service.settings.strict_s3)
    if claim is not None:
        _, secret = _identify(claim, service, request.received)
        payload = payload.sign(claim, secret)
    admission.payload = payload


def authorize(admission: Admission, service: Deployment) -> None:
    """Decide by policies, ownership and ACLs; raises `AccessDenied`."""
    access = permissions.allow_by_acl(admission, service.storage)
    if access is None:
        access = permissions.check_call(Call(admission, service.environment))
    admission.access = access


def _parse_form(form: Form) -> Claim | None:
    if form.original is not None:
        return s3_form.parse(form.original)
    return form_signature.parse(form) if form_signature.is_signed(form) else None


def _verify_form(form: Form, claim: Claim, admission: Admission, secret: str | None) -> Sizes:
    """Check the signature of a form, and its fields against its policy.

    Returns the sizes that the file may have.
    """
    now = admission.request.received
    if secret is not None and form.original is not None:
        s3_form.verify(claim, form.original, secret)
    elif secret is not None:
        form_signature.verify(claim, form, secret, admission.region, now)
    policy = form_policy.parse_form_policy(form.text(form_signature.POLICY))
    sent, bucket = admission.request.headers, admission.named_bucket
    policy.check(s3_form.conditional(form, bucket, sent), now)
    return policy.sizes


def _identify(claim: Claim, service: Deployment, now: float) -> tuple[Identity, str | None]:
    """Return the owner of the claimed key, and its secret (None if any signature is accepted)."""
    accounts = service.accounts
    found = accounts.find(claim.access_key_id, claim.token or "", now)
    if isinstance(found, AccessKey):
        return found.identity, found.secret
    known = accounts.knows(claim.access_key_id, claim.token or "")
    if known or service.settings.auth is not Auth.RELAXED:
        raise OSSError(_KEY_PROBLEMS[found], OSSAccessKeyId=claim.access_key_id)
    return accounts.owner, None


def _verify(claim: Claim, admission: Admission, secret: str) -> None:
    """Check a signature, which may or may not cover the header that asks for an explanation."""
    request, region = admission.request, admission.region
    target = admission.target
    if target.signed_key is not None:
        target = target._replace(key=target.signed_key)
    if admission.access_point is not None:  # clients sign the alias that the request names
        target = target._replace(bucket=admission.named_bucket)
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
