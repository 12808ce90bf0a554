"""Authentication: who signed a request, under each setting of `auth`."""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from base64 import b64encode
from contextlib import closing, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from email.utils import formatdate
from hashlib import sha256
from pathlib import Path

import pytest
from oss_emulator.access.accounts import Accounts, AccountsError
from oss_emulator.access.identity import ANONYMOUS
from oss_emulator.access.tokens import Tokens
from oss_emulator.control.controls import open_storage
from oss_emulator.operations.admission import Admission, Claimed, Refused
from oss_emulator.pipeline.accounts import OWNER, TOKEN_KEY_FILE, open_accounts, open_token_key
from oss_emulator.pipeline.authentication import check_version
from oss_emulator.pipeline.service import Service
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import FormReader
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.signature import Claim, SignedIn, Version
from oss_emulator.settings import Auth, Settings
from oss_emulator.storage.base import Bucket
from oss_referer import Signing

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, SIGNERS, sign
from tests.http import forms
from tests.rows import read_cases, rows
from tests.unit.pipeline.service import PAGE, SETTINGS, ask, put, serve, sign_s3

CASES = read_cases("unit.pipeline")


# --- Authentication: who signed a request, under each setting of `auth`

EXPLAIN = "x-oss-emulator-explain"


def signed(
    key_id: str = ACCESS_KEY_ID,
    secret: str = ACCESS_KEY_SECRET,
    place: str = "header",
    signer: str = "v4",
    headers: dict[str, str] | None = None,
) -> Request:
    """Return a GET for the private object, signed by oss2."""
    auth = SIGNERS[signer](key_id, secret)
    target, fields = sign(auth, place, "GET", "private-bucket", "a", headers=headers)
    return ask("GET", target, {"Referer": PAGE, **dict(fields)})


def admit(auth: Auth, request: Request) -> Admission | Refused:
    return serve(replace(SETTINGS, auth=auth)).admit(request)


@rows("signer", *SIGNERS)
@rows(("place", "signing"), ("header", Signing.HEADER), ("url", Signing.URL))
def test_signature_of_the_owner_is_admitted(signer: str, place: str, signing: Signing) -> None:
    admitted = admit(Auth.STRICT, signed(place=place, signer=signer))
    assert isinstance(admitted, Admission)
    claimed = admitted.claimed
    assert (admitted.caller, *claimed[:2]) == (OWNER, signing, ACCESS_KEY_ID)


@rows(
    ("auth", "key_id", "secret", "code"),
    (Auth.STRICT, ACCESS_KEY_ID, "wrong", "SignatureDoesNotMatch"),
    (Auth.STRICT, "nobody", "wrong", "InvalidAccessKeyId"),
    (Auth.RELAXED, ACCESS_KEY_ID, "wrong", "SignatureDoesNotMatch"),
    (Auth.RELAXED, "nobody", "wrong", ""),
    (Auth.OFF, ACCESS_KEY_ID, "wrong", ""),
    (Auth.OFF, "nobody", "wrong", ""),
)
def test_auth_decides_which_signatures_are_accepted(
    auth: Auth, key_id: str, secret: str, code: str
) -> None:
    outcome = admit(auth, signed(key_id, secret))
    if code:
        assert isinstance(outcome, Refused)
        known = outcome.known
        assert (outcome.error.code, known.claimed.access_key_id) == (code, key_id)
        assert (known.claimed.signing, known.caller) == (Signing.HEADER, ANONYMOUS)
    else:
        assert isinstance(outcome, Admission)
        claimed = outcome.claimed
        assert (outcome.caller, claimed.signing) == (OWNER, Signing.HEADER)
        assert claimed.access_key_id == ("" if auth is Auth.OFF else key_id)


@rows("auth", *Auth)
def test_request_without_a_signature_is_anonymous(auth: Auth) -> None:
    """P-19"""
    outcome = admit(auth, ask("GET", "/private-bucket/a"))
    assert isinstance(outcome, Refused)
    assert (outcome.known.caller, outcome.known.claimed.signing) == (ANONYMOUS, Signing.NONE)


