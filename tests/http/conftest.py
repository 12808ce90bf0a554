"""An emulator and a bucket with Referer rules, for the tests of the control API."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from oss_emulator import Emulator
from oss_referer import RefererConfiguration

from tests.client import Admin
from tests.http.application import Names

REFERER = "http://www.example.com/"
"""The Referer that the rules of `site` allow."""

RULES = RefererConfiguration(
    allow_empty_referer=False, whitelist=(REFERER,), blacklist=("http://bad/",)
)


@pytest.fixture(scope="module")
def administered() -> Iterator[Emulator]:
    """The emulator that all tests of a module share."""
    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def site(administered: Emulator) -> Iterator[Admin]:
    """The public bucket `examplebucket` with rules and an object, `a`."""
    administered.bucket("examplebucket", acl="public-read", rules=RULES)
    administered.put("/examplebucket/a", b"0123456789")
    yield Admin(administered)
    administered.reset()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Resolves `*.example` to this machine."""
    found = Names()
    monkeypatch.setattr(socket, "getaddrinfo", found)
    return found
