"""The fixtures of the SDK tests: a bucket, SDK V2, and an emulator with several accounts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import oss2
import pytest
from oss_emulator import Emulator

from tests.client import Live
from tests.sdk.accounts import ACCOUNTS
from tests.sdk.v2 import Ask, asking


@pytest.fixture
def name(bucket: oss2.Bucket) -> str:
    """The name of an empty private bucket."""
    return str(bucket.bucket_name)


@pytest.fixture(scope="session")
def ask(live: Live) -> Iterator[Ask]:
    """The synchronous client of SDK V2; test_v2_clients.py covers the asynchronous one."""
    with asking("sync", live.endpoint) as found:
        yield found


@pytest.fixture(scope="module")
def with_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that all tests of a module share."""
    path: Path = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    with Emulator(accounts=path) as running:
        yield running


@pytest.fixture
def emulator(with_accounts: Emulator) -> Iterator[Emulator]:
    """That emulator with a private bucket, `examplebucket`, and an object in it, `a`."""
    with_accounts.bucket("examplebucket").put_object("a", b"content")
    yield with_accounts
    with_accounts.reset()
