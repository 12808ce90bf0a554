"""Client-side encryption with the EncryptionClient of SDK V2 (P-53)."""

from __future__ import annotations

from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from alibabacloud_oss_v2.exceptions import OperationError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.client import Live
from tests.sdk.v2 import configure

PART = 100 * 1024
DATA = bytes(range(256)) * 800 + b"the last part"
META = "x-oss-meta-client-side-encryption-"


@pytest.fixture(scope="module")
def cipher() -> oss.crypto.MasterRsaCipher:
    """A cipher with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return oss.crypto.MasterRsaCipher(
        mat_desc={"tag": "value"}, public_key=public.decode(), private_key=private.decode()
    )


@pytest.fixture
def client(live: Live, cipher: oss.crypto.MasterRsaCipher) -> oss.EncryptionClient:
    return oss.EncryptionClient(oss.Client(configure(live.endpoint)), cipher)


@pytest.fixture
def place(name: str) -> dict[str, str]:
    """Where the object of a test is."""
    return {"bucket": name, "key": "a"}


def read(client: oss.EncryptionClient, place: dict[str, str]) -> bytes:
    """The decrypted bytes of an object."""
    content: bytes = client.get_object(oss.GetObjectRequest(**place)).body.content
    return content


def begin(client: oss.EncryptionClient, place: dict[str, str], **sizes: int) -> Any:
    return client.initiate_multipart_upload(oss.InitiateMultipartUploadRequest(**place, **sizes))


def test_encrypted_object_is_stored_as_it_was_sent(
    client: oss.EncryptionClient, place: dict[str, str]
) -> None:
    client.put_object(oss.PutObjectRequest(**place, body=DATA))
    stored = client.unwrap().get_object(oss.GetObjectRequest(**place))
    assert stored.body.content != DATA
    assert stored.headers[f"{META}matdesc"] == '{"tag": "value"}'
    assert read(client, place) == DATA


def test_encrypted_upload_is_listed_with_its_metadata(
    client: oss.EncryptionClient, place: dict[str, str]
) -> None:
    begun = begin(client, place, cse_part_size=PART, cse_data_size=len(DATA))
    parts = []
    for number, start in enumerate(range(0, len(DATA), PART), 1):
        part = oss.UploadPartRequest(
            **place,
            upload_id=begun.upload_id,
            part_number=number,
            cse_multipart_context=begun.cse_multipart_context,
            body=DATA[start : start + PART],
        )
        parts.append(oss.UploadPart(part_number=number, etag=client.upload_part(part).etag))
    listed = client.list_parts(oss.ListPartsRequest(**place, upload_id=begun.upload_id))
    assert (listed.client_encryption_data_size, listed.client_encryption_part_size) == (
        len(DATA),
        PART,
    )
    assert listed.client_encryption_cek_alg == "AES/CTR/NoPadding"
    assert listed.client_encryption_wrap_alg == "RSA/NONE/PKCS1Padding"
    assert listed.client_encryption_key
    assert listed.client_encryption_start
    client.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            **place,
            upload_id=begun.upload_id,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
        )
    )
    assert read(client, place) == DATA


def test_upload_without_its_size_is_refused(
    client: oss.EncryptionClient, place: dict[str, str]
) -> None:
    """The SDK leaves the header out for a size of 0."""
    with pytest.raises(OperationError, match="InvalidEncryptionRequest"):
        begin(client, place, cse_part_size=PART, cse_data_size=0)


def test_copy_by_parts_can_be_decrypted(
    client: oss.EncryptionClient, place: dict[str, str]
) -> None:
    client.put_object(oss.PutObjectRequest(**place, body=DATA))
    target = {"bucket": place["bucket"], "key": "b"}
    copier = client.unwrap().copier(
        part_size=PART, multipart_copy_threshold=PART, disable_shallow_copy=True
    )
    copier.copy(oss.CopyObjectRequest(**target, source_key=place["key"]))
    assert read(client, target) == DATA


def test_copy_with_other_metadata_can_be_decrypted(
    client: oss.EncryptionClient, place: dict[str, str]
) -> None:
    client.put_object(oss.PutObjectRequest(**place, body=DATA))
    target = {"bucket": place["bucket"], "key": "b"}
    copy = oss.CopyObjectRequest(
        **target,
        source_key=place["key"],
        metadata_directive="REPLACE",
        metadata={"a": "1"},
    )
    client.unwrap().copy_object(copy)
    assert read(client, target) == DATA
    head = client.unwrap().head_object(oss.HeadObjectRequest(**target))
    assert head.metadata["a"] == "1"
