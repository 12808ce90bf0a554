"""SDK V2: objects, and all that one may do with them."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.client import Live
from tests.http import application
from tests.http.application import Application, StartServer, in_thread
from tests.sdk.v2 import Ask, asking, configure

# --- Copies with the copier of SDK V2: in one request, or by parts

PART = 100 * 1024
DATA = bytes(200 * 1024 + 1234)

WAYS: dict[str, tuple[dict[str, Any], str]] = {
    "one request": ({}, "Normal"),
    "one request for a large object": ({"multipart_copy_threshold": PART}, "Normal"),
    "parts": (
        {"multipart_copy_threshold": PART, "part_size": PART, "disable_shallow_copy": True},
        "Multipart",
    ),
}
"""The options of a copier, and the type of the object that it makes."""

KEPT = ("content_disposition", "content_encoding", "cache_control", "expires", "metadata")


@pytest.fixture
def v2_client(live: Live) -> oss.Client:
    return oss.Client(configure(live.endpoint))


@pytest.fixture
def source(v2_client: oss.Client, name: str) -> Any:
    """The headers of an object with metadata and tags, `source`."""
    place = {"bucket": name, "key": "source"}
    request = oss.PutObjectRequest(
        **place,
        body=DATA,
        metadata={"auth": "owner", "version": "1.01"},
        content_type="text/plain",
        content_disposition="attachment;filename=aaa.txt",
        content_encoding="deflate",
        cache_control="no-cache",
        expires="Wed, 08 Jul 2022 16:57:01 GMT",
        tagging="TagA=A&TagB=B",
    )
    v2_client.put_object(request)
    return v2_client.head_object(oss.HeadObjectRequest(**place))


def copy(v2_client: oss.Client, name: str, way: str, **fields: Any) -> Any:
    """Copy `source` to `target`; the headers of the copy."""
    place = {"bucket": name, "key": "target"}
    options, kind = WAYS[way]
    request = oss.CopyObjectRequest(**place, source_key="source", **fields)
    copied = v2_client.copier().copy(request, **options)
    head = v2_client.head_object(oss.HeadObjectRequest(**place))
    assert (head.object_type, head.content_length) == (kind, len(DATA))
    assert copied.hash_crc64 == head.hash_crc64
    return head


@pytest.mark.parametrize("way", WAYS)
def test_copied_metadata_is_the_sources(
    v2_client: oss.Client, name: str, source: Any, way: str
) -> None:
    head = copy(v2_client, name, way)
    for field in (*KEPT, "content_type", "tagging_count"):
        assert getattr(head, field) == getattr(source, field)


# --- Legal holds and retention of objects through SDK V2

WORM = b"""<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled>
</ObjectWormConfiguration>"""


@pytest.fixture(params=["v1", "v4"])
def ask_either(request: pytest.FixtureRequest, live: Live) -> Iterator[Ask]:
    with asking("sync", live.endpoint, version=request.param) as found:
        yield found


@pytest.fixture
def place(ask_either: Ask, live: Live, make_bucket: Callable[..., str]) -> dict[str, str]:
    """An object of a bucket with object retention."""
    bucket = make_bucket()
    enabled = oss.VersioningConfiguration(status="Enabled")
    ask_either(oss.PutBucketVersioningRequest(bucket=bucket, versioning_configuration=enabled))
    live.put(f"/{bucket}?objectWorm", WORM)
    ask_either(oss.PutObjectRequest(bucket=bucket, key="a", body=b"x"))
    return {"bucket": bucket, "key": "a"}


def test_governance_bypass_deletes_a_retained_version(
    ask_either: Ask, place: dict[str, str]
) -> None:
    until = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    put = ask_either(
        oss.PutObjectRequest(
            **place,
            body=b"x",
            object_worm_mode="GOVERNANCE",
            object_worm_retain_until_date=until,
            object_worm_legal_hold="ON",
        )
    )
    named = {**place, "version_id": put.version_id}
    found = ask_either(oss.HeadObjectRequest(**named))
    assert found.object_worm_mode == "GOVERNANCE"
    assert found.object_worm_retain_until_date == until
    assert found.object_worm_legal_hold == "ON"
    release = oss.LegalHold(status="OFF")
    assert ask_either(oss.PutObjectLegalHoldRequest(**named, legal_hold=release)).status_code == 200
    with pytest.raises(oss.exceptions.OperationError) as refused:
        ask_either(oss.DeleteObjectRequest(**named))
    assert "FileImmutable" in str(refused.value)
    bypass = oss.DeleteObjectRequest(**named, bypass_governance_retention=True)
    assert ask_either(bypass).status_code == 204


# --- Uploads with callbacks, with a limit and by form through SDK V2

MakeBucket = Callable[..., str]

CONTENT = b"name,school\n" * 200


@pytest.fixture
async def app(aiohttp_server: StartServer) -> AsyncIterator[Application]:
    async with application.run(aiohttp_server) as running:
        yield running


def encode(value: Any) -> str:
    return b64encode(json.dumps(value).encode()).decode()


def callback(app: Application) -> dict[str, str]:
    """Return the parameters of SDK V2's sample put_object_callback.py."""
    body = "bucket=${bucket}&object=${object}&my_var_1=${x:var1}"
    return {
        "callback": encode({"callbackUrl": app.url(), "callbackBody": body}),
        "callback_var": encode({"x:var1": "value1"}),
    }


