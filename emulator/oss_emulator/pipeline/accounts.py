"""Loads the accounts of a service, and the key of its security tokens and of KMS."""

import logging
from pathlib import Path
from secrets import token_bytes
from typing import Final

from fastcrc.crc64 import xz as crc64
from oss_referer.files import replacing
from oss_referer.sources.toml import read_file

from oss_emulator.access.accounts import Accounts, AccountsError
from oss_emulator.access.identity import AccessKey, Identity
from oss_emulator.settings import Settings

LOG: Final = logging.getLogger("oss_emulator")

OWNER: Final = Identity("1000000000000001")
"""The account that owns the configured key."""

TOKEN_KEY_FILE: Final = "sts.key"  # noqa: S105 - the name of a file
TOKEN_KEY_SIZE: Final = 32
"""Bytes of the key that signs security tokens."""

_KEY: Final = "The key of security tokens and of KMS"
_ADVICE: Final = (
    "restore it from a backup, or move it away: the next start makes another one, which cannot "
    "decrypt earlier ciphertexts"
)
_NEW_KEY: Final = (
    "%s was missing from a folder with buckets, and a new one was made: what KMS encrypted with "
    "another key cannot be decrypted. To keep the old key, stop the server and put its file back"
)


def open_accounts(settings: Settings, token_key: bytes) -> Accounts:
    """Load the accounts that the settings name; raises `AccountsError`."""
    path = settings.accounts
    if path is None:
        key = AccessKey(settings.access_key_id, settings.access_key_secret, OWNER)
        return Accounts([key], token_key=token_key)
    where = f"The accounts {path}"
    try:
        return Accounts.parse(read_file(path), token_key=token_key)
    except OSError as error:
        raise AccountsError(f"{where} cannot be read: {error.strerror}.") from None
    except AccountsError as error:
        raise AccountsError(f"{where}, {error}") from None


def open_token_key(folder: Path | None, *, has_contents: bool = False) -> bytes:
    """Return the key that signs security tokens: a random one, stored in the data folder if any.

    With a stored key, tokens outlive a restart. A new key in a folder that already `has_contents`
    is logged, because the old one may have been lost. Raises `AccountsError`.
    """
    if folder is None:
        return token_bytes(TOKEN_KEY_SIZE)
    found = read_token_key(folder)
    if found is not None:
        return found
    path, key = folder / TOKEN_KEY_FILE, token_bytes(TOKEN_KEY_SIZE)
    try:
        with replacing(path, is_secret=True) as file:
            file.write(key + _checksum(key))
    except OSError as error:
        raise AccountsError(f"{_KEY} {path} cannot be stored: {error.strerror}.") from None
    if has_contents:
        LOG.warning(_NEW_KEY, path)
    return key


def read_token_key(folder: Path) -> bytes | None:
    """Return the key that a data folder stores; None if it stores none.

    A damaged key raises `AccountsError` and is never replaced, because ciphertexts of KMS need it.
    """
    path = folder / TOKEN_KEY_FILE
    if path.is_dir():
        raise AccountsError(f"{_KEY} {path} is a folder: {_ADVICE}.")
    try:
        content = read_file(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AccountsError(f"{_KEY} {path} cannot be read: {error.strerror}.") from None
    key = content[:TOKEN_KEY_SIZE]
    if content != key + _checksum(key) or len(key) != TOKEN_KEY_SIZE:
        raise AccountsError(f"{_KEY} {path} is damaged: {_ADVICE}.")
    return key


def _checksum(key: bytes) -> bytes:
    """Return the checksum that follows a key in its file and reveals damage."""
    return crc64(key).to_bytes(8, "big")
