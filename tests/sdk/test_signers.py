"""The signers of oss2, each in the header and in the URL; all other SDK tests sign with V4."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5
from typing import Any
from urllib.parse import quote, unquote_plus

import oss2
import pytest
import requests
from lxml import etree
from oss2.models import BucketReferer, PartInfo

from tests.client import ACCESS_KEY_ID, ACCESS_KEY_SECRET, REGION, SIGNERS, Answer, Live, Signed
from tests.sdk.v2 import NAMES

# oss2 signs no URL for a blank key; `requests` resolves the dots of a path unless its slashes are
# encoded.
URLS = [
    (key, slash_safe)
    for key in NAMES
    for slash_safe in (False, True)
    if key.strip() and not (slash_safe and "/." in key)
]

BODY = b"0123456789"
PART = 100 * 1024


@pytest.fixture(params=["v1", "v2", "v4"])
def owner(request: pytest.FixtureRequest) -> Any:
    """The owner of the key with each signer; `Emulator.bucket` signs with `ProviderAuthV4`."""
    return SIGNERS[request.param](ACCESS_KEY_ID, ACCESS_KEY_SECRET)


# --- One script, signed in the header and in the URL


class Script:
    """Sends signed requests to one bucket."""

    def __init__(self, signed: Signed, bucket: str) -> None:
        self._signed = signed
        self.bucket = bucket

    def __call__(
        self,
        method: str,
        key: str = "",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        **parameters: str,
    ) -> Answer:
        """Send a request that must succeed; a parameter's `_` stands for `-`."""
        query = {name.replace("_", "-"): value for name, value in parameters.items()}
        answer = self._signed.request(method, self.bucket, key, query, headers, body)
        assert 200 <= answer.status < 300, (method, key, query, answer.body)
        return answer


@pytest.fixture(params=["header", "url"])
def send(request: pytest.FixtureRequest, live: Live, owner: Any, name: str) -> Script:
    return Script(Signed(live.client, owner, request.param), name)


def test_script_with_odd_keys(send: Script) -> None:
    """P-03: a key is decoded once and nothing in it is folded."""
    for key in NAMES:
        use_odd_key(send, key)
    assert "<KeyCount>1</KeyCount>" in send("GET", list_type="2").body.decode()
    assert send("HEAD", "copy").headers["Content-Length"] == "10"


def use_odd_key(send: Script, key: str) -> None:
    send("PUT", key, BODY)
    part = send("GET", key, headers={"Range": "bytes=2-4"})
    assert (part.status, part.body) == (206, b"234")
    listed = etree.fromstring(send("GET", prefix=key, encoding_type="url").body)
    assert unquote_plus(listed.findtext("Contents/Key") or "") == key
    send("PUT", "copy", headers={"x-oss-copy-source": f"/{send.bucket}/{quote(key, safe='')}"})
    assert send("GET", "copy").body == BODY
    send("DELETE", key)


def test_script_with_multipart_upload(send: Script) -> None:
    begun = dict(send("POST", "dir/a b", uploads="").elements)
    upload: dict[str, Any] = {"uploadId": begun["UploadId"]}
    bodies = [b"a" * PART, b"end"]
    for number, body in enumerate(bodies, 1):
        send("PUT", "dir/a b", body, partNumber=str(number), **upload)
    source = {"x-oss-copy-source": f"/{send.bucket}/source", "x-oss-copy-source-range": "bytes=0-1"}
    send("PUT", "source", BODY)
    send("PUT", "dir/a b", headers=source, partNumber="2", **upload)
    assert send("GET", "dir/a b", **upload).body.count(b"<PartNumber>") == 2
    assert send("GET", uploads="").body.count(b"<Upload>") == 1
    send("POST", "dir/a b", headers={"x-oss-complete-all": "yes"}, **upload)
    assert send("GET", "dir/a b").body == bodies[0] + b"01"
    begun = dict(send("POST", "other", uploads="").elements)
    assert send("DELETE", "other", uploadId=begun["UploadId"]).status == 204


def test_script_with_object_subresources(send: Script) -> None:
    tags = b"<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>"
    send("POST", "a", b"one", append="", position="0")
    assert send("POST", "a", b"two", append="", position="3").status == 200
    send("PUT", "a", headers={"x-oss-object-acl": "private"}, acl="")
    assert b"<Grant>private</Grant>" in send("GET", "a", acl="").body
    send("PUT", "a", tags, tagging="")
    assert b"<Value>v</Value>" in send("GET", "a", tagging="").body
    send("DELETE", "a", tagging="")
    send("PUT", "link", headers={"x-oss-symlink-target": "a"}, symlink="")
    assert send("GET", "link", symlink="").headers["x-oss-symlink-target"] == "a"
    assert send("GET", "link").body == b"onetwo"
    assert send("HEAD", "a", objectMeta="").headers["Content-Length"] == "6"
    overridden = send("GET", "a", response_content_type="text/x; charset=a b")
    assert overridden.headers["Content-Type"] == "text/x; charset=a b"
    delete = b"<Delete><Object><Key>a</Key></Object><Object><Key>link</Key></Object></Delete>"
    digest = b64encode(md5(delete, usedforsecurity=False).digest()).decode()
    deleted = send("POST", "", delete, {"Content-MD5": digest}, delete="")
    assert deleted.body.count(b"<Deleted>") == 2


