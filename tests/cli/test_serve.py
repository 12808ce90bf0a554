"""`oss-emulator serve` as a process: flags, variables, files and signals."""

import base64
import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import fields
from pathlib import Path
from urllib.parse import quote, urlsplit

import oss2
import oss_emulator
import pytest
from oss_emulator.cli import build_parser, main
from oss_emulator.cli import flags as flags
from oss_emulator.settings import Settings
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET
from PIL import Image

from tests.cli.forking import command, serving
from tests.cli.process import EMULATOR, LINE, Running, environment, reserved_port, started, wait_for
from tests.cli.refusal import fail, refuse
from tests.client import PATIENCE
from tests.rows import read_cases, rows

CASES = read_cases("cli")

SEED = CASES["seed"]
OBJECT = "/examplebucket/hello.txt"
BAD_REFERER = "http://thief.example.org/"


@pytest.fixture
def seed(tmp_path: Path) -> str:
    path = tmp_path / "seed.toml"
    path.write_text(SEED)
    return str(path)


@pytest.fixture
def free_port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


@pytest.fixture
def other_port() -> Iterator[int]:
    with reserved_port() as port:
        yield port


# --- the console


def console_of(running: Running) -> str:
    """Return what the server prints about the console."""
    running.process.send_signal(signal.SIGTERM)
    found = re.search(r"^Console: (.*)$", running.announced + running.read_rest(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_console_of_a_server_for_all_machines_is_opened_by_a_token_of_its_own(
    tmp_path: Path,
) -> None:
    """At the published port of a container, every browser looks like another machine."""
    with serving(tmp_path, "--host", "0.0.0.0") as running:  # noqa: S104
        url = console_of(running)
    page, token = url.split("#token=")
    assert page == f"http://127.0.0.1:{running.port}/_emulator/login"
    assert len(token) == 24


def test_token_of_the_settings_is_not_printed(tmp_path: Path) -> None:
    flags = ("--host", "0.0.0.0", "--admin-token", "s3cret")  # noqa: S104
    with serving(tmp_path, *flags) as running:
        said = console_of(running)
    assert said.endswith("/_emulator/ (asks other machines for the value of --admin-token)")
    assert "s3cret" not in said


# --- ready


def test_start_loads_only_what_most_requests_need() -> None:
    later = {
        "lxml",
        "webbrowser",
        "sqlite3",
        "oss_referer.sources.forms",
        "oss_referer.traffic.report",
    }
    code = CASES["start_loads_only_what_most_requests_need"]
    done = subprocess.run(
        [EMULATOR[0], "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
        env=environment(),
    )
    by_server, by_command = (set(line.split()) for line in done.stdout.splitlines())
    assert "oss_emulator.server.app" in by_server
    assert not later & by_server
    assert not {"trustme", "cryptography"} & by_command


def test_ready_file_describes_the_listening_server(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert running.ready == {
            "endpoint": f"http://127.0.0.1:{running.port}",
            "port": running.port,
            "pid": running.process.pid,
            "region": "cn-hangzhou",
            "access_key_id": DEFAULT_ACCESS_KEY_ID,
        }
        health = running.ask("GET", "/_emulator/health")
        assert health.status == 200
        assert json.loads(health.text) == {"status": "ok", "version": oss_emulator.__version__}


def test_ready_server_prints_its_addresses_and_a_hint_about_the_default_key(tmp_path: Path) -> None:
    with serving(tmp_path) as running:
        assert running.announced == (
            f"oss-emulator is ready: endpoint {running.endpoint}, region cn-hangzhou, "
            f"access key {DEFAULT_ACCESS_KEY_ID} / {DEFAULT_ACCESS_KEY_SECRET}\n"
        )
        assert running.end() == 0
        console, _, hint = running.read_rest().partition("\n")
        assert console == f"Console: {running.endpoint}/_emulator/"
        assert hint.startswith("Hint: this key is public")
        assert hint.endswith("--access-key-secret.\n")
        assert all(len(line) <= 80 for line in hint.splitlines())
        assert running.stderr.read_text() == ""


@pytest.mark.parametrize(
    ("host", "variables", "direct"),
    [
        ("127.0.0.1", {"http_proxy": "http://127.0.0.1:9"}, "localhost,127.0.0.1,::1"),
        ("127.0.0.2", {"http_proxy": "http://127.0.0.1:9"}, "localhost,127.0.0.1,::1,127.0.0.2"),
        (
            "127.0.0.1",
            {"ALL_PROXY": "socks5://a", "no_proxy": "b.test, localhost"},
            "b.test,localhost,127.0.0.1,::1",
        ),
        (
            "127.0.0.1",
            {"http_proxy": "http://127.0.0.1:9", "no_proxy": "localhost, 127.0.0.1"},
            None,
        ),
        ("127.0.0.1", {"https_proxy": "http://127.0.0.1:9"}, None),
    ],
)
def test_proxy_of_the_environment_is_pointed_out(
    tmp_path: Path, host: str, variables: dict[str, str], direct: str | None
) -> None:
    """A proxy cannot reach this machine, and clients would show only the error of the proxy."""
    with serving(tmp_path, "--host", host, env=environment(**variables)) as running:
        assert running.end() == 0
        found = re.search("export no_proxy='(.*)'", running.read_rest())
        assert (found and found[1]) == direct


def test_configured_secret_is_not_printed(tmp_path: Path) -> None:
    with serving(tmp_path, "--access-key-secret", "hush-hush") as running:
        assert "hush-hush" not in running.announced
        assert running.end() == 0
        assert running.read_rest() == f"Console: {running.endpoint}/_emulator/\n"
        assert running.stderr.read_text() == ""


def test_open_shows_the_console_in_the_browser(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {opened}.part && mv {opened}.part {opened}\n')
    browser.chmod(0o700)
    with serving(tmp_path, "--open", env=environment(BROWSER=f"{browser} %s")) as running:
        wait_for(opened.exists)
        assert opened.read_text() == f"{running.endpoint}/_emulator/"


def test_hint_of_the_seed_names_the_endpoint(tmp_path: Path) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text('hint = "Look at {endpoint}/b first."')
    with serving(tmp_path, "--seed", str(seed)) as running:
        assert running.end() == 0
        assert running.read_rest().endswith(f"\nLook at {running.endpoint}/b first.\n")


def test_version_and_help() -> None:
    def ask(*arguments: str) -> str:
        done = command(*arguments)
        assert done.returncode == 0
        assert done.stderr == ""
        return done.stdout

    assert ask("--version") == f"{oss_emulator.__version__}\n"
    text = ask("serve", "--help")
    for field in fields(Settings):
        assert f"--{field.name.replace('_', '-')} " in text
        assert f"OSS_EMULATOR_{field.name.upper()}" in "".join(text.split())


def test_bare_command_prints_the_commands_by_purpose(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    places = [text.index(f"\n{title}:\n") for title in ("Run", "Rules", "Traffic", "Help")]
    assert places == sorted(places)
    assert "\n  serve       run the server\n" in text


# --- variables


def settings(**variables: str) -> Settings:
    parser = build_parser(["serve"])
    return flags.parse_settings(parser.parse(["serve"]), variables, {})


def test_variables_of_a_service_in_kubernetes_are_ignored(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = settings(
        OSS_EMULATOR_PORT="tcp://10.0.0.1:9000",
        OSS_EMULATOR_SERVICE_HOST="10.0.0.1",
        OSS_EMULATOR_SERVICE_PORT="9000",
        OSS_EMULATOR_SERVICE_PORT_HTTP="9000",
        OSS_EMULATOR_PORT_9000_TCP="tcp://10.0.0.1:9000",
        OSS_EMULATOR_PORT_9000_TCP_ADDR="10.0.0.1",
    )
    assert found.port == Settings().port
    assert capsys.readouterr().err == ""


def test_unknown_variable_is_a_warning_that_names_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert settings(OSS_EMULATOR_PRT="1", OSS_EMULATOR_PORT="9001").port == 9001
    said = capsys.readouterr().err
    assert "the variable OSS_EMULATOR_PRT is unknown; did you mean OSS_EMULATOR_PORT?" in said
    settings(OSS_EMULATOR_ZZZZZZ="1")  # the common prefix alone is not a near name
    assert capsys.readouterr().err == "oss-emulator: the variable OSS_EMULATOR_ZZZZZZ is unknown\n"


# --- errors in one sentence


def test_process_that_fails_has_a_status_and_no_traceback() -> None:
    done = subprocess.run(
        [*EMULATOR, "check"],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"oss-emulator check: .+\n", done.stderr)


def test_taken_port_is_reported() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
        sentence = refuse("serve", "--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in sentence
    assert "--port" in sentence


def test_foreign_address_is_reported() -> None:
    assert "cannot listen on 203.0.113.9 port 0" in refuse(
        "serve", "--host", "203.0.113.9", "--port", "0"
    )


@pytest.mark.parametrize("flag", ["--ready-file", "--access-log", "--seed"])
def test_file_in_a_missing_folder_is_reported(tmp_path: Path, flag: str) -> None:
    path = tmp_path / "nowhere" / "file"
    sentence = refuse("serve", "--port", "0", flag, str(path))
    assert str(path) in sentence
    assert "No such file or directory" in sentence


@pytest.mark.parametrize("flag", ["--ready-file", "--access-log", "--seed"])
def test_folder_instead_of_a_file_is_reported(tmp_path: Path, flag: str) -> None:
    sentence = refuse("serve", "--port", "0", flag, str(tmp_path))
    assert str(tmp_path) in sentence
    assert "Is a directory" in sentence


@rows(("name", "value", "complaint"), *CASES["bad_value_is_reported_in_one_sentence"])
def test_bad_value_is_reported_in_one_sentence(name: str, value: str, complaint: str) -> None:
    variable = f"OSS_EMULATOR_{name.replace('-', '_').upper()}"
    by_flag = refuse("serve", f"--{name}", value)
    by_variable = refuse("serve", **{variable: value})
    assert f"--{name}: " in by_flag
    assert complaint in by_flag
    assert f"{variable}: " in by_variable
    assert complaint in by_variable


@rows(("arguments", "complaint"), *CASES["bad_command_line_of_serve_is_reported_in_one_sentence"])
def test_bad_command_line_is_reported_in_one_sentence(
    arguments: tuple[str, ...], complaint: str
) -> None:
    sentence = refuse(*arguments)
    assert complaint in sentence
    assert "--help" in sentence


BUCKET = '[[bucket]]\nname = "examplebucket"\n'
RULES = f"{BUCKET}[bucket.referer]\n"
ITEM = f'{BUCKET}[[bucket.object]]\nkey = "a"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[bucket", "line 1, column 9: this is not valid TOML: Expected"),
        ("name = 'caf\udce9'", "the byte 0xe9 is not valid UTF-8"),
        ("buckets = []", "line 1, column 1: buckets is unknown; use hint, account or bucket"),
        ("bucket = 1", "bucket is 1; write [[bucket]] for each bucket"),
        ('[[bucket]]\nacl = "private"\n', "bucket[0].name is missing; write a string"),
        ("[[bucket]]\nname = 1\n", "bucket[0].name is 1; write a string"),
        ('[[bucket]]\nname = "No_Bucket"\n', "InvalidBucketName"),
        (f'{BUCKET}acl = "public"\n', "no such bucket access control exists"),
        (f'{BUCKET}storage_class = "Cheap"\n', "No such bucket storage class exists"),
        (f'{BUCKET}redundancy = "RAID"\n', "Redundancy type 'RAID' is unknown; use"),
        (f'{BUCKET}owner = "me"\n', "line 3, column 1: bucket[0].owner is unknown; use name, acl"),
        (f"{BUCKET}referer = true\n", "bucket[0].referer is true; write a table"),
        (f"{RULES}white_list = []\n", "line 4, column 1: bucket[0].referer.white_list is unknown"),
        (f'{RULES}whitelist = "*"\n', 'whitelist is "*"; write a list of strings'),
        (f"{RULES}blacklist = [1]\n", "bucket[0].referer.blacklist[0] is 1; write a string"),
        (f'{RULES}truncate_path = "no"\n', 'truncate_path is "no"; write true or false'),
        (f"{BUCKET}object = 1\n", "bucket[0].object is 1; write [[bucket.object]] for each object"),
        (ITEM, "bucket[0].object[0] has neither text nor file; write one of them"),
        (f'{ITEM}text = "a"\nfile = "b"\n', "object[0] has both text and file; write one of"),
        (f'{ITEM}file = "nowhere"\n', "nowhere cannot be read: No such file or directory"),
        (f'{ITEM}file = "."\n', "cannot be read: Is a directory"),
        (f'{ITEM}text = "a"\nacl = "public"\n', "no such object access control exists"),
        (f'{ITEM}text = "a"\ntags = "b"\n', "object[0].tags is unknown; use key, text"),
        (f'{BUCKET}[[bucket.object]]\ntext = "a"\n', "object[0].key is missing; write a string"),
        (f'{BUCKET}[[bucket.object]]\nkey = "/a"\ntext = "a"\n', "InvalidObjectName"),
        (f'{ITEM}text = "a"\nheaders = {{ Content-MD5 = "AAAA" }}\n', "InvalidDigest"),
        (f'{ITEM}text = "a"\nheaders = 1\n', "bucket[0].object[0].headers is 1; write a table"),
        (f'{ITEM}file = "a\\u0000"\n', "cannot be read"),
        (f'{RULES}whitelist = ["\\u0001"]\n', "an entry cannot be written"),
        (f"bucket = {'[' * 5000}\n", "is nested too deeply"),
        ('[[bucket]]\nname = "a/b"\n', "InvalidBucketName"),
    ],
)
def test_bad_seed_is_reported_in_one_sentence(tmp_path: Path, text: str, complaint: str) -> None:
    seed = tmp_path / "seed.toml"
    seed.write_text(text, encoding="utf-8", errors="surrogateescape")
    sentence = refuse("serve", "--port", "0", "--seed", str(seed))
    assert str(seed) in sentence
    assert complaint in sentence


@rows("flag, reason", *CASES["endless_file_is_refused"])
def test_endless_file_is_refused(flag: str, reason: str) -> None:
    sentence = refuse("serve", "--port", "0", flag, "/dev/zero")
    assert f"/dev/zero cannot be read: {reason}" in sentence


def test_seed_object_of_a_too_large_file_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(1024**4)  # a sparse file: it takes no space
    seed = tmp_path / "seed.toml"
    seed.write_text(f'{ITEM}file = "huge"\n')
    sentence = refuse("serve", "--port", "0", "--seed", str(seed))
    assert "huge cannot be read: it has more than" in sentence


# --- a data folder


def test_second_server_on_a_folder_ends_with_one_sentence(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    with serving(tmp_path, "--data", data):
        status, sentence = fail("serve", "--port", "0", "--data", data)
    assert (status, sentence) == (
        1,
        f"oss-emulator: the folder {data} is in use by another oss-emulator: stop that one, or "
        "choose another folder\n",
    )


def test_folder_with_a_damaged_index_ends_the_start_with_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with serving(tmp_path, "--data", str(data)):
        pass
    (data / "index.sqlite").unlink()
    status, sentence = fail("serve", "--port", "0", "--data", str(data))
    assert (status, sentence) == (
        1,
        f"oss-emulator: the folder {data} cannot be used: its index index.sqlite is missing; "
        "nothing was changed: restore a copy of the whole folder, or choose another one\n",
    )


# --- flags and variables

WAYS = ("variable", "flag")


APART = {"tls_cert", "tls_key", "accounts", "demo", "preload", "watch"}
"""Settings that cannot be combined with others, or that other files test."""

UNSEEN = tuple(CASES["unseen"])
"""The settings whose effects no client of a healthy server can see."""

SWITCHES = {"strict_addressing", "strict_s3", "lenient", "new_account", "tls", "seed_anywhere"}


def given(way: str, folder: Path, port: int, tls_port: int) -> dict[str, str]:
    """Return values for all settings; `seen` can tell from each one how it was given."""
    seed = folder / f"{way}.toml"
    seed.write_text(
        f'[[bucket]]\nname = "of-the-{way}"\nacl = "public-read"\n'
        f'[[bucket.object]]\nkey = "a"\nfile = {json.dumps(__file__)}\n'
    )
    return {
        "host": {"variable": "localhost", "flag": "127.0.0.1"}[way],
        "port": str(port),
        "ready_file": str(folder / f"{way}.json"),
        "region": f"region-{way}",
        "access_key_id": f"id-{way}",
        "access_key_secret": f"secret-{way}",
        "auth": {"variable": "relaxed", "flag": "strict"}[way],
        "assumptions": str(_assume(folder, way)),
        "domain": f"{way}.test",
        "cname": f"img.{way}.example=of-the-{way}",
        "s3_host": f"s3-{way}.test",
        "strict_s3": "on",
        "strict_addressing": "on",
        "lenient": "on",
        "as_of": {"variable": "2025-09-16", "flag": "2025-09-17"}[way],
        "new_account": "on",
        "tls": "on",
        "tls_port": str(tls_port),
        "tls_dir": str(folder / f"{way}-tls"),
        "ca_file": str(folder / f"{way}.pem"),
        "seed": str(seed),
        "seed_anywhere": "on",
        "data": str(folder / f"{way}-data"),
        "fsync": {"variable": "off", "flag": "always"}[way],
        "request_timeout": {"variable": "20", "flag": "30.5"}[way],
        "max_connections": {"variable": "200", "flag": "300"}[way],
        "journal_size": {"variable": "20", "flag": "30"}[way],
        "journal_bytes": {"variable": "20000000", "flag": "30000000"}[way],
        "limit": {"variable": "headers=2000", "flag": "parts=7,headers=3000"}[way],
        "access_log": str(folder / f"{way}.log"),
        "admin_token": f"token-{way}",
        "log_level": {"variable": "debug", "flag": "info"}[way],
        "log_format": {"variable": "json", "flag": "text"}[way],
    }


ASSUMED = {"variable": "case-sensitive", "flag": "case-insensitive"}


def _assume(folder: Path, way: str) -> Path:
    """Write a file of assumptions that shows in which way it was given."""
    path = folder / f"{way}-assumptions.toml"
    path.write_text(f'letter_case = "{ASSUMED[way]}"\n')
    return path


def _assumptions(running: Running, folder: Path, token: str) -> Path:
    """Return the file of the assumptions that the server follows."""
    rules = {"AllowEmptyReferer": True, "RefererList": {"Referer": ["A"]}}
    body = json.dumps({"rules": rules, "requests": [{"referer": "a"}]}).encode()
    answer = running.ask("POST", "/_emulator/referer/check", body, x_oss_emulator_token=token)
    (decision,) = json.loads(answer.text)["decisions"]
    (way,) = [way for way in WAYS if {"letter_case": ASSUMED[way]} == decision["variants"]]
    return folder / f"{way}-assumptions.toml"


def seen(running: Running, folder: Path) -> dict[str, str]:
    """Find out the settings of a server from its answers and files."""
    region, access_key_id = running.ready["region"], running.ready["access_key_id"]
    signing = {
        way: oss2.AuthV4(access_key_id, f"secret-{way}")
        for way in WAYS
        if _can_list(running, oss2.AuthV4(access_key_id, f"secret-{way}"), region)
    }
    (way,) = signing
    stranger = oss2.AuthV4("nobody", "whatever")
    service = _service(running, signing[way], region)
    version_1 = _service(running, oss2.Auth(access_key_id, f"secret-{way}"), region)
    (bucket,) = [bucket.name for bucket in oss2.BucketIterator(service)]
    (cname,) = [
        f"img.{way}.example={bucket}"
        for way in WAYS
        if running.ask("GET", "/a", Host=f"img.{way}.example").status == 200
    ]
    in_path = running.ask("GET", f"/{bucket}/a")
    (domain,) = [
        f"{way}.test"
        for way in WAYS
        if running.ask("GET", "/a", Host=f"{bucket}.{way}.test").status == 200
    ]
    (s3_host,) = [
        f"s3-{way}.test"
        for way in WAYS
        if running.ask("GET", "/a", Host=f"{bucket}.s3-{way}.test").status == 200
    ]
    chunks = running.ask(
        "PUT",
        "/b",
        Host=f"{bucket}.{s3_host}",
        x_amz_content_sha256="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        x_amz_decoded_content_length="0",
    )
    (token,) = [f"token-{way}" for way in WAYS if _may_administer(running, f"token-{way}")]
    slow = running.ask("GET", "/a", Host=f"{bucket}.{domain}", x_oss_traffic_limit="800000")
    long = running.ask("GET", "/_emulator/health", x="x" * 2500)
    outside = running.ask("GET", "/a", Host=f"{bucket}.{domain}").text
    return {
        "host": running.endpoint.partition("://")[2].partition(":")[0],
        "port": str(running.port),
        "ready_file": str(_only(folder, "json")),
        "region": region,
        "access_key_id": access_key_id,
        "access_key_secret": f"secret-{way}",
        "auth": "relaxed" if _can_list(running, stranger, region) else "strict",
        "domain": domain,
        "cname": cname,
        "s3_host": s3_host,
        "strict_s3": "on" if chunks.code == "InvalidArgument" else "off",
        "seed_anywhere": "on" if outside == Path(__file__).read_text() else "off",
        "strict_addressing": "on" if in_path.code == "SecondLevelDomainForbidden" else "off",
        "as_of": "2025-09-17" if _logs_arns(_only(folder, "log")) else "2025-09-16",
        "lenient": "on" if slow.code != "InvalidArgument" else "off",
        "new_account": "on" if _denies(version_1, "0002-00000080") else "off",
        "tls": "on" if running.endpoint.startswith("https://") else "off",
        "tls_port": str(running.ready["https_endpoint"]).rpartition(":")[2],
        "tls_dir": str(next(folder.glob("*-tls"))),
        "ca_file": str(_only(folder, "pem")),
        "assumptions": str(_assumptions(running, folder, token)),
        "seed": str(folder / f"{bucket.removeprefix('of-the-')}.toml"),
        "data": str(next(folder.glob("*-data/index.sqlite")).parent),
        "limit": "parts=7,headers=3000" if long.status == 200 else "headers=2000",
        "access_log": str(_only(folder, "log")),
        "admin_token": token,
    }


def _service(running: Running, auth: oss2.AuthV4, region: str) -> oss2.Service:
    session = oss2.Session()
    session.session.trust_env = False
    session.session.verify = running.ready.get("ca_file")
    return oss2.Service(auth, running.endpoint, region=region, session=session)


def _can_list(running: Running, auth: oss2.AuthV4, region: str) -> bool:
    try:
        _service(running, auth, region).list_buckets()
    except oss2.exceptions.ServerError as error:
        if error.code not in ("SignatureDoesNotMatch", "InvalidAccessKeyId"):
            raise
        return False
    return True


def _denies(service: oss2.Service, ec: str) -> bool:
    """Whether a call with the right key is refused with an EC."""
    try:
        service.list_buckets()
    except oss2.exceptions.AccessDenied as error:
        return bool(error.details["EC"] == ec)
    return False


def _logs_arns(log: Path) -> bool:
    """Whether the lines of an access log end with the ARN of the bucket (P-60)."""
    wait_for(lambda: "\n" in log.read_text())
    line = log.read_text().splitlines(keepends=True)[0]
    if LINE.fullmatch(line):
        return True
    assert LINE.fullmatch(line.replace("\n", ' "-"\n'))
    return False


def _may_administer(running: Running, token: str) -> bool:
    """Return whether a token admits a browser that does not name the page behind a request."""
    headers = {"Origin": f"http://127.0.0.1:{running.port}", "x_oss_emulator_token": token}
    return running.ask("POST", "/_emulator/referer/check", b"{}", **headers).status != 403


def _only(folder: Path, suffix: str) -> Path:
    (path,) = folder.glob(f"*.{suffix}")
    return path


def unseen(values: dict[str, str]) -> dict[str, str]:
    return {name: values[name] for name in UNSEEN}


def variables_of(values: dict[str, str]) -> dict[str, str]:
    return {f"OSS_EMULATOR_{name.upper()}": value for name, value in values.items()}


@pytest.mark.system
def test_each_flag_has_a_variable_of_the_same_name(
    tmp_path: Path, free_port: int, other_port: int
) -> None:
    values = given("variable", tmp_path, free_port, other_port)
    assert set(values) == {field.name for field in fields(Settings)} - APART
    env = environment(**variables_of(values))
    with started((*EMULATOR, "serve"), tmp_path, Path(values["ready_file"]), env) as running:
        assert {**seen(running, tmp_path), **unseen(values)} == values


@pytest.mark.system
def test_flag_takes_precedence_over_its_variable(
    tmp_path: Path, free_port: int, other_port: int
) -> None:
    values = given("flag", tmp_path, free_port, other_port)
    # This value would make the start fail if the variable were read.
    wrong = dict.fromkeys(["port", "auth", "tls_port", "limit", *UNSEEN, *SWITCHES], "x")
    variables = given("variable", tmp_path, 0, 0) | wrong
    flags = [
        f"--{name.replace('_', '-')}" + ("" if name in SWITCHES else f"={value}")
        for name, value in values.items()
    ]
    env = environment(**variables_of(variables))
    with started(
        (*EMULATOR, "serve", *flags), tmp_path, Path(values["ready_file"]), env
    ) as running:
        assert {**seen(running, tmp_path), **unseen(values)} == values


def test_key_may_come_from_the_variables_of_the_sdk(tmp_path: Path) -> None:
    env = environment(OSS_ACCESS_KEY_ID="sdk-id", OSS_ACCESS_KEY_SECRET="sdk-secret")
    with serving(tmp_path, env=env) as running:
        assert running.ready["access_key_id"] == "sdk-id"
        assert _can_list(running, oss2.AuthV4("sdk-id", "sdk-secret"), "cn-hangzhou")
        assert not _can_list(running, oss2.AuthV4("sdk-id", "other"), "cn-hangzhou")


def test_empty_variables_are_ignored(tmp_path: Path) -> None:
    empty = {f"OSS_EMULATOR_{field.name.upper()}": "" for field in fields(Settings)}
    with serving(tmp_path, env=environment(**empty)) as running:
        assert running.ready["region"] == "cn-hangzhou"
        assert running.ready["access_key_id"] == DEFAULT_ACCESS_KEY_ID


def test_domains_may_be_listed_or_repeated(tmp_path: Path, seed: str) -> None:
    domains = ("--domain", "oss.one.test, oss.two.test", "--domain", "oss.three.test")
    with serving(tmp_path, "--seed", seed, *domains) as running:
        for domain in ("localhost", "oss.one.test", "oss.two.test", "oss.three.test"):
            host = f"examplebucket.{domain}:{running.port}"
            assert running.ask("GET", "/hello.txt", Host=host).text == "Hello"
            path_style = running.ask("GET", OBJECT, Host=domain)
            assert path_style.text == "Hello"
        stray = running.ask("GET", "/hello.txt", Host="examplebucket.oss.four.test")
        assert (stray.status, stray.code) == (404, "NoSuchBucket")
        assert "--domain" in stray.text


# --- the end


ENDINGS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])


@ENDINGS
def test_upload_finishes_before_the_server_ends(
    tmp_path: Path, seed: str, number: signal.Signals
) -> None:
    with serving(tmp_path, "--seed", seed) as running:
        with _connection(running) as slow, slow.makefile("rb") as answer:
            slow.sendall(
                b"PUT /examplebucket/slow HTTP/1.1\r\nHost: localhost\r\n"
                b"Content-Length: 10\r\nExpect: 100-continue\r\n\r\n"
            )
            # The server has begun to read the body.
            assert answer.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert answer.readline() == b"\r\n"
            slow.sendall(b"01234")

            running.process.send_signal(number)
            wait_for(lambda: _refuses(running.port))
            assert running.process.poll() is None
            slow.sendall(b"56789")

            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
            assert b'ETag: "781E5E245D69B566979B86E28D23F2C7"\r\n' in answer.readlines()
        assert running.process.wait(PATIENCE) == 0
        assert running.stderr.read_text() == ""


@ENDINGS
def test_download_finishes_before_the_server_ends(tmp_path: Path, number: signal.Signals) -> None:
    size = 16 * 1024 * 1024  # more than the sockets buffer
    with (tmp_path / "large").open("wb") as file:
        file.truncate(size)
    seed = tmp_path / "seed.toml"
    seed.write_text(
        '[[bucket]]\nname = "examplebucket"\nacl = "public-read"\n'
        '[[bucket.object]]\nkey = "large"\nfile = "large"\n'
    )
    with serving(tmp_path, "--seed", str(seed)) as running:
        with _connection(running) as slow, slow.makefile("rb") as answer:
            slow.sendall(b"GET /examplebucket/large HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert answer.readline() == b"HTTP/1.1 200 OK\r\n"
            while answer.readline() != b"\r\n":
                pass

            running.process.send_signal(number)
            wait_for(lambda: _refuses(running.port))
            assert running.process.poll() is None

            assert len(answer.read()) == size
        assert running.process.wait(PATIENCE) == 0
        assert running.stderr.read_text() == ""


SHORT = CASES["short"]
"""A server whose requests get a second to finish, and that hangs when it looks up a name."""


@contextmanager
def ending_soon(folder: Path, *flags: str) -> Iterator[Running]:
    ready = folder / "ready.json"
    options = ("--port", "0", "--tls-port", "0", "--ready-file", str(ready), *flags)
    with started((EMULATOR[0], "-c", SHORT, "serve", *options), folder, ready) as running:
        yield running


def head(method: str, target: str, *fields: str) -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def test_server_ends_in_time_whatever_runs(tmp_path: Path) -> None:
    """Uploads, downloads, rows, images, events, tunnels, callbacks, tasks and handshakes."""
    seed, rows = tmp_path / "seed.toml", tmp_path / "rows.csv"
    rows.write_bytes(b"123456789,987654321,5\n" * 1_000_000)
    Image.effect_noise((3000, 3000), 100).convert("RGB").save(tmp_path / "a.png")
    names = ("rows.csv", "a.png")
    objects = "".join(f'[[bucket.object]]\nkey = "{name}"\nfile = "{name}"\n' for name in names)
    seed.write_text(f'[[bucket]]\nname = "examplebucket"\nacl = "public-read-write"\n{objects}')
    like = " or ".join(f"_1 like '%{n}%{n}%{n}%{n}%'" for n in range(8))
    expression = base64.b64encode(f"select count(*) from ossobject where {like}".encode()).decode()
    select = f"<SelectRequest><Expression>{expression}</Expression></SelectRequest>"
    events = "Accept: text/event-stream"
    oss, rows_of = "oss-cn-hangzhou.aliyuncs.com", "/examplebucket/rows.csv"
    image = "/examplebucket/a.png?x-oss-process=image/resize,w_4000/blur,r_50,s_50/format,webp"
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        ending_soon(tmp_path, "--seed", str(seed)) as running,
        ExitStack() as stack,
    ):
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
        call = base64.b64encode(
            json.dumps({"callbackUrl": url, "callbackBody": "a=1"}).encode()
        ).decode()
        auth = oss2.Auth(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
        bucket = oss2.Bucket(auth, running.endpoint, "examplebucket")
        bucket.put_async_fetch_task(oss2.models.AsyncFetchTaskConfiguration(url, "fetched"))
        upload = bucket.sign_url("PUT", "called", 60, headers={"x-oss-callback": call})
        size = f"Content-Length: {len(select)}"
        calls = (f"x-oss-callback: {call}", "Content-Length: 1")
        sent = [
            head("PUT", "/examplebucket/slow", "Content-Length: 1000") + b"begun",
            head("GET", rows_of, "x-oss-traffic-limit: 819200"),
            head("POST", f"{rows_of}?x-oss-process=csv/select", size) + select.encode(),
            *(head("GET", image) for _ in range(4)),
            head("GET", "/_emulator/journal", events),
            head("GET", "/_emulator/requests", events),
            head("GET", "/_emulator/journal?since=1000&wait=60"),
            head("PUT", upload.partition(str(running.port))[2], *calls) + b"1",
            head("CONNECT", f"{oss}:443"),
            head("CONNECT", f"{oss}:80"),
            b"GET /half",
            b"",
        ]
        held = [stack.enter_context(_connection(running)) for _ in sent]
        for connection, data in zip(held, sent, strict=True):
            connection.sendall(data)
        handshake = ("127.0.0.1", urlsplit(str(running.ready["https_endpoint"])).port)
        stack.enter_context(socket.create_connection(handshake, PATIENCE))
        for _ in range(2):  # the connection of the callback, and that of the task
            stack.enter_context(silent.accept()[0])
        begun = time.monotonic()
        assert running.end() == 0
        assert time.monotonic() - begun < 25  # requests would get 30 seconds
        assert running.stderr.read_text() == ""


def test_server_ends_in_time_while_a_thread_hangs(tmp_path: Path, seed: str) -> None:
    url = base64.b64encode(b'{"callbackUrl": "http://slow.test/", "callbackBody": "a=1"}').decode()
    auth = oss2.Auth(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
    with ending_soon(tmp_path, "--seed", seed) as running:
        bucket = oss2.Bucket(auth, running.endpoint, "examplebucket")
        target = bucket.sign_url("PUT", "a", 60, headers={"x-oss-callback": url})
        with _connection(running) as waiting:
            path = target.partition(str(running.port))[2]
            fields = (f"x-oss-callback: {url}", "Content-Length: 1")
            waiting.sendall(head("PUT", path, *fields) + b"1")
            wait_for(lambda: running.ask("GET", "/examplebucket/a").status == 200)
            begun = time.monotonic()
            assert running.end() == 0
            assert time.monotonic() - begun < 60  # the look-up takes 300 seconds
    said = running.stderr.read_text()
    assert said == "oss-emulator: ended while a thread was still running\n"


def _connection(running: Running) -> socket.socket:
    return socket.create_connection(("127.0.0.1", running.port), PATIENCE)


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), PATIENCE).close()
    except (ConnectionRefusedError, ConnectionResetError):
        return True  # reset: the listener closed while this connection waited to be accepted
    return False


# --- signatures


def body(bucket: oss2.Bucket) -> bytes:
    return bytes(bucket.get_object("hello.txt").read())


@pytest.fixture(scope="module")
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    """A server with the flags of the parameter; the tests only read."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "seed.toml").write_text(SEED)
    with serving(folder, "--seed", str(folder / "seed.toml"), *request.param) as running:
        yield running


# --- access log


def parse_log(path: Path, count: int) -> list[dict[str, str]]:
    """Wait until an access log has `count` lines, which follow the answers; parse them."""
    wait_for(lambda: path.exists() and path.read_text().count("\n") >= count)
    with path.open(newline="") as log:
        matches = [(line, LINE.fullmatch(line)) for line in log]
    assert len(matches) == count
    assert [line for line, match in matches if match is None] == []
    return [match.groupdict() for _, match in matches if match is not None]


def test_access_log_has_one_line_for_each_request(tmp_path: Path, seed: str) -> None:
    log = tmp_path / "access.log"
    with serving(tmp_path, "--seed", seed, "--access-log", str(log)) as running:
        host = f"127.0.0.1:{running.port}"
        denied = running.ask("GET", f"{OBJECT}?v=1", Referer=BAD_REFERER, User_Agent='a "b"')
        assert denied.status == 403
        running.ask("HEAD", OBJECT)
        auth = oss2.AuthV4(DEFAULT_ACCESS_KEY_ID, DEFAULT_ACCESS_KEY_SECRET)
        bucket = oss2.Bucket(auth, running.endpoint, "privatebucket", region="cn-hangzhou")
        bucket.put_object("图 1.png", b"01234")
        running.ask("GET", "/examplebucket?somethingNew")
        running.ask("GET", "/_emulator/health")  # not a request to OSS, so not logged
        get, head, put, unknown = parse_log(log, 4)

    wanted = {
        "remote": "127.0.0.1",
        "request": f"GET {OBJECT}?v=1 HTTP/1.1",
        "status": "403",
        "bytes": str(len(denied.text)),
        "referer": BAD_REFERER,
        "user_agent": r"a \x22b\x22",
        "host": host,
        "request_id": denied.headers["x-oss-request-id"],
        "requester": "-",
        "operation": "GetObject",
        "bucket": "examplebucket",
        "key": "hello.txt",
        "size": "5",
        "code": "AccessDenied",
        "length": "0",
        "access_key_id": "-",
    }
    assert {name: get[name] for name in wanted} == wanted
    assert (head["request"], head["status"], head["bytes"]) == (
        f"HEAD {OBJECT} HTTP/1.1",
        "200",
        "0",
    )
    assert (head["operation"], head["referer"], head["code"]) == ("HeadObject", "-", "-")
    assert (put["operation"], put["bucket"], put["status"]) == ("PutObject", "privatebucket", "200")
    assert put["key"] == "%E5%9B%BE%201.png"
    assert put["access_key_id"] == DEFAULT_ACCESS_KEY_ID
    assert put["requester"] == put["owner"] != "-"
    assert (put["length"], put["size"]) == ("5", "5")
    assert (unknown["status"], unknown["code"], unknown["key"]) == ("501", "NotImplemented", "-")


def test_new_access_log_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    new, old = tmp_path / "new.log", tmp_path / "old.log"
    old.touch(0o644)
    before = os.umask(0)
    try:
        for log in (new, old):
            with serving(tmp_path, "--access-log", str(log)):
                pass
    finally:
        os.umask(before)
    assert [oct(log.stat().st_mode & 0o777) for log in (new, old)] == ["0o600", "0o644"]


def test_pasted_signed_url_finds_its_requests(tmp_path: Path, seed: str) -> None:
    """The searched text and the entries are masked in the same way."""
    with serving(tmp_path, "--seed", seed) as running:
        target = f"{OBJECT}?Expires=1&Signature=abcdefghijkl&x=1"
        running.ask("GET", target)
        for asked in ("journal?text=", "requests?q="):
            found = running.ask("GET", f"/_emulator/{asked}{quote(target, safe='')}")
            assert len(found.json["entries"]) == 1


def test_access_log_escapes_undecodable_headers(tmp_path: Path, seed: str) -> None:
    log = tmp_path / "access.log"
    with serving(tmp_path, "--seed", seed, "--access-log", str(log)) as running:
        with _connection(running) as raw, raw.makefile("rb") as answer:
            raw.sendall(
                b"GET /examplebucket/hello.txt HTTP/1.1\r\nHost: localhost\r\n"
                b"Referer: http://\xff/\r\nConnection: close\r\n\r\n"
            )
            assert answer.readline() == b"HTTP/1.1 403 Forbidden\r\n"
            answer.read()
        assert running.end() == 0
        assert "Traceback" not in running.stderr.read_text()
        assert log.read_bytes().count(b"\n") == 1


# --- the log


def _log_of(folder: Path, seed: str, *flags: str) -> list[str]:
    """Request an object with a denied and an allowed Referer; return the lines of the log."""
    with serving(folder, "--seed", seed, *flags) as running:
        running.ask("GET", OBJECT, referer=BAD_REFERER)
        running.ask("GET", OBJECT)
        running.end()
        return running.stderr.read_text().splitlines()


def test_log_has_denied_requests_by_default(tmp_path: Path, seed: str) -> None:
    (line,) = _log_of(tmp_path, seed)
    assert line == (
        f"403 referer 0003-00000503 GET {OBJECT[1:]}"
        f"  Referer {BAD_REFERER}  no whitelist entry matches"
    )


def test_log_level_info_has_every_request(tmp_path: Path, seed: str) -> None:
    lines = _log_of(tmp_path, seed, "--log-level", "info")
    assert [line[:11] for line in lines] == ["403 referer", "200 allowed"]


def test_log_level_error_has_no_requests(tmp_path: Path, seed: str) -> None:
    assert _log_of(tmp_path, seed, "--log-level", "error") == []


def test_log_format_json_has_the_entries_of_the_journal(tmp_path: Path, seed: str) -> None:
    (line,) = _log_of(tmp_path, seed, "--log-format", "json")
    found = json.loads(line)
    assert (found["level"], found["logger"]) == ("warning", "oss_emulator.requests")
    assert found["message"].startswith("403 referer ")
    assert found["request"]["referer"] == BAD_REFERER
    assert found["request"]["decision"]["allowed"] is False
