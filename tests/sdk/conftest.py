"""An emulator with several accounts, and the bucket of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from oss_emulator import Emulator

from tests.sdk.accounts import ACCOUNTS


@pytest.fixture(scope="module")
def with_accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """The emulator that the tests of one module share."""
    path: Path = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    with Emulator(accounts=path) as running:
        yield running


@pytest.fixture
def emulator(with_accounts: Emulator) -> Iterator[Emulator]:
    """The same with a private `examplebucket`, in which `a` is."""
    with_accounts.bucket("examplebucket").put_object("a", b"content")
    yield with_accounts
    with_accounts.reset()