@in_thread
def test_put_is_answered_by_its_callback(
    ask: Ask, make_bucket: MakeBucket, app: Application
) -> None:
    name = make_bucket()
    request = oss.PutObjectRequest(bucket=name, key="a", body=CONTENT, **callback(app))
    assert ask(request).callback_result == '{"a":"b"}'
    assert app.taken[0].body == f"bucket={name}&object=a&my_var_1=value1".encode()


@in_thread
def test_completed_upload_is_answered_by_its_callback(
    ask: Ask, make_bucket: MakeBucket, app: Application
) -> None:
    place = {"bucket": make_bucket(), "key": "a"}
    upload = ask(oss.InitiateMultipartUploadRequest(**place)).upload_id
    part = ask(oss.UploadPartRequest(**place, upload_id=upload, part_number=1, body=CONTENT))
    request = oss.CompleteMultipartUploadRequest(
        **place,
        upload_id=upload,
        complete_multipart_upload=oss.CompleteMultipartUpload(
            parts=[oss.UploadPart(part_number=1, etag=part.etag)]
        ),
        **callback(app),
    )
    assert ask(request).callback_result == '{"a":"b"}'
    assert ask(oss.HeadObjectRequest(**place)).content_length == len(CONTENT)


# --- SelectObject through SDK V2

TABLE = b"name,age\r\nAnn,31\r\nBob,25\r\n"
PEOPLE = b'{\n"name": "Ann",\n"age": 31\n}\n{\n"name": "Bob",\n"age": 25\n}'


def coded(text: str) -> str:
    return b64encode(text.encode()).decode()


def select(ask: Ask, name: str, form: str, sql: str, source: oss.InputSerialization) -> bytes:
    asked = oss.SelectRequest(
        expression=coded(sql),
        input_serialization=source,
        output_serialization=oss.OutputSerialization(enable_payload_crc=True, output_header=True),
    )
    request = oss.SelectObjectRequest(
        bucket=name, key="a", process=f"{form}/select", select_request=asked
    )
    found = ask(request)
    assert found.status_code == 206
    assert found.headers["x-oss-select-output-raw"] == "false"
    return b"".join(found.body.iter_bytes())


def test_rows_of_csv_are_selected(ask: Ask, name: str) -> None:
    """Q-02, Q-11, Q-32"""
    ask(oss.PutObjectRequest(bucket=name, key="a", body=TABLE))
    source = oss.InputSerialization(csv=oss.CSVInput(file_header_info="Use"))
    rows = select(ask, name, "csv", "select Name from ossobject where age > 30", source)
    assert rows == b"name\nAnn\n"


