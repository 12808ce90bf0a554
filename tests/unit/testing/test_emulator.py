"""The emulator in a thread: how it starts, what it gives, and that nothing is left of it."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path
from typing import Any

import oss2
import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.control.seed import SeedError
from oss_emulator.protocol.errors import Code
from oss_emulator.referer import RefererConfiguration, codec
from oss_emulator.settings import Auth

SEED = '[[bucket]]\nname = "seeded"\n[[bucket.object]]\nkey = "a"\ntext = "1"\n'


def threads() -> list[str]:
    """The threads of emulators; those of thread pools keep the numbers that they got."""
    return [thread.name for thread in threading.enumerate() if "oss-emulator" in thread.name]


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def names(emulator: Emulator) -> list[str]:
    return [bucket.name for bucket in emulator.service.storage.buckets()]


# --- start and end


def test_it_listens_inside_with_and_leaves_nothing_behind() -> None:
    with Emulator() as emulator:
        assert emulator.endpoint == f"http://127.0.0.1:{emulator.port}"
        assert requests.get(f"{emulator.endpoint}/_emulator/health", timeout=20).ok
        assert threads() == ["oss-emulator"]
    assert threads() == []
    assert not listens(emulator.port)


async def test_async_with_does_the_same() -> None:
    async with Emulator() as emulator:
        # The loop of the test is free: the server has one of its own.
        reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
        writer.write(b"GET /_emulator/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b'"status": "ok"' in await reader.read()
        writer.close()
        await writer.wait_closed()
    assert threads() == []


def test_start_and_stop_do_without_with() -> None:
    emulator = Emulator().start()
    try:
        assert listens(emulator.port)
    finally:
        emulator.stop()
    emulator.stop()  # has nothing more to do
    assert not listens(emulator.port)


def test_an_error_inside_with_ends_it_too() -> None:
    with pytest.raises(LookupError), Emulator() as emulator:
        raise LookupError
    assert threads() == []
    assert not listens(emulator.port)


def test_it_is_started_once() -> None:
    with Emulator() as emulator:
        with pytest.raises(RuntimeError, match="make a new one"):
            emulator.start()
        assert len(threads()) == 1
    with pytest.raises(RuntimeError, match="make a new one"):
        emulator.start()


def test_several_at_once_know_nothing_of_each_other() -> None:
    with Emulator() as one, Emulator(access_key_id="two") as two:
        assert one.port != two.port
        one.bucket("bucket-of-one").put_object("a", b"1")
        two.bucket("bucket-of-two")
        assert (names(one), names(two)) == (["bucket-of-one"], ["bucket-of-two"])
        assert len(one.journal) == 1
        assert two.journal == []
        one.reset()
        assert (names(one), names(two)) == ([], ["bucket-of-two"])


def test_a_connection_that_idles_does_not_hold_up_the_end() -> None:
    with Emulator() as emulator, requests.Session() as session:
        session.get(f"{emulator.endpoint}/_emulator/health", timeout=20)
        idle = socket.create_connection(("127.0.0.1", emulator.port))
    with idle:
        assert idle.recv(1) == b""
    assert threads() == []


# --- what cannot be


def test_a_port_that_is_taken_is_told() -> None:
    with Emulator() as emulator:
        with pytest.raises(OSError, match="in use"):
            Emulator(port=emulator.port).start()
        with pytest.raises(OSError, match="in use"):
            Emulator(tls_port=emulator.port).start()
        assert threads() == ["oss-emulator"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "no TOML"),
        ('[[bucket]]\nname = "B"\n', "InvalidBucketName"),
        ('[[bucket]]\nname = "abc"\ncolour = "red"\n', "colour"),
        (None, "No such file"),
    ],
)
def test_a_bad_seed_is_told(tmp_path: Path, text: str | None, sentence: str) -> None:
    file = tmp_path / "seed.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SeedError, match=sentence) as caught:
        Emulator(seed=file).start()
    assert str(file) in str(caught.value)
    assert threads() == []


@pytest.mark.parametrize(
    ("name", "options", "code"),
    [
        ("B", {}, Code.INVALID_BUCKET_NAME),
        ("a", {}, Code.INVALID_BUCKET_NAME),
        ("examplebucket", {"acl": "everybody"}, Code.INVALID_ARGUMENT),
        ("examplebucket", {"rules": b"<Rules/>"}, Code.MALFORMED_XML),
    ],
)
def test_a_bad_bucket_gets_the_services_own_error(
    name: str, options: dict[str, Any], code: Code
) -> None:
    with Emulator() as emulator, pytest.raises(ValueError, match=f"<Code>{code.value.code}</Code>"):
        emulator.bucket(name, **options)


@pytest.mark.parametrize("method", [Emulator.reset, lambda emulator: emulator.journal])
def test_outside_with_it_says_that_it_is_not_running(method: Any) -> None:
    emulator = Emulator()
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        method(emulator)
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        emulator.bucket("examplebucket")


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"regoin": "cn-beijing"}, TypeError, "regoin"),
        ({"auth": "lax"}, ValueError, "'lax' is not a valid Auth"),
        ({"ready_file": "r.json"}, TypeError, "ready_file is an option of `oss-emulator serve`"),
        ({"access_log": "a.log"}, TypeError, "access_log is an option of `oss-emulator serve`"),
        ({"tls_key": "key.pem"}, ValueError, "needs its certificate"),
    ],
)
def test_an_option_that_will_not_do_is_told(
    options: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        Emulator(**options)


# --- what it gives


def test_options_may_be_plain_texts(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED)
    with Emulator(auth="off", domain="oss.test", seed=str(seed), region="cn-beijing") as emulator:
        assert emulator.settings.auth is Auth.OFF
        assert emulator.region == "cn-beijing"
        bucket = emulator.bucket("seeded")
        url = f"{emulator.endpoint}/a"
        answer = requests.get(url, headers={"Host": "seeded.oss.test"}, timeout=20)
        assert (answer.status_code, "AccessDenied" in answer.text) == (403, True)
        assert bucket.get_object("a").read() == b"1"


def test_bucket_is_ready_and_is_created_once() -> None:
    rules = RefererConfiguration(allow_empty_referer=False, whitelist=("http://a/",))
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket", acl="public-read", rules=rules)
        assert isinstance(bucket, oss2.Bucket)
        bucket.put_object("a", b"1")
        assert bucket.get_bucket_acl().acl == "public-read"
        assert bucket.get_bucket_referer().referers == ["http://a/"]
        again = emulator.bucket("examplebucket", rules=codec.format(RefererConfiguration()))
        assert again.get_object("a").read() == b"1"
        assert again.get_bucket_referer().referers == []


def test_put_puts_anything_as_the_owner() -> None:
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket")
        emulator.put("/examplebucket/a%20b", b"1", {"x-oss-meta-origin": "test"})
        found = bucket.get_object("a b")
        assert (found.read(), found.headers["x-oss-meta-origin"]) == (b"1", "test")


def test_reset_goes_back_to_the_start(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED)
    with Emulator(seed=seed) as emulator:
        bucket = emulator.bucket("seeded")
        bucket.put_object("a", b"22")
        bucket.put_object("b", b"3")
        emulator.bucket("other")
        service = emulator.service
        service.clock.shift = 60.0
        emulator.run(lambda: service.take_snapshot("mine"))
        emulator.reset()
        assert names(emulator) == ["seeded"]
        assert (emulator.journal, service.clock.shift, service.snapshots) == ([], 0.0, {})
        assert bucket.get_object("a").read() == b"1"
        assert not bucket.object_exists("b")


def test_journal_tells_of_each_request() -> None:
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket")
        bucket.put_object("a", b"1")
        requests.get(f"{emulator.endpoint}/examplebucket/a", timeout=20)
        put, get = emulator.journal
        assert (put.call.operation.name, put.status) == ("PutObject", 200)
        assert (get.call.operation.name, get.status) == ("GetObject", 403)


def test_https_is_believed_by_the_bucket_it_gives() -> None:
    with Emulator(tls=True) as emulator:
        assert emulator.https_endpoint == emulator.endpoint
        assert emulator.endpoint.startswith("https://")
        emulator.bucket("examplebucket").put_object("a", b"1")
        file = emulator.ca_file
        assert file is not None
        assert file.exists()
    assert not file.exists()
    assert emulator.ca_file is None


def test_without_tls_there_is_no_https() -> None:
    with Emulator() as emulator, pytest.raises(RuntimeError, match="start it with tls"):
        emulator.https_endpoint  # noqa: B018 - asking is what fails
