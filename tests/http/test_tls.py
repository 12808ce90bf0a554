"""https: the names of certificates, the local CA, custom certificates, and the protocol."""

from __future__ import annotations

import logging
import socket
import ssl
import stat
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import oss2
import pytest
import requests
import trustme
from cryptography import x509
from oss_emulator import Emulator
from oss_emulator.server.listening import loop_factory
from oss_emulator.server.tls import CA_FILE, KEY_FILE, LIFE, CertificateError
from oss_emulator.testing import emulator as running

from tests.rows import read_cases

CASES = read_cases("others.http")

DOMAINS = tuple(CASES["domains"])


FACTORIES = [pytest.param(loop_factory, id="fast"), pytest.param(lambda: None, id="asyncio")]
"""The loop of asyncio and, if it is installed, that of uvloop."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """An emulator with http and https."""
    with Emulator(tls_port=0, domain=("oss.example.test",)) as started:
        started.put("/a-bucket", headers={"x-oss-acl": "public-read"})
        started.put("/a-bucket/a", b"content")
        yield started


def agree(emulator: Emulator, name: str | None) -> x509.Certificate:
    """Connect as a client that trusts the CA and expects a name; return the certificate."""
    context = ssl.create_default_context(cafile=emulator.ca_file)
    context.check_hostname = name is not None
    port = int(emulator.https_endpoint.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), 20) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        shown = secure.getpeercert(binary_form=True)
        assert shown is not None
        secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert secure.recv(100).startswith(b"HTTP/1.0 403 ")
    return x509.load_der_x509_certificate(shown)


def names_of(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {
        *names.get_values_for_type(x509.DNSName),
        *map(str, names.get_values_for_type(x509.IPAddress)),
    }


# --- names


def test_certificate_names_this_machine_and_the_base_domains(emulator: Emulator) -> None:
    names = names_of(agree(emulator, None))
    of_s3 = (f"s3.{domain}" for domain in DOMAINS if domain.endswith(".aliyuncs.com"))
    domains = (*DOMAINS, "s3.localhost", *of_s3)
    assert names == {"127.0.0.1", "::1", *domains, *(f"*.{domain}" for domain in domains)}
    shown = agree(emulator, "localhost")
    assert shown.not_valid_after_utc - shown.not_valid_before_utc == LIFE <= timedelta(days=398)


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        *DOMAINS,
        *(f"a-bucket.{domain}" for domain in DOMAINS),
        "a-bucket.oss-cn-beijing.aliyuncs.com",
        "sts.cn-hangzhou.aliyuncs.com",
        "img.example.com",
        "A-Container",
    ],
)
def test_certificate_fits_every_name_a_client_asks_for(emulator: Emulator, name: str) -> None:
    """OpenSSL does not match wildcards below localhost; such names get their own certificates."""
    assert agree(emulator, name).not_valid_after_utc is not None


def test_certificate_of_a_name_is_issued_once(emulator: Emulator) -> None:
    serials = {agree(emulator, "b.localhost").serial_number for _ in range(2)}
    assert len(serials) == 1
    assert agree(emulator, "c.localhost").serial_number not in serials


def test_invalid_name_gets_the_default_certificate(emulator: Emulator) -> None:
    assert emulator.ca_file is not None
    context = ssl.create_default_context(cafile=emulator.ca_file)
    address = ("127.0.0.1", int(emulator.https_endpoint.rpartition(":")[2]))
    with socket.create_connection(address, 20) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="a_b.-x-.test")
    agree(emulator, "localhost")


# --- the protocol


def test_http_and_https_serve_the_same_objects(emulator: Emulator) -> None:
    for endpoint in (emulator.endpoint, emulator.https_endpoint):
        answer = requests.get(f"{endpoint}/a-bucket/a", verify=str(emulator.ca_file), timeout=20)
        assert (answer.status_code, answer.content) == (200, b"content")
    assert emulator.endpoint.startswith("http://")
    assert [entry.request.secure for entry in emulator.journal[-2:]] == [False, True]


def test_http_on_the_https_port_ends_at_once_and_is_reported(
    emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(emulator.https_endpoint.rpartition(":")[2])
    for _ in range(3):  # as clients try again
        with socket.create_connection(("127.0.0.1", port), 20) as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(1000).startswith(b"HTTP")
    agree(emulator, "localhost")
    line = "A client sent http to the port for https; its URL must begin with https://"
    assert caplog.messages == [line]


def test_client_that_does_not_trust_the_ca_is_one_line_until_a_minute_has_passed(
    emulator: Emulator, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ask(times: int) -> None:
        for _ in range(times):
            with pytest.raises(requests.exceptions.SSLError):
                requests.get(f"{emulator.https_endpoint}/a-bucket/a", timeout=20)
        agree(emulator, "localhost")  # the server has seen how the others ended

    with caplog.at_level(logging.INFO, "oss_emulator"):
        ask(3)
        (line,) = caplog.messages
        assert line.startswith("TLS failed: ")
        monkeypatch.setattr("oss_emulator.server.connections.REPEAT", 0.0)
        ask(1)
        assert caplog.messages == [line, line]


@pytest.mark.parametrize("tls_port", [0, None])
def test_https_on_the_http_port_ends_at_once_and_is_reported(
    caplog: pytest.LogCaptureFixture, tls_port: int | None
) -> None:
    """Otherwise the client would wait a minute for an answer or the next byte."""
    with Emulator(tls_port=tls_port) as emulator:
        began = time.monotonic()
        context = ssl.create_default_context()
        with (
            socket.create_connection(("127.0.0.1", emulator.port), 20) as plain,
            pytest.raises(ssl.SSLError, match="ALERT_HANDSHAKE_FAILURE"),
        ):
            context.wrap_socket(plain, server_hostname="localhost")
        with pytest.raises(oss2.exceptions.RequestError):
            oss2.Bucket(
                oss2.AnonymousAuth(), emulator.endpoint.replace("http:", "https:"), "a-bucket"
            ).get_object("a")
        assert time.monotonic() - began < 40
        right = emulator.https_endpoint if tls_port == 0 else "a port that --tls-port opens"
        line = f"A client began TLS on the port of {emulator.endpoint}; https needs {right}"
        assert caplog.messages == [line]
        assert requests.get(f"{emulator.endpoint}/_emulator/health", timeout=20).status_code == 200


@pytest.mark.parametrize("factory", FACTORIES)
def test_single_port_can_speak_https(monkeypatch: pytest.MonkeyPatch, factory: Any) -> None:
    monkeypatch.setattr(running, "loop_factory", factory)
    with Emulator(tls=True) as emulator:
        assert emulator.endpoint == emulator.https_endpoint == f"https://127.0.0.1:{emulator.port}"
        bucket = emulator.bucket("a-bucket", acl="public-read")
        bucket.put_object("a", b"x" * 1_000_000)
        assert bucket.get_object("a").read() == b"x" * 1_000_000
        url = bucket.sign_url("GET", "a", 60)
        answer = requests.get(url, verify=str(emulator.ca_file), timeout=20)
        assert len(answer.content) == 1_000_000
    assert emulator.ca_file is None


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01"], ids=["nothing", "a piece of a hello"])
@pytest.mark.parametrize("factory", FACTORIES)
def test_stopping_closes_connections_that_never_began_tls(
    monkeypatch: pytest.MonkeyPatch, factory: Any, sent: bytes
) -> None:
    """Such a connection is closed and does not delay the end."""
    monkeypatch.setattr(running, "loop_factory", factory)
    with Emulator(tls=True) as emulator:
        silent = socket.create_connection(("127.0.0.1", emulator.port), 20)
        silent.sendall(sent)
        agree(emulator, "localhost")  # after this answer, the server knows the silent client
    with silent:
        assert silent.recv(1) == b""


def test_server_without_tls_has_no_ca() -> None:
    with Emulator() as emulator:
        assert emulator.ca_file is None
        with pytest.raises(RuntimeError, match="https"):
            _ = emulator.https_endpoint


# --- the CA


def test_ca_is_made_once_and_reused(tmp_path: Path) -> None:
    folder, exported = tmp_path / "new" / "tls", tmp_path / "exported.pem"
    certificates = []
    for _ in range(2):
        with Emulator(tls=True, tls_dir=folder, ca_file=exported) as emulator:
            assert emulator.ca_file == exported
            agree(emulator, "localhost")
        certificates.append(exported.read_bytes())
        assert (folder / CA_FILE).read_bytes() == exported.read_bytes()
        (folder / CA_FILE).unlink()  # the certificate is made from the key again
    assert len(set(certificates)) == 1
    assert b"PRIVATE KEY" not in certificates[0]
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def test_each_server_without_a_ca_folder_makes_its_own_ca(emulator: Emulator) -> None:
    with Emulator(tls=True) as other:
        assert other.ca_file is not None
        assert emulator.ca_file is not None
        assert other.ca_file.read_bytes() != emulator.ca_file.read_bytes()
        folder = other.ca_file.parent
    assert not folder.exists()


@pytest.mark.parametrize(
    "content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_unreadable_ca_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / KEY_FILE).write_bytes(content)
    with pytest.raises(
        CertificateError, match=rf"{KEY_FILE} must contain the key and the certificate"
    ):
        Emulator(tls=True, tls_dir=tmp_path)


# --- custom certificates


@pytest.fixture
def own(tmp_path: Path) -> tuple[Path, Path, Path]:
    """The files of a certificate, its key, and the CA that issued it."""
    paths = tmp_path / "own.pem", tmp_path / "key.pem", tmp_path / "corporate.pem"
    authority = trustme.CA()
    certificate = authority.issue_cert("oss.corporate.test", "127.0.0.1")
    certificate.cert_chain_pems[0].write_to_path(paths[0])
    certificate.private_key_pem.write_to_path(paths[1])
    authority.cert_pem.write_to_path(paths[2])
    return paths


@pytest.mark.parametrize("in_one_file", [False, True])
def test_custom_certificate_is_used(own: tuple[Path, Path, Path], in_one_file: bool) -> None:
    certificate, key, authority = own
    if in_one_file:
        certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
    with Emulator(tls=True, tls_cert=certificate, tls_key=None if in_one_file else key) as emulator:
        assert emulator.ca_file is None
        answer = requests.get(f"{emulator.endpoint}/", verify=str(authority), timeout=20)
        assert answer.status_code == 403


# --- ports and the end


def test_taken_port_fails_the_start_and_closes_the_other_port() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        emulator = Emulator(tls_port=taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            emulator.start()
    assert emulator.port == 0
