"""Opens the accounts of a service, and the key that signs its security tokens."""

import os
from pathlib import Path
from secrets import token_bytes
from typing import Final

from oss_emulator.access import AccessKey, Accounts, AccountsError, Identity
from oss_emulator.settings import Settings
from oss_emulator.toml import read_file

OWNER: Final = Identity("1000000000000001")
"""The account that owns the configured key."""

TOKEN_KEY_FILE: Final = "sts.key"  # noqa: S105 - the name of a file
TOKEN_KEY_SIZE: Final = 32
"""Bytes of the key that signs security tokens."""


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
