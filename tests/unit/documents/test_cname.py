"""Custom domains: proof of ownership, their buckets and their certificates."""

from __future__ import annotations

import pytest
from oss_emulator.documents import cname
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import OSSError
from oss_emulator.protocol.xml import DocumentError, Node
from oss_emulator.storage import MemoryStorage

from tests.unit.documents.putting import BUCKET, NOW

CERTIFICATE = "<CertificateConfiguration>%s</CertificateConfiguration>"
PEM = (
    "<Certificate>-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----</Certificate>"
    "<PrivateKey>k</PrivateKey>"
)


def wanted(rest: str = "", domain: str = "WWW.a.test") -> Node:
    root = "BucketCnameConfiguration"
    return cname.parse(f"<{root}><Cname><Domain>{domain}</Domain>{rest}</Cname></{root}>".encode())


def bind(rest: str = "", present: bytes | None = None) -> Node:
    return xml.parse(cname.format_binding(wanted(rest), present, NOW), "Cname")


@pytest.mark.parametrize(
    ("domain", "needed"),
    [("www.a.test", False), ("a.localhost", False), ("www.a.com", True), ("test", True)],
)
def test_only_reserved_domains_need_no_proof(domain: str, needed: bool) -> None:
    assert cname.needs_proof(domain) is needed


def test_domain_is_in_lower_case() -> None:
    assert cname.domain_of(wanted()) == "www.a.test"
    assert bind().text("Domain") == "www.a.test"


def test_document_without_a_domain_is_refused() -> None:
    with pytest.raises(DocumentError, match="Domain"):
        wanted(domain="")


def test_domain_names_the_bucket_it_is_bound_to() -> None:
    storage = MemoryStorage()
    storage.put_bucket(BUCKET._replace(documents={"cname/www.a.test": b"<Cname/>"}))
    storage.put_bucket(BUCKET._replace(name="other"))
    assert cname.bucket_of("www.a.test", storage) == BUCKET.name
    assert cname.bucket_of("www.b.test", storage) is None


def test_token_lives_for_three_days() -> None:
    token = xml.parse(cname.format_token("bucket", "www.a.test", NOW), "CnameToken")
    assert len(token.text("Token")) == 32
    assert token.text("ExpireTime") == "Wed, 18 Jun 2025 15:06:40 GMT"


def test_certificate_has_the_fingerprint_of_its_bytes() -> None:
    found = bind(CERTIFICATE % PEM)
    assert found.text("Certificate/Type") == "Upload"
    assert found.text("Certificate/Fingerprint").startswith("A9:99:3E:36:47:06:81:6A:BA:3E")


def test_certificate_from_the_certificate_service_has_its_id() -> None:
    found = bind(CERTIFICATE % "<CertId>1-cn</CertId>")
    assert (found.text("Certificate/Type"), found.text("Certificate/CertId")) == ("CAS", "1-cn")


def test_certificate_stays_until_it_is_replaced_or_deleted() -> None:
    present = cname.format_binding(wanted(CERTIFICATE % PEM), None, NOW)
    assert bind("", present).first("Certificate") is not None
    deletion = CERTIFICATE % "<DeleteCertificate>true</DeleteCertificate>"
    assert bind(deletion, present).first("Certificate") is None


@pytest.mark.parametrize("text", ["x", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----"])
def test_certificate_in_another_format_is_refused(text: str) -> None:
    with pytest.raises(OSSError) as caught:
        bind(CERTIFICATE % f"<Certificate>{text}</Certificate>")
    assert caught.value.details["ArgumentName"] == "Certificate"
