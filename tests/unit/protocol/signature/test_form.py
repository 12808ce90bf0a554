"""Signatures in the fields of a form."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.signature import Place, Version
from oss_emulator.protocol.signature import form as signature
from oss_emulator.protocol.signature.claim import MAX_SKEW

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION
from tests.http import forms

NOW = 1_700_000_000.0
POLICY = forms.encode("{}")
V1 = forms.sign_v1(POLICY)
V4 = forms.sign_v4(POLICY, now=NOW)


def form(fields: Iterable[tuple[str, str]], **changes: str | None) -> Form:
    """A form of fields; a change to None removes one."""
    found = {name.lower(): value for name, value in fields}
    for name, value in changes.items():
        name = name.replace("_", "-")
        found.pop(name, None)
        if value is not None:
            found[name] = value
    return Form(found)


def credential(key_id: str, product: str = "oss") -> str:
    return f"{key_id}/20231114/{REGION}/{product}/aliyun_v4_request"


def test_access_key_id_may_contain_slashes() -> None:
    claim = signature.parse(form(V4, x_oss_credential=credential("a/b")))
    assert (claim.access_key_id, claim.day, claim.region) == ("a/b", "20231114", REGION)


def test_unsigned_form_is_anonymous() -> None:
    assert not signature.is_signed(form([("key", "a")]))
    assert signature.is_signed(form([("signature", "")]))
    assert signature.is_signed(form(V4))


@pytest.mark.parametrize(("fields", "version"), [(V1, Version.V1), (V4, Version.V4)])
def test_claim_is_parsed_and_verified(fields: Iterable[tuple[str, str]], version: Version) -> None:
    signed = form(fields, x_oss_security_token="token")
    claim = signature.parse(signed)
    assert (claim.version, claim.place, claim.token) == (version, Place.FORM, "token")
    assert claim.access_key_id == ACCESS_KEY_ID
    signature.verify(claim, signed, ACCESS_KEY_SECRET, REGION, NOW)
    with pytest.raises(OSSError, match="SignatureDoesNotMatch"):
        signature.verify(claim, signed, "another secret", REGION, NOW)


@pytest.mark.parametrize(
    ("fields", "changes", "ec", "message"),
    [
        (V1, {"policy": None}, "0002-00000702", "The bucket POST must contain"),
        (V1, {"signature": None}, "0002-00000703", "The bucket POST must contain"),
        (V1, {"signature": ""}, "0002-00000704", "Post request signature is empty."),
        (V1, {"ossaccesskeyid": None}, "0002-00000706", "The bucket POST must contain"),
        (V1, {"ossaccesskeyid": ""}, "", "Post request accessKeyId is empty."),
        (V4, {"x_oss_signature_version": None}, "", "The bucket POST must contain"),
        (V4, {"x_oss_signature_version": "OSS2"}, "", "The signature version is not supported."),
        (V4, {"x_oss_date": "yesterday"}, "", "The date is invalid."),
        (V4, {"x_oss_date": "20231113T000000Z"}, "0002-00000709", "The date in the credential"),
        (V4, {"x_oss_credential": "ak"}, "0002-00000710", "The credential is invalid."),
        (V4, {"x_oss_credential": credential("")}, "0002-00000710", "The credential is invalid."),
        (
            V4,
            {"x_oss_credential": credential("ak", product="ecs")},
            "0002-00000710",
            "The credential is invalid.",
        ),
    ],
)
def test_incomplete_or_malformed_form_is_refused(
    fields: Iterable[tuple[str, str]], changes: dict[str, str | None], ec: str, message: str
) -> None:
    with pytest.raises(OSSError) as caught:
        signature.parse(form(fields, **changes))
    assert (caught.value.code, caught.value.ec) == ("InvalidArgument", ec)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize(
    ("region", "now", "ec"),
    [
        ("cn-beijing", NOW, "0002-00000715"),
        (REGION, NOW - MAX_SKEW - 1, "0002-00000709"),
        (REGION, NOW + signature.MAX_AGE + 1, "0002-00000709"),
    ],
)
def test_v4_is_valid_in_its_region_and_time(region: str, now: float, ec: str) -> None:
    signed = form(V4)
    with pytest.raises(OSSError) as caught:
        signature.verify(signature.parse(signed), signed, ACCESS_KEY_SECRET, region, now)
    assert caught.value.ec == ec


@pytest.mark.parametrize("now", [NOW - MAX_SKEW, NOW + signature.MAX_AGE])
def test_v4_is_valid_at_both_ends_of_its_time(now: float) -> None:
    signed = form(V4)
    signature.verify(signature.parse(signed), signed, ACCESS_KEY_SECRET, REGION, now)