@rows("auth", *Auth)
@rows("query, headers, code", *CASES["malformed_signature_is_refused_before_its_key_is_known"])
def test_malformed_signature_is_refused_before_its_key_is_known(
    auth: Auth, query: str, headers: dict[str, str], code: str
) -> None:
    outcome = admit(auth, ask("GET", f"/private-bucket/a{query}", headers))
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.known.claimed.access_key_id) == (code, "")


@rows("is_signed", True, False)
def test_explain_header_may_be_signed_or_unsigned(is_signed: bool) -> None:
    request = signed(headers={EXPLAIN: "1"} if is_signed else {}, signer="v1")
    explained = request._replace(headers={**request.headers, EXPLAIN: "1"})
    assert isinstance(admit(Auth.STRICT, explained), Admission)


@rows("place", "header", "url")
def test_explain_header_makes_no_wrong_signature_right(place: str) -> None:
    request = signed(secret="wrong", place=place, signer="v1")
    outcome = admit(Auth.STRICT, request._replace(headers={**request.headers, EXPLAIN: "1"}))
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "SignatureDoesNotMatch"


ROLE = CASES["role"]


@rows(
    ("lasts", "token", "code"),
    *CASES["token_that_was_issued_here_is_checked_even_where_unknown_keys_are_accepted"],
)
def test_token_that_was_issued_here_is_checked_even_where_unknown_keys_are_accepted(
    lasts: int, token: str, code: str
) -> None:
    """A-50"""
    service = serve(replace(SETTINGS, auth=Auth.RELAXED))
    service.accounts = Accounts.parse(ROLE, token_key=b"key")
    role = service.accounts.role("acs:ram::1000000000000001:role/worker")
    assert role is not None
    now = time.time()
    issued = service.accounts.issue(role, "s", int(now + lasts), "", bytes(15))
    headers = {
        "Authorization": f"OSS {issued.access_key_id}:c2lnbmF0dXJl",
        "Date": formatdate(now, usegmt=True),
        "x-oss-security-token": token or issued.security_token,
    }
    outcome = service.admit(ask("GET", "/private-bucket/a", headers))
    assert (outcome.error.code if isinstance(outcome, Refused) else "") == code


OLD, NEW = 0.0, datetime(2100, 1, 1, tzinfo=UTC).timestamp()


@rows(
    ("version", "day", "new_account", "created", "refused"),
    (Version.V1, date(2026, 12, 31), True, None, True),
    (Version.V1, date(2026, 12, 31), False, NEW, True),
    (Version.V1, date(2026, 12, 31), False, OLD, False),
    (Version.V1, date(2026, 12, 31), False, None, False),
    (Version.V1, date(2020, 1, 1), False, NEW, False),
    (Version.V4, date(2026, 12, 31), True, NEW, False),
    (None, date(2026, 12, 31), True, NEW, False),
)
def test_version_1_is_refused_to_new_accounts_and_for_new_buckets(
    version: Version | None, day: date, new_account: bool, created: float | None, refused: bool
) -> None:
    """P-60"""
    claim = None if version is None else Claim(version, SignedIn.HEADER, "id", "", None, date="")
    bucket = None if created is None else Bucket("b", "1", created, "cn-hangzhou")
    admission = Admission(ask(), "id", record=bucket, claimed=Claimed(claim=claim))
    service = Service(replace(SETTINGS, as_of=day, new_account=new_account))
    with pytest.raises(OSSError, match="version 1") if refused else nullcontext():
        check_version(admission, service)


def post(auth: Auth, fields: dict[str, str]) -> Admission | Refused:
    """Post a form to the private bucket; return the outcome of its admission."""
    service: Service = serve(replace(SETTINGS, auth=auth))
    headers = {"Content-Type": forms.TYPE, "Referer": PAGE}
    admitted = service.admit(ask("POST", "/private-bucket", headers))
    assert isinstance(admitted, Admission)
    reader = FormReader(forms.TYPE)
    reader.feed(forms.form(list(fields.items())))
    return service.admit_form(admitted, reader.finish())


