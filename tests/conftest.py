"""The server that the tests share, its clients, and a fresh bucket for each test."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import hypothesis
import oss2
import pytest
from oss_referer.terminal import language

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SETTINGS,
    SIGNERS,
    Client,
    Live,
    Signed,
    serve,
)
from tests.thorough import cases

# No deadline for an example: a busy machine would fail it. The examples are the same in each run,
# so that a failure can be repeated; `--hypothesis-profile=others` draws new ones.
FEW = 40
CASES = cases(FEW, 200)
hypothesis.settings.register_profile("others", deadline=None, max_examples=CASES)
hypothesis.settings.register_profile("same", deadline=None, max_examples=CASES, derandomize=True)
hypothesis.settings.load_profile("same")


# Commands speak the language of the locale, and the tests read English.
os.environ["LC_ALL"] = "C.UTF-8"


def pytest_configure(config: pytest.Config) -> None:
    # A shell makes its background jobs ignore Ctrl-C, and their children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # oss2 2.19.1 asks Python 3.12 and later for a naive time.
    config.addinivalue_line("filterwarnings", "ignore:.*utcnow:DeprecationWarning")
    # Python 3.14 tracks all dictionaries; `gc.freeze` below hides the one with Hypothesis's random.
    config.addinivalue_line("filterwarnings", "ignore:It looks like `register_random` was passed")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark the tests whose cases Hypothesis draws, if they try more than in `make test`."""
    if CASES > FEW and hypothesis.is_hypothesis_test(getattr(item, "obj", None)):
        item.add_marker(pytest.mark.thorough)


def pytest_collection() -> None:
    """Stop the garbage collector while pytest collects the tests."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exempt the collected tests from garbage collection, and collect less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_runtest_setup() -> None:
    """Speak English: a command of the test before may have spoken Chinese."""
    language.choose("en")


def _is_of_old_oss2(error: BaseException) -> bool:
    return "sign_url is not support in signature version 4" in str(error)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip tests that an old oss2 cannot run: before 2.18.4, it does not sign URLs with V4."""
    try:
        return (yield)
    except (oss2.exceptions.ClientError, BaseExceptionGroup) as error:
        if BaseExceptionGroup("", [error]).split(_is_of_old_oss2)[1] is not None:
            raise
        pytest.skip(f"oss2 {oss2.__version__} does not sign URLs by V4; 2.18.4 does")


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """The server that all tests of a worker share.

    It keeps idle connections, or it might close one at the moment when a client uses it again.
    """
    with serve(replace(SETTINGS, request_timeout=3600)) as running:
        yield running


@pytest.fixture(scope="session")
def session() -> Iterator[oss2.Session]:
    """The connection pool that the oss2 clients of a worker share."""
    pool = oss2.Session()
    pool.session.trust_env = False  # otherwise each request looks for proxies in the environment
    yield pool
    pool.session.close()


@pytest.fixture(scope="session")
def client(live: Live) -> Client:
    """A client that sends requests exactly as given."""
    return live.client


@pytest.fixture(scope="session")
def signed(client: Client) -> Signed:
    """The same client, with requests signed by the key's owner in the header."""
    return Signed(client, SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET))


_NUMBERS = count(1)


@pytest.fixture
def make_bucket(live: Live) -> Iterator[Callable[..., str]]:
    """Create buckets that are removed after the test: `make_bucket(acl)` returns a name."""
    names: list[str] = []

    def make(acl: str = "private") -> str:
        name = f"bucket-{next(_NUMBERS)}"
        live.put_bucket(name, acl)
        names.append(name)
        return name

    yield make
    for name in names:
        live.drop_bucket(name)


@pytest.fixture
def owner() -> Any:
    """The key's owner, who signs with V4; tests/sdk/test_signers.py covers the other versions."""
    return SIGNERS["v4"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)


@pytest.fixture
def bucket(
    live: Live, make_bucket: Callable[..., str], owner: Any, session: oss2.Session
) -> oss2.Bucket:
    """An empty private bucket and its owner's oss2 client."""
    return live.bucket(make_bucket(), owner, session=session)
