"""Forms signed by RAM users and temporary keys, and forms in buckets without public access."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.client import Answer, Client
from tests.http import forms
from tests.sdk.accounts import ACCOUNTS, assume_role


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    path: Path = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    with Emulator(accounts=path) as running:
        running.bucket("examplebucket")
        yield running


def post(emulator: Emulator, key: str, secret: str, **fields: str) -> Answer:
    signed = forms.sign_v1(forms.policy([["content-length-range", 0, 100]]), key, secret)
    more = [(name.replace("_", "-"), value) for name, value in fields.items()]
    body = forms.form([("key", "a"), *signed, *more])
    return forms.post(Client("127.0.0.1", emulator.port), "examplebucket", body)


def test_user_needs_the_permission_to_put(emulator: Emulator) -> None:
    answer = post(emulator, "rules-reader", "secret of rules-reader")
    assert (answer.status, answer.error["EC"]) == (403, "0003-00000905")
    assert b"<AuthAction>oss:PutObject</AuthAction>" in answer.body


def test_temporary_key_needs_its_token(emulator: Emulator) -> None:
    given = assume_role(emulator)
    key, secret, token = (
        given[name] for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    )
    assert post(emulator, key, secret, x_oss_security_token=token).status == 204
    answer = post(emulator, key, secret, x_oss_security_token=f"{token[:-4]}AAAA")
    assert (answer.status, answer.code) == (403, "InvalidSecurityToken")
    answer = post(emulator, key, secret)
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")


def test_public_object_is_refused_if_public_access_is_blocked(emulator: Emulator) -> None:
    """A-34"""
    target = "/examplebucket?publicAccessBlock"
    block = b"<PublicAccessBlockConfiguration><BlockPublicAccess>%s</BlockPublicAccess>"
    block += b"</PublicAccessBlockConfiguration>"
    emulator.put(target, block % b"true")
    answer = post(emulator, "owner", "secret of owner", x_oss_object_acl="public-read")
    assert (answer.status, answer.error["EC"]) == (403, "0016-00000901")
    emulator.put(target, block % b"false")
    answer = post(emulator, "owner", "secret of owner", x_oss_object_acl="public-read")
    assert answer.status == 204
