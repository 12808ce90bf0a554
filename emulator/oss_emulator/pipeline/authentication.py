"""Authentication: finds the signature of a request and verifies it (P-19, A-50)."""

import os
from pathlib import Path
from secrets import token_bytes
from typing import Final, NamedTuple

from oss_emulator.access import (
    ANONYMOUS,
    AccessKey,
    Accounts,
    AccountsError,
    Identity,
    KeyProblem,
)
from oss_emulator.protocol import form_policy, signature
from oss_emulator.protocol.address import Target
from oss_emulator.protocol.changes import V1_OF_ACCOUNTS, V1_OF_BUCKETS, Changes
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
from oss_emulator.toml import read_file

OWNER: Final = Identity("1000000000000001")
"""The account that owns the configured key."""

TOKEN_KEY_FILE: Final = "sts.key"  # noqa: S105 - the name of a file
TOKEN_KEY_SIZE: Final = 32
"""Bytes of the key that signs security tokens."""

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


class Claimed(NamedTuple):
    """The signature that a request carries, not verified yet."""

    signing: Signing = Signing.NONE
    access_key_id: str = ""
    claim: Claim | None = None
    """None for a request without a signature, and where signatures are not verified."""


UNSIGNED: Final = Claimed()


def open_accounts(settings: Settings, token_key: bytes) -> Accounts:
    """Load the accounts that the settings name; raises `AccountsError`."""
    path = settings.accounts
    if path is None:
        key = AccessKey(settings.access_key_id, settings.access_key_secret, OWNER)
        return Accounts([key], token_key=token_key)
    where = f"The accounts {path}"
    try:
        return Accounts.parse(
            read_file(path), lambda name: read_file(path.parent / name), token_key=token_key
        )
    except OSError as error:
        raise AccountsError(f"{where} cannot be read: {error.strerror}.") from None
    except AccountsError as error:
        raise AccountsError(f"{where}, {error}") from None


def open_token_key(folder: Path | None) -> bytes:
    """Return the key that signs security tokens: random, and kept in the data folder if there is
    one.

    A kept key lets tokens outlive a restart, and lets workers accept each other's tokens. Raises
    `AccountsError`.
    """
    if folder is None:
        return token_bytes(TOKEN_KEY_SIZE)
    path = folder / TOKEN_KEY_FILE
    try:
        key = read_file(path) if path.exists() else b""
        if len(key) != TOKEN_KEY_SIZE:
            key = token_bytes(TOKEN_KEY_SIZE)
            _write_secret(path, key)
    except OSError as error:
        sentence = f"The key of security tokens {path} cannot be kept: {error.strerror}."
        raise AccountsError(sentence) from None
    return key


def _write_secret(path: Path, secret: bytes) -> None:
    """Write a file that only its owner may read, as a whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with open(part, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(secret)
    part.replace(path)


def find_claim(request: Request, auth: Auth) -> Claimed:
    """Find the signature of a request; raises `OSSError` for a malformed one."""
    original = request.original
    claim = signature.parse(request) if original is None else s3_signature.parse(original)
    return UNSIGNED if claim is None else _claimed(claim, auth)


def authenticate(
    claimed: Claimed,
    request: Request,
    target: Target,
    accounts: Accounts,
    auth: Auth,
    region: str,
) -> Identity:
    """Verify the signature of a request and return the signer.

    A request without a signature is anonymous (P-19). Raises `OSSError` for an unusable key and for
    a signature that does not match.
    """
    if claimed.claim is None:
        return ANONYMOUS if claimed.signing is Signing.NONE else accounts.owner
    identity, secret = _identify(claimed.claim, accounts, auth, request.received)
    if secret is not None:
        _verify(claimed.claim, request, target, secret, region)
    return identity


def find_payload(
    claimed: Claimed, request: Request, accounts: Accounts, settings: Settings
) -> Payload | None:
    """Find how the body of an S3 request is framed and signed; None for a request of OSS.

    Raises `OSSError`.
    """
    if request.original is None:
        return None
    payload = Payload.parse(request.original, strict=settings.strict_s3)
    if claimed.claim is None:
        return payload
    _, secret = _identify(claimed.claim, accounts, settings.auth, request.received)
    return payload.sign(claimed.claim, secret)


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
    claimed: Claimed,
    form: Form,
    bucket: str,
    now: float,
    accounts: Accounts,
    auth: Auth,
    region: str,
) -> tuple[Identity, Sizes]:
    """Verify the signature of a form and check its fields against its policy.

    Returns the signer and the sizes that the file may have. Raises `OSSError`.
    """
    claim = claimed.claim
    if claim is None:
        return (ANONYMOUS if claimed.signing is Signing.NONE else accounts.owner), Sizes()
    identity, secret = _identify(claim, accounts, auth, now)
    if secret is not None and form.original is not None:
        s3_form.verify(claim, form.original, secret)
    elif secret is not None:
        form_signature.verify(claim, form, secret, region, now)
    policy = form_policy.parse(form.text(form_signature.POLICY))
    policy.check((form.original or form).conditional(bucket), now)
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


def _verify(claim: Claim, request: Request, target: Target, secret: str, region: str) -> None:
    """Check a signature; it may cover the header that asks for an explanation, or omit it."""
    if request.original is not None:
        s3_signature.verify(claim, request.original, target.bucket, target.key, secret)
        return
    try:
        signature.verify(claim, request, target.bucket, target.key, secret, region)
    except OSSError as error:
        if EXPLAIN not in request.headers or error.code != "SignatureDoesNotMatch":
            raise
        headers = {name: value for name, value in request.headers.items() if name != EXPLAIN}
        bare = request._replace(headers=headers)
        signature.verify(claim, bare, target.bucket, target.key, secret, region)
