"""The accounts of a service, and the key that signs its security tokens."""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from pathlib import Path

import pytest
from oss_emulator.access import AccountsError
from oss_emulator.access.tokens import Tokens
from oss_emulator.control.controls import open_storage
from oss_emulator.pipeline.accounts import TOKEN_KEY_FILE, open_accounts, open_token_key
from oss_emulator.pipeline.service import Service
from oss_emulator.settings import Settings
from oss_emulator.storage import Bucket


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
    (tmp_path / f"{TOKEN_KEY_FILE}.part").write_bytes(b"half")
    key = open_token_key(tmp_path)
    assert open_token_key(tmp_path) == key
    assert [path.name for path in tmp_path.iterdir()] == [TOKEN_KEY_FILE]


def test_key_of_tokens_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / TOKEN_KEY_FILE
    path.symlink_to(path)
    with pytest.raises(AccountsError, match="cannot be read: Too many levels of symbolic links"):
        open_token_key(tmp_path)


def test_damaged_key_of_tokens_is_refused_and_left_alone(tmp_path: Path) -> None:
    """Every flipped bit and every cut is noticed: ciphertexts of KMS would be lost otherwise."""
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


def test_key_of_tokens_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    with pytest.raises(AccountsError, match=r"security tokens .* cannot be kept: No such file"):
        open_token_key(tmp_path / "missing")


def test_secret_of_the_first_account_makes_no_token() -> None:
    """Whoever knows it, like every user of the default key, could take any role otherwise."""
    secret = Settings().access_key_secret.encode()
    guessed = Tokens(hashlib.sha256(b"security token\0" + secret).digest())
    issued = guessed.issue("acs:ram::1:role/r", "s", 2**31, "", bytes(15))
    accounts = Service().accounts
    assert not accounts.knows(issued.access_key_id, issued.security_token)
