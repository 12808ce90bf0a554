"""Default encryption: valid rules, and the headers that they add."""

from __future__ import annotations

import pytest
from oss_emulator.documents.encryption import DOCUMENT, format, headers_for, rule
from oss_emulator.protocol.errors import OSSError

from tests.unit.documents.putting import check_refused, content, put

SSE = "<ApplyServerSideEncryptionByDefault>%s</ApplyServerSideEncryptionByDefault>"

# Content, the code of the error, and the element or text it names.
REFUSED = [
    (SSE % "<SSEAlgorithm>DES</SSEAlgorithm>", "InvalidEncryptionAlgorithmError", ""),
    (
        SSE % "<SSEAlgorithm>AES256</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>",
        "InvalidArgument",
        "KMSMasterKeyID is not applicable if the default sse algorithm is not KMS.",
    ),
    (
        SSE % "<SSEAlgorithm>KMS</SSEAlgorithm><KMSDataEncryption>DES</KMSDataEncryption>",
        "InvalidDataEncryptionAlgorithmError",
        "",
    ),
]


@pytest.mark.parametrize(("content", "code", "named"), REFUSED)
def test_bad_document_is_refused_with_the_place(content: str, code: str, named: str) -> None:
    check_refused(DOCUMENT, content, code, named)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (
            "<SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID></KMSMasterKeyID>",
            "<SSEAlgorithm>KMS</SSEAlgorithm>",
        ),
        (
            "<SSEAlgorithm>AES256</SSEAlgorithm><KMSDataEncryption>SM4</KMSDataEncryption>",
            "<SSEAlgorithm>AES256</SSEAlgorithm>",
        ),
    ],
)
def test_elements_without_effect_are_not_kept(sent: str, kept: str) -> None:
    assert content(DOCUMENT, put(DOCUMENT, SSE % sent)) == SSE % kept


def test_bucket_without_a_rule_has_no_default() -> None:
    assert (rule({}), headers_for({})) == ((), {})


def test_rule_adds_headers_to_new_objects() -> None:
    kept = put(DOCUMENT, SSE % "<SSEAlgorithm>KMS</SSEAlgorithm><KMSMasterKeyID>k</KMSMasterKeyID>")
    assert rule({"encryption": kept}) == (("SSEAlgorithm", "KMS"), ("KMSMasterKeyID", "k"))
    assert headers_for({"encryption": kept}) == {
        "x-oss-server-side-encryption": "KMS",
        "x-oss-server-side-encryption-key-id": "k",
    }


def test_headers_of_put_bucket_make_a_rule() -> None:
    assert format({}) is None
    made = format({"x-oss-server-side-encryption": "SM4"})
    assert made is not None
    assert rule({"encryption": made}) == (("SSEAlgorithm", "SM4"),)
    with pytest.raises(OSSError):
        format({"x-oss-server-side-encryption": "DES"})