@rows(("secret", "code"), (ACCESS_KEY_SECRET, ""), ("wrong", "SignatureDoesNotMatch"))
def test_signature_of_a_form_of_s3_is_verified(secret: str, code: str) -> None:
    """P-75"""
    _, *others = forms.sign_v1(forms.policy([["starts-with", "$key", ""]]), secret=secret)
    outcome = post(Auth.STRICT, {"key": "b", "AWSAccessKeyId": ACCESS_KEY_ID, **dict(others)})
    assert (outcome.error.code if isinstance(outcome, Refused) else "") == code


def test_policy_of_a_form_is_checked() -> None:
    fields = {**form_of(ACCESS_KEY_ID, ACCESS_KEY_SECRET), "key": "b"}
    fields |= dict(forms.sign_v1(forms.policy([["eq", "$key", "other"]])))
    outcome = post(Auth.STRICT, fields)
    assert isinstance(outcome, Refused)
    assert outcome.error.code == "AccessDenied"
    assert "other" in str(outcome.error)


@rows("auth", *Auth)
@rows("secret", ACCESS_KEY_SECRET, "wrong")
def test_signature_of_s3_is_verified(auth: Auth, secret: str) -> None:
    """P-70"""
    outcome = admit(
        auth, sign_s3(ask("GET", "/private-bucket/a", {"Referer": PAGE}), secret=secret)
    )
    if secret == ACCESS_KEY_SECRET or auth is Auth.OFF:
        assert isinstance(outcome, Admission)
        assert outcome.caller == OWNER
    else:
        assert isinstance(outcome, Refused)
        assert outcome.error.code == "SignatureDoesNotMatch"


@rows("is_signed", True, False)
def test_body_of_s3_is_compared_with_the_hash_that_is_sent(is_signed: bool) -> None:
    service = serve()
    target = "/private-bucket/b" if is_signed else "/public-bucket/b"
    put(service, "/public-bucket?acl", headers={"x-oss-acl": "public-read-write"})
    digest = sha256(b"content").hexdigest()
    request = ask("PUT", target, {"Referer": PAGE, "x-amz-content-sha256": digest})
    request = sign_s3(request, digest) if is_signed else request
    for body, status in ((b"content", 200), (b"another", 400)):
        assert service.handle(request, body).status == status
    plain = service.admit(ask("PUT", target, {"Referer": PAGE}))
    assert plain.known.payload is None


def form_of(key_id: str, secret: str) -> dict[str, str]:
    policy = forms.policy([["content-length-range", 2, 9]])
    signature = b64encode(hmac.digest(secret.encode(), policy.encode(), "sha1")).decode()
    return {"key": "b", "OSSAccessKeyId": key_id, "policy": policy, "Signature": signature}


def test_signed_form_has_the_size_range_of_its_policy() -> None:
    admitted = post(Auth.STRICT, form_of(ACCESS_KEY_ID, ACCESS_KEY_SECRET))
    assert isinstance(admitted, Admission)
    claimed = admitted.claimed
    assert (admitted.caller, *claimed[:2]) == (OWNER, Signing.FORM, ACCESS_KEY_ID)
    assert admitted.sizes == (2, 9)


@rows(
    ("auth", "key_id", "code"),
    (Auth.STRICT, ACCESS_KEY_ID, "SignatureDoesNotMatch"),
    (Auth.STRICT, "nobody", "InvalidAccessKeyId"),
    (Auth.RELAXED, "nobody", ""),
    (Auth.OFF, "nobody", ""),
)
def test_auth_decides_which_form_signatures_are_accepted(
    auth: Auth, key_id: str, code: str
) -> None:
    outcome = post(auth, form_of(key_id, "wrong"))
    if code:
        assert isinstance(outcome, Refused)
        known = outcome.known
        assert (outcome.error.code, known.claimed.access_key_id) == (code, key_id)
        assert (known.claimed.signing, known.caller) == (Signing.FORM, ANONYMOUS)
    else:
        assert isinstance(outcome, Admission)
        assert (outcome.caller, outcome.claimed.signing) == (OWNER, Signing.FORM)


