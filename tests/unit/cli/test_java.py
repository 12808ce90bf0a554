"""The settings with which Java uses a proxy and trusts a CA; tests/cli/test_run.py runs Java."""

from __future__ import annotations

from pathlib import Path
from unittest import mock

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import pkcs12
from oss_emulator.cli import run

from tests.cases import read_cases

CASES = read_cases("unit.cli")


def test_properties_name_the_proxy_and_the_store() -> None:
    found = run.options("http://127.0.0.1:9000", Path("/a.p12"), ["localhost"]).split()
    assert found == [
        "-Dhttp.proxyHost=127.0.0.1",
        "-Dhttp.proxyPort=9000",
        "-Dhttps.proxyHost=127.0.0.1",
        "-Dhttps.proxyPort=9000",
        "-Dhttp.nonProxyHosts=localhost|*.localhost",
        "-Djavax.net.ssl.trustStore=/a.p12",
        "-Djavax.net.ssl.trustStoreType=PKCS12",
    ]


@pytest.mark.parametrize(("hosts", "patterns"), CASES["names_of_no_proxy_become_patterns"])
def test_names_of_no_proxy_become_patterns(hosts: list[str], patterns: str) -> None:
    (found,) = [
        option for option in run.options("http://a:1", None, hosts).split() if "nonProxy" in option
    ]
    assert found == f"-Dhttp.nonProxyHosts={patterns}"


def test_path_with_a_space_is_quoted() -> None:
    found = run.options("http://a:1", Path("/a b/c.p12"), [])
    assert '"-Djavax.net.ssl.trustStore=/a b/c.p12"' in found


def test_store_holds_every_certificate_of_the_bundle(tmp_path: Path) -> None:
    pems = [trustme.CA().cert_pem.bytes() for _ in range(2)]
    bundle = b"# a comment\n" + b"\n".join([pems[0], b"-----BEGIN CERTIFICATE-----\nx\n", pems[1]])
    bundle += b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    path = run.write_store(bundle, tmp_path / "a.p12")
    assert path is not None
    found = pkcs12.load_pkcs12(path.read_bytes(), None).additional_certs
    assert len(found) == 2


def test_older_cryptography_makes_no_store(tmp_path: Path) -> None:
    with mock.patch.object(run, "pkcs12", object()):
        assert run.write_store(b"", tmp_path / "a.p12") is None