def test_script_with_versions(send: Script) -> None:
    enabled = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    send("PUT", "", enabled, versioning="")
    old = send("PUT", "a", b"old").headers["x-oss-version-id"]
    send("PUT", "a", b"new")
    assert send("GET", "a", versionId=old).body == b"old"
    assert send("GET", versions="").body.count(b"<Version>") == 2
    assert send("DELETE", "a", versionId=old).headers["x-oss-version-id"] == old


def test_script_with_bucket_subresources(send: Script) -> None:
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>true</AllowEmptyReferer>"
        b"<RefererList><Referer>http://a/</Referer></RefererList></RefererConfiguration>"
    )
    send("PUT", "", rules, referer="")
    assert b"<Referer>http://a/</Referer>" in send("GET", referer="").body
    send("PUT", "", headers={"x-oss-acl": "private"}, acl="")
    for subresource in ("acl", "bucketInfo", "location", "stat"):
        assert send("GET", "", None, None, **{subresource: ""}).status == 200
    token = dict(send("POST", "", _cname("a.test"), cname="", comp="token").elements)
    assert token["Cname"] == "a.test"
    styled = b"<Style><Content>image/resize,w_1</Content></Style>"
    send("PUT", "", styled, style="", styleName="a-style")
    send("DELETE", style="", styleName="a-style")


def _cname(domain: str) -> bytes:
    return (
        "<BucketCnameConfiguration>"
        f"<Cname><Domain>{domain}</Domain></Cname></BucketCnameConfiguration>"
    ).encode()


# --- The client signs its own headers


def test_client_signs_headers_bodies_and_parameters(bucket: oss2.Bucket) -> None:
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "1 +", "x-oss-tagging": "k=v"}
    bucket.put_object("a", iter([b"01234", b"56789"]), headers=headers)
    got = bucket.get_object("a", byte_range=(2, 3))
    assert (got.read(), got.headers["x-oss-meta-a"]) == (b"23", "1 +")
    upload = bucket.init_multipart_upload("big").upload_id
    part = bucket.upload_part("big", upload, 1, BODY)
    bucket.complete_multipart_upload("big", upload, [PartInfo(1, part.etag)])
    bucket.copy_object(bucket.bucket_name, "big", "copy")
    assert [item.key for item in oss2.ObjectIteratorV2(bucket, max_keys=1)] == ["a", "big", "copy"]
    bucket.put_bucket_referer(BucketReferer(True, ["http://a/"]))
    assert bucket.get_bucket_referer().referers == ["http://a/"]
    assert bucket.batch_delete_objects(["a", "big", "copy"]).deleted_keys == ["a", "big", "copy"]


def test_service_calls_are_signed(live: Live, owner: Any, name: str) -> None:
    service = oss2.Service(owner, live.endpoint, region=REGION)
    assert [found.name for found in service.list_buckets(prefix=name, max_keys=1).buckets] == [name]


# --- Signed URLs of the client


def test_signed_url_puts_gets_and_heads_its_key(bucket: oss2.Bucket) -> None:
    """P-03: the slashes of the key may be encoded or not. A URL may be used again."""
    for key, slash_safe in URLS:
        body = f"{key} {slash_safe}".encode()
        put = bucket.sign_url("PUT", key, 60, slash_safe=slash_safe)
        assert bucket.put_object_with_url(put, body).status == 200
        url = bucket.sign_url("GET", key, 60, slash_safe=slash_safe)
        assert bucket.get_object_with_url(url).read() == body
    assert bucket.get_object_with_url(url).read() == body
    listed = [item.key for item in bucket.list_objects().object_list]
    assert listed == sorted({key for key, _ in URLS}, key=str.encode)
    head = requests.head(bucket.sign_url("HEAD", key, 60), timeout=20)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(body)))


def test_signed_url_carries_parameters_and_headers(bucket: oss2.Bucket) -> None:
    headers = {"Content-Type": "text/plain", "x-oss-meta-a": "1", "x-oss-object-acl": "private"}
    url = bucket.sign_url("PUT", "a", 60, headers=dict(headers))
    bucket.put_object_with_url(url, b"x", headers=headers)
    head = bucket.head_object("a")
    assert (head.content_type, head.headers["x-oss-meta-a"]) == ("text/plain", "1")
    assert bucket.get_object_acl("a").acl == "private"
    params = {"response-content-type": "text/x-other; charset=gbk"}
    url = bucket.sign_url("GET", "a", 60, params=dict(params))
    assert bucket.get_object_with_url(url).content_type == "text/x-other; charset=gbk"
    with pytest.raises(oss2.exceptions.SignatureDoesNotMatch):
        bucket.get_object_with_url(url.replace("gbk", "gb2"))