@rows("auth", *Auth)
def test_malformed_signature_of_a_form_is_refused(auth: Auth) -> None:
    outcome = post(auth, {"key": "b", "Signature": "x"})
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.known.caller) == ("InvalidArgument", ANONYMOUS)


def test_form_without_a_signature_is_anonymous() -> None:
    outcome = post(Auth.STRICT, {"key": "b"})
    assert isinstance(outcome, Refused)
    assert (outcome.error.code, outcome.known.caller) == ("AccessDenied", ANONYMOUS)


# --- The accounts of a service, and the key that signs its security tokens


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"\xff", "line 1, column 1: the byte 0xff is not valid UTF-8"),
        (b"[[account]]\nname = 1", "The accounts "),
    ],
)
def test_unusable_accounts_are_an_error(
    tmp_path: Path, content: bytes | None, message: str
) -> None:
    path = tmp_path / "accounts.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AccountsError, match=message):
        open_accounts(Settings(accounts=path), b"key")


def test_key_of_tokens_is_random_without_a_folder() -> None:
    assert open_token_key(None) != open_token_key(None)


def test_key_of_tokens_is_kept_in_the_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mask = os.umask(0)
    try:
        key = open_token_key(tmp_path)
    finally:
        os.umask(mask)
    assert open_token_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_KEY_FILE]
    assert (tmp_path / TOKEN_KEY_FILE).stat().st_mode & 0o777 == 0o600
    sizes = len(key), (tmp_path / TOKEN_KEY_FILE).stat().st_size
    assert sizes == (32, 40), "files of earlier releases have these sizes"
    assert caplog.messages == []


def test_key_of_tokens_is_written_although_an_earlier_start_was_cut_off(tmp_path: Path) -> None:
    (tmp_path / f".{TOKEN_KEY_FILE}.{os.getpid()}.part").write_bytes(b"half")  # of the same pid
    key = open_token_key(tmp_path)
    assert open_token_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_KEY_FILE]


def test_key_of_tokens_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    path = tmp_path / TOKEN_KEY_FILE
    path.symlink_to(path)
    with pytest.raises(AccountsError, match="cannot be read: Too many levels of symbolic links"):
        open_token_key(tmp_path)


def test_damaged_key_of_tokens_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Every flipped bit and every cut is noticed; otherwise ciphertexts of KMS would be lost."""
    path = tmp_path / TOKEN_KEY_FILE
    key = open_token_key(tmp_path)
    whole = path.read_bytes()
    damaged = [whole[:size] for size in range(len(whole))] + [whole + b"\0", bytes(len(whole))]
    for place in range(8 * len(whole)):
        number = int.from_bytes(whole, "big") ^ 1 << place
        damaged.append(number.to_bytes(len(whole), "big"))
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(AccountsError, match=r"damaged: restore it .*, or move it away:"):
            open_token_key(tmp_path)
        assert path.read_bytes() == content
    path.write_bytes(whole)
    assert open_token_key(tmp_path) == key


@pytest.mark.parametrize("has_contents", [False, True])
def test_new_key_of_tokens_beside_buckets_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, has_contents: bool
) -> None:
    settings = Settings(data=tmp_path)
    with closing(open_storage(settings)) as storage:
        if has_contents:
            storage.put_bucket(Bucket("examplebucket", "1", 1.0, "cn-hangzhou"))
        keys = [Service(settings, storage).token_key for _ in range(2)]
    assert keys[0] == keys[1]
    assert [str(tmp_path / TOKEN_KEY_FILE) in line for line in caplog.messages] == (
        [True] * has_contents
    )


def test_key_of_tokens_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"security tokens .* cannot be stored: No such file"):
        open_token_key(tmp_path / "missing")


def test_secret_of_the_first_account_makes_no_token() -> None:
    """Otherwise everybody who knows it, as with the default key, could assume any role."""
    secret = Settings().access_key_secret.encode()
    guessed = Tokens(hashlib.sha256(b"security token\0" + secret).digest())
    issued = guessed.issue("acs:ram::1:role/r", "s", 2**31, "", bytes(15))
    accounts = Service().accounts
    assert not accounts.knows(issued.access_key_id, issued.security_token)