def test_nodes_of_json_are_selected(ask: Ask, name: str) -> None:
    """Q-31"""
    ask(oss.PutObjectRequest(bucket=name, key="a", body=PEOPLE))
    source = oss.InputSerialization(json=oss.JSONInput(type="LINES"))
    sql = "select * from ossobject as s where cast(s.age as int) > 30"
    assert select(ask, name, "json", sql, source) == b'{"name":"Ann","age":31}\n'


# --- Client-side encryption with the EncryptionClient of SDK V2 (P-53)

PLAIN = bytes(range(256)) * 800 + b"the last part"
META = "x-oss-meta-client-side-encryption-"


@pytest.fixture(scope="module")
def cipher() -> oss.crypto.MasterRsaCipher:
    """A cipher with a key of its own."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return oss.crypto.MasterRsaCipher(
        mat_desc={"tag": "value"}, public_key=public.decode(), private_key=private.decode()
    )


@pytest.fixture
def encrypting(live: Live, cipher: oss.crypto.MasterRsaCipher) -> oss.EncryptionClient:
    return oss.EncryptionClient(oss.Client(configure(live.endpoint)), cipher)


@pytest.fixture
def stored_as(name: str) -> dict[str, str]:
    """The bucket and the key of the object of a test."""
    return {"bucket": name, "key": "a"}


def read(encrypting: oss.EncryptionClient, stored_as: dict[str, str]) -> bytes:
    """Return the decrypted bytes of an object."""
    content: bytes = encrypting.get_object(oss.GetObjectRequest(**stored_as)).body.content
    return content


def begin(encrypting: oss.EncryptionClient, stored_as: dict[str, str], **sizes: int) -> Any:
    return encrypting.initiate_multipart_upload(
        oss.InitiateMultipartUploadRequest(**stored_as, **sizes)
    )


def test_encrypted_object_is_stored_as_it_was_sent(
    encrypting: oss.EncryptionClient, stored_as: dict[str, str]
) -> None:
    encrypting.put_object(oss.PutObjectRequest(**stored_as, body=PLAIN))
    stored = encrypting.unwrap().get_object(oss.GetObjectRequest(**stored_as))
    assert stored.body.content != PLAIN
    assert stored.headers[f"{META}matdesc"] == '{"tag": "value"}'
    assert read(encrypting, stored_as) == PLAIN


def test_encrypted_upload_is_listed_with_its_metadata(
    encrypting: oss.EncryptionClient, stored_as: dict[str, str]
) -> None:
    begun = begin(encrypting, stored_as, cse_part_size=PART, cse_data_size=len(PLAIN))
    parts = []
    for number, start in enumerate(range(0, len(PLAIN), PART), 1):
        part = oss.UploadPartRequest(
            **stored_as,
            upload_id=begun.upload_id,
            part_number=number,
            cse_multipart_context=begun.cse_multipart_context,
            body=PLAIN[start : start + PART],
        )
        parts.append(oss.UploadPart(part_number=number, etag=encrypting.upload_part(part).etag))
    listed = encrypting.list_parts(oss.ListPartsRequest(**stored_as, upload_id=begun.upload_id))
    assert (listed.client_encryption_data_size, listed.client_encryption_part_size) == (
        len(PLAIN),
        PART,
    )
    assert listed.client_encryption_cek_alg == "AES/CTR/NoPadding"
    assert listed.client_encryption_wrap_alg == "RSA/NONE/PKCS1Padding"
    assert listed.client_encryption_key
    assert listed.client_encryption_start
    encrypting.complete_multipart_upload(
        oss.CompleteMultipartUploadRequest(
            **stored_as,
            upload_id=begun.upload_id,
            complete_multipart_upload=oss.CompleteMultipartUpload(parts=parts),
        )
    )
    assert read(encrypting, stored_as) == PLAIN
