"""`oss-emulator serve` with https: files, output and shutdown."""

import json
import socket
import ssl
import sys
from pathlib import Path

import pytest
import trustme

from tests.cli.forking import serving
from tests.cli.process import environment
from tests.cli.refusal import fail, refuse
from tests.client import PATIENCE


def test_http_and_https_are_announced(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with serving(tmp_path, "--tls-port", "0", "--ca-file", str(ca_file)) as running:
        assert running.endpoint == f"http://127.0.0.1:{running.port}"
        https_endpoint = running.ready["https_endpoint"]
        assert https_endpoint.startswith("https://127.0.0.1:")
        assert running.ready["ca_file"] == str(ca_file)
        assert f"endpoint {running.endpoint} and {https_endpoint}, region" in running.announced
        assert running.ask("GET", "/_emulator/health").status == 200


def test_https_alone_is_announced(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    with serving(tmp_path, "--tls", "--ca-file", str(ca_file)) as running:
        assert running.endpoint == running.ready["https_endpoint"]
        assert running.endpoint == f"https://127.0.0.1:{running.port}"
        assert f"endpoint {running.endpoint}, region" in running.announced
        health = running.ask("GET", "/_emulator/health")
        assert json.loads(health.text)["status"] == "ok"


def test_ca_in_a_folder_survives_a_restart(tmp_path: Path) -> None:
    flags = ("--tls", "--tls-dir", str(tmp_path / "tls"), "--ca-file", str(tmp_path / "ca.pem"))
    certificates = []
    for _ in range(2):
        with serving(tmp_path, *flags) as running:
            assert running.ask("GET", "/_emulator/health").status == 200
        certificates.append((tmp_path / "ca.pem").read_bytes())
    assert certificates[0] == certificates[1]


def test_custom_certificate_is_served(tmp_path: Path) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    own.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    own.private_key_pem.write_to_path(tmp_path / "key.pem")
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    files = {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}
    flags = [f"--{name.replace('_', '-')}={path}" for name, path in files.items()]
    variables = {f"OSS_EMULATOR_{name.upper()}": path for name, path in files.items()}
    for given, env in [(flags, environment()), ([], environment(**variables))]:
        with (
            serving(tmp_path, "--tls", *given, env=env) as running,
            socket.create_connection(("127.0.0.1", running.port), PATIENCE) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as secure,
        ):
            assert "ca_file" not in running.ready
            secure.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.0 403 ")


@pytest.mark.parametrize(
    ("said", "lines"), [(b"", 0), (b"\x16\x03\x01", 0), (b"GET / HTTP/1.1\r\n\r\n", 1)]
)
def test_client_without_tls_does_not_delay_the_end(tmp_path: Path, said: bytes, lines: int) -> None:
    """Only one that sends http is reported."""
    with (
        serving(tmp_path, "--tls", "--ca-file", str(tmp_path / "ca.pem")) as running,
        socket.create_connection(("127.0.0.1", running.port), PATIENCE) as raw,
    ):
        raw.sendall(said)
        assert running.ask("GET", "/_emulator/health").status == 200
        assert running.end() == 0
        reported = running.stderr.read_text()
        assert reported.count("its URL must begin with https://") == reported.count("\n") == lines


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--tls-key", "key.pem"), "a TLS key needs its certificate: give --tls-cert as well"),
        (
            ("--tls-cert", "a.pem", "--tls-dir", "tls"),
            "--tls-cert replaces the local CA: omit --tls-dir and --ca-file",
        ),
        (("--tls", "--tls-cert", "nowhere.pem"), "nowhere.pem cannot be read: No such file"),
        (("--tls", "--tls-cert", "."), ". cannot be read: Is a directory"),
        (("--tls", "--tls-cert", __file__), "cannot be loaded with its key; give both in PEM"),
        (("--tls", "--tls-dir", __file__), "can be neither read nor created: File exists"),
        (("--ca-file", "/nowhere/ca.pem"), "/nowhere/ca.pem cannot be written: No such file"),
    ],
)
def test_unusable_files_and_settings_are_reported(flags: tuple[str, ...], complaint: str) -> None:
    assert complaint in refuse("serve", "--port", "0", *flags)


@pytest.mark.parametrize("value", ["x", "2", "yes!"])
@pytest.mark.parametrize("name", ["TLS", "STRICT_ADDRESSING"])
def test_bad_switch_is_reported(name: str, value: str) -> None:
    variable = f"OSS_EMULATOR_{name}"
    sentence = refuse("serve", "--port", "0", **{variable: value})
    assert f"{variable}: {value!r} is unknown; write on or off" in sentence


def test_missing_tls_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    assert fail("serve", "--port", "0", "--tls") == (
        1,
        "oss-emulator: TLS needs the package trustme, which is not installed; "
        "run pip install trustme\n",
    )
