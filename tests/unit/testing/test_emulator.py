"""`Emulator`: how it starts and stops, what it refuses, and what it offers."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import oss2
import pytest
import requests
from oss_emulator import Emulator
from oss_emulator.access.accounts import AccountsError
from oss_emulator.control.seed import SeedError
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.server.tls import CertificateError
from oss_emulator.settings import Auth
from oss_referer import Assumptions, RefererConfiguration
from oss_referer.engine.assumptions import EmptyWhitelist

from tests.rows import rows

Threads = Callable[[], list[str]]
"""Lists the threads of the emulators that a test has started."""

SEED = '[[bucket]]\nname = "seeded"\n[[bucket.object]]\nkey = "a"\ntext = "1"\n'


@pytest.fixture
def threads() -> Threads:
    before = threading.enumerate()  # emulators of fixtures run on

    def started() -> list[str]:
        others = [thread.name for thread in threading.enumerate() if thread not in before]
        return [name for name in others if "oss-emulator" in name]

    return started


def listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


def names(emulator: Emulator) -> list[str]:
    return [bucket.name for bucket in emulator.service.storage.buckets()]


# --- start and stop


def test_with_statement_starts_the_server_and_stops_it(threads: Threads) -> None:
    with Emulator() as emulator:
        assert emulator.endpoint == f"http://127.0.0.1:{emulator.port}"
        assert requests.get(f"{emulator.endpoint}/_emulator/health", timeout=20).ok
        assert threads() == ["oss-emulator"]
    assert threads() == []
    assert not listens(emulator.port)
    with pytest.raises(LookupError), Emulator() as emulator:
        raise LookupError
    assert threads() == []
    emulator.stop()  # does nothing


async def test_async_with_starts_the_server_and_stops_it(threads: Threads) -> None:
    async with Emulator() as emulator:
        # The server has its own loop, so the loop of the test is free.
        reader, writer = await asyncio.open_connection("127.0.0.1", emulator.port)
        writer.write(b"GET /_emulator/health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert b'"status": "ok"' in await reader.read()
        writer.close()
        await writer.wait_closed()
    assert threads() == []


def test_second_start_is_refused(threads: Threads) -> None:
    with Emulator() as emulator:
        with pytest.raises(RuntimeError, match="create a new one"):
            emulator.start()
        assert len(threads()) == 1
    with pytest.raises(RuntimeError, match="create a new one"):
        emulator.start()


def test_several_emulators_are_independent() -> None:
    with Emulator() as one, Emulator(access_key_id="two") as two:
        assert one.port != two.port
        one.bucket("bucket-of-one").put_object("a", b"1")
        two.bucket("bucket-of-two")
        assert (names(one), names(two)) == (["bucket-of-one"], ["bucket-of-two"])
        assert len(one.journal) == 1
        assert two.journal == []
        one.reset()
        assert (names(one), names(two)) == ([], ["bucket-of-two"])


def test_idle_connection_does_not_delay_the_stop(threads: Threads) -> None:
    with Emulator() as emulator, requests.Session() as session:
        session.get(f"{emulator.endpoint}/_emulator/health", timeout=20)
        idle = socket.create_connection(("127.0.0.1", emulator.port))
    with idle:
        assert idle.recv(1) == b""
    assert threads() == []


# --- what it refuses


def test_port_in_use_raises_os_error(threads: Threads) -> None:
    with Emulator() as emulator:
        with pytest.raises(OSError, match="in use"):
            Emulator(port=emulator.port).start()
        with pytest.raises(OSError, match="in use"):
            Emulator(tls_port=emulator.port).start()
        assert threads() == ["oss-emulator"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[", "not valid TOML"),
        ('[[bucket]]\nname = "B"\n', "InvalidBucketName"),
        ('[[bucket]]\nname = "abc"\ncolour = "red"\n', "colour"),
        (None, "No such file"),
    ],
)
def test_bad_seed_raises_seed_error_that_names_the_file(
    tmp_path: Path, text: str | None, sentence: str, threads: Threads
) -> None:
    file = tmp_path / "seed.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(SeedError, match=sentence) as caught:
        Emulator(seed=file).start()
    assert str(file) in str(caught.value)
    assert threads() == []


@rows(
    "options, error",
    ({"seed": "none.toml"}, SeedError),
    ({"accounts": "none.toml"}, AccountsError),
    ({"tls_cert": "none.pem"}, CertificateError),
    ({"host": "192.0.2.1"}, OSError),
)
def test_folder_is_free_again_after_a_start_that_failed(
    tmp_path: Path, options: dict[str, str], error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        Emulator(data=tmp_path, **options).start()
    with Emulator(data=tmp_path) as emulator:
        assert names(emulator) == []
    assert caught.value.__traceback__  # keeps the failed emulator alive, as a notebook does


@rows(
    ("options", "code"),
    ({"acl": "everybody"}, ErrorCase.INVALID_ARGUMENT),
    ({"rules": {"whitelist": ["a" * 21_000]}}, ErrorCase.REFERER_LISTS_TOO_LARGE),
)
def test_bad_bucket_raises_the_error_of_the_service(
    options: dict[str, Any], code: ErrorCase
) -> None:
    with (
        Emulator() as emulator,
        pytest.raises(ValueError, match=f": {code.value.code}: ") as caught,
    ):
        emulator.bucket("examplebucket", **options)
    said = str(caught.value)
    assert said.startswith("PUT /examplebucket")
    assert said.count("\n") == 0


@rows("name", "B", "", "examplebucket/")
def test_bad_name_of_a_bucket_is_one_sentence(name: str) -> None:
    with (
        Emulator() as emulator,
        pytest.raises(ValueError, match=f"^'{name}' is not the name of a bucket, which has 3 to"),
    ):
        emulator.bucket(name)


@rows("method", Emulator.reset, lambda emulator: emulator.journal)
def test_methods_raise_while_the_emulator_is_not_running(method: Any) -> None:
    emulator = Emulator()
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        method(emulator)
    with pytest.raises(RuntimeError, match="use it in a with statement"):
        emulator.bucket("examplebucket")


@rows(
    ("options", "error", "sentence"),
    ({"regoin": "cn-beijing"}, TypeError, "no setting regoin; did you mean region?"),
    ({"auth": "lax"}, ValueError, "^auth: 'lax' is unknown; use strict, relaxed or off$"),
    ({"fsync": None}, ValueError, "^fsync: 'None' is unknown; use always or off$"),
    ({"ready_file": "r.json"}, TypeError, "ready_file is an option of `oss-emulator serve`"),
    ({"access_log": "a.log"}, TypeError, "access_log is an option of `oss-emulator serve`"),
    ({"log_format": "x"}, TypeError, "log_format is an option of `oss-emulator serve`"),
    ({"port": "x"}, ValueError, "^port: 'x' is not a port; write a number from 0 to 65535"),
    ({"tls_port": 65536}, ValueError, "^tls_port: '65536' is not a port; write"),
    ({"port": True}, ValueError, "^port: 'True' is not a port; write"),
    ({"tls_key": "key.pem"}, ValueError, "needs its certificate"),
    ({"region": "oss-cn-hangzhou"}, ValueError, "^region: 'oss-cn-hangzhou' is not a region; wr"),
    ({"data": ""}, ValueError, "^data: '' is empty; write a value or leave it out"),
    ({"data": "/dev/null"}, ValueError, "^data: /dev/null is not a folder; name a folder"),
    ({"access_key_id": ""}, ValueError, "^access_key_id: '' is empty; write a value or leave"),
    ({"access_key_secret": ""}, ValueError, "^access_key_secret: '' is empty; write a value"),
    ({"domain": ["http://a.test"]}, ValueError, "^domain: 'http://a.test' is not a domain; wr"),
    ({"domain": ".a.test"}, ValueError, "^domain: '.a.test' is not a domain"),
    ({"domain": ""}, ValueError, "^domain: '' is not a domain"),
    ({"s3_host": ("a.test:9000",)}, ValueError, "^s3_host: 'a.test:9000' is not a domain"),
)
def test_bad_option_raises(options: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        Emulator(**options)


# --- what it offers


def test_options_can_be_strings(tmp_path: Path) -> None:
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


def test_bucket_creates_a_bucket_once() -> None:
    rules = RefererConfiguration(allow_empty_referer=False, whitelist=("http://a/",))
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket", acl="public-read", rules=rules)
        assert isinstance(bucket, oss2.Bucket)
        bucket.put_object("a", b"1")
        assert bucket.get_bucket_acl().acl == "public-read"
        assert bucket.get_bucket_referer().referers == ["http://a/"]
        again = emulator.bucket("examplebucket", rules={"whitelist": []})
        assert again.get_object("a").read() == b"1"
        assert again.get_bucket_referer().referers == []


def test_wrong_rules_are_named_with_their_place_and_create_no_bucket() -> None:
    with Emulator() as emulator:
        with pytest.raises(ValueError, match=r"^rules, line 2, column 3: Refererlist is unknown"):
            emulator.bucket(
                "examplebucket",
                rules="<RefererConfiguration>\n  <Refererlist/>\n</RefererConfiguration>",
            )
        assert list(emulator.service.storage.buckets()) == []


def test_endpoint_before_the_start_says_what_is_missing() -> None:
    emulator = Emulator(tls_port=0)
    for name in ("endpoint", "https_endpoint"):
        with pytest.raises(RuntimeError, match="has no endpoint before it starts"):
            getattr(emulator, name)


def test_reset_restores_the_start(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(SEED)
    with Emulator(seed=seed) as emulator:
        bucket = emulator.bucket("seeded")
        bucket.put_object("a", b"22")
        bucket.put_object("b", b"3")
        emulator.bucket("other")
        controls = emulator.controls
        controls.clock.shift = 60.0
        emulator.run(lambda: controls.snapshots.take("mine"))
        emulator.reset()
        assert names(emulator) == ["seeded"]
        assert (emulator.journal, controls.clock.shift, controls.snapshots.names) == ([], 0.0, [])
        assert bucket.get_object("a").read() == b"1"
        assert not bucket.object_exists("b")


def test_bucket_trusts_the_certificate_of_the_emulator() -> None:
    with Emulator(tls=True) as emulator:
        assert emulator.https_endpoint == emulator.endpoint
        assert emulator.endpoint.startswith("https://")
        emulator.bucket("examplebucket").put_object("a", b"1")
        file = emulator.ca_file
        assert file is not None
        assert file.exists()
    assert not file.exists()
    assert emulator.ca_file is None


def test_bucket_is_reached_without_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "example.com")
    with Emulator() as emulator:
        assert emulator.bucket("examplebucket").put_object("a", b"1").status == 200


# --- assumptions


def test_assumptions_are_taken_as_a_value_or_as_a_file(tmp_path: Path) -> None:
    """R-14"""
    path = tmp_path / "assumptions.toml"
    path.write_text('empty_whitelist = "empty-whitelist-denies"\n')
    denying = Assumptions(empty_whitelist=EmptyWhitelist.DENIES)
    rules = RefererConfiguration(blacklist=("http://thief.test/",))
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 200),
        *(({"assumptions": given}, 403) for given in (denying, path, str(path))),
    ]
    for given, status in cases:
        with Emulator(**given) as emulator:
            emulator.bucket("bucket", acl="public-read", rules=rules).put_object("a", b"")
            url, headers = f"{emulator.endpoint}/bucket/a", {"Referer": "http://page.test/"}
            answer = requests.get(url, headers=headers, timeout=20)
            assert answer.status_code == status


def test_bad_assumptions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "assumptions.toml"
    path.write_text('empty_whitelist = "denies"\n')
    with pytest.raises(
        ValueError, match='line 1, column 1: empty_whitelist is "denies"; write "empty'
    ):
        Emulator(assumptions=path)


def test_entries_have_the_fields_of_the_http_journal() -> None:
    with Emulator() as emulator:
        bucket = emulator.bucket("examplebucket", acl="public-read")
        bucket.put_object("a", b"1")
        assert requests.get(f"{emulator.endpoint}/examplebucket/a", timeout=60).text == "1"
        told = requests.get(f"{emulator.endpoint}/_emulator/journal", timeout=60).json()["entries"]
        entries = emulator.journal
    nested = ("decision", "access")
    assert [
        {name: getattr(entry, name) for name in item if name not in nested}
        for entry, item in zip(entries, told, strict=True)
    ] == [{name: item[name] for name in item if name not in nested} for item in told]
    assert [entry.to_dict() for entry in entries] == told
