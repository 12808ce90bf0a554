"""An emulator in another process: the requests that it gets, and the errors when it is gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from oss_emulator import Emulator
from oss_emulator.testing.remote import RemoteEmulator, ServerSession

from tests.rows import read_cases, rows

CASES = read_cases("unit.testing")


@pytest.fixture(scope="module")
def server() -> Iterator[Emulator]:
    """A server that the tests use as if it ran in another process."""
    with Emulator() as emulator:
        emulator.bucket("of-others").put_object("a", b"1")
        yield emulator


@pytest.fixture
def session(server: Emulator) -> Iterator[ServerSession]:
    session = ServerSession(server.endpoint)
    session.mark("a.py::one")
    yield session
    session.close()


@pytest.fixture
def remote(session: ServerSession) -> Iterator[RemoteEmulator]:
    remote = RemoteEmulator(session)
    remote.reset()
    yield remote
    remote.reset()


def names(server: Emulator) -> list[str]:
    return [bucket.name for bucket in server.service.storage.buckets()]


@rows(("url", "endpoint"), *CASES["url_becomes_an_endpoint"])
def test_url_becomes_an_endpoint(url: str, endpoint: str) -> None:
    assert ServerSession(url).endpoint == endpoint


@rows("url", "", "http://", "ftp://127.0.0.1", "http://a:x", "http://[::1")
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="is not the URL of a server; write http://127"):
        ServerSession(url)


def test_server_that_does_not_answer_is_named() -> None:
    session = ServerSession("http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1:9 is not an emulator that answers: "):
        session.mark("a.py::one")
    session.close()  # no error, although the server is gone


def test_refusal_of_the_server_raises(session: ServerSession) -> None:
    with pytest.raises(ValueError, match="answers 404: "):
        session.ask("GET", "none")


def test_journal_has_the_requests_of_the_test_since_the_reset(
    server: Emulator, session: ServerSession, remote: RemoteEmulator
) -> None:
    before = len(server.journal)  # other tests use a bucket of this name too
    bucket = remote.bucket("examplebucket")
    bucket.put_object("first", b"1")
    assert "first" in [entry.key for entry in remote.journal]
    remote.reset()
    assert list(remote.journal) == []
    session.mark("a.py::two")
    bucket = remote.bucket("examplebucket")
    bucket.put_object("second", b"1")
    session.mark("a.py::three")
    bucket.put_object("third", b"1")
    assert [entry.key for entry in remote.journal] == ["third"]
    sent = [entry.test[-3:] for entry in server.journal[before:] if entry.key]
    assert sent == ["one", "two", "ree"]


def test_reset_removes_what_was_made_and_nothing_of_others(
    server: Emulator, remote: RemoteEmulator
) -> None:
    remote.bucket("examplebucket").put_object("a/b", b"1")
    remote.bucket("of-others", acl="public-read")
    remote.bucket("gone").delete_bucket()
    assert names(server) == ["examplebucket", "of-others"]
    remote.reset()
    assert names(server) == ["of-others"]
    assert server.bucket("of-others").get_object("a").read() == b"1"


def test_rules_are_set(remote: RemoteEmulator) -> None:
    rules = {"allow_empty_referer": False, "whitelist": ["https://www.example.com/"]}
    found = remote.bucket("examplebucket", rules=rules).get_bucket_referer()
    assert (found.allow_empty_referer, found.referers) == (False, ["https://www.example.com/"])


def test_put_is_signed(remote: RemoteEmulator) -> None:
    bucket = remote.bucket("examplebucket")
    remote.put("/examplebucket/a b/é", b"1", {"x-oss-meta-a": "b"})
    found = bucket.get_object("a b/é")
    assert (found.read(), found.headers["x-oss-meta-a"]) == (b"1", "b")
    remote.put("/examplebucket?acl", headers={"x-oss-acl": "public-read"})
    assert bucket.get_bucket_acl().acl == "public-read"
    with pytest.raises(ValueError, match="PUT /none/a: NoSuchBucket: "):
        remote.put("/none/a", b"1")


def test_bad_names_and_acls_are_refused(remote: RemoteEmulator) -> None:
    for name in ("Bad Name", "", "examplebucket/"):
        with pytest.raises(ValueError, match=f"'{name}' is not the name of a bucket, which has 3"):
            remote.bucket(name)
    with pytest.raises(ValueError, match="acl must be one of"):
        remote.bucket("examplebucket", acl="open")


def test_members_of_a_server_in_this_process_say_so(remote: RemoteEmulator) -> None:
    with pytest.raises(AttributeError, match="service is not available for the server of another"):
        remote.service  # noqa: B018
    assert not hasattr(remote, "anything")
