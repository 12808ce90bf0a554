"""boto3 against a server: both signatures, both styles of addresses, http and https."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import boto3
import oss2
import pytest
import requests
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError
from oss_emulator import Emulator

from tests.cli.process import environment
from tests.client import PATIENCE
from tests.s3.conftest import PAGE, code_of
from tests.sdk.accounts import ACCOUNTS, assume_role

NAMES = ["a b+c", "50%/%41", "目录/图 1+1=100%.png", "?x=1&y#z", "a//b/~x"]
MIB = 1024 * 1024


def connect(server: Emulator, endpoint: str = "", key: tuple[str, ...] = (), **config: Any) -> Any:
    """Create a client; by default one of version 4 over http in path style.

    `key` is an id, a secret and perhaps a token, by default the key of the account.
    """
    key = key or (server.access_key_id, server.access_key_secret)
    settings = {"signature_version": "s3v4", "retries": {"max_attempts": 0}, **config}
    return boto3.client(
        "s3",
        endpoint_url=endpoint or server.endpoint,
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        aws_session_token=key[2] if len(key) > 2 else None,
        region_name="us-east-1",
        verify=None if server.ca_file is None else str(server.ca_file),
        config=Config(**settings),
    )


def put(s3: Any, bucket: str, **settings: str) -> None:
    s3.put_object(Bucket=bucket, Key="a", Body=b"content", **settings)


WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "V4 over http": ("http", {}),
    "V2 over http": ("http", {"signature_version": "s3"}),
    "V4 over https, with trailers": ("https", {}),
    "V2 over https": ("https", {"signature_version": "s3"}),
    "V4 over https, without checksums": (
        "https",
        {"request_checksum_calculation": "when_required"},
    ),
}


@pytest.fixture(params=WAYS, scope="module")
def s3(request: pytest.FixtureRequest, server: Emulator) -> Any:
    scheme, config = WAYS[request.param]
    return connect(server, server.https_endpoint if scheme == "https" else "", **config)


@pytest.fixture(scope="module")
def plain(server: Emulator) -> Any:
    return connect(server)


def test_object_is_put_and_got(s3: Any, bucket: str, over_oss: oss2.Bucket) -> None:
    for name in NAMES:
        s3.put_object(Bucket=bucket, Key=name, Body=b"content", Metadata={"color": "blue"})
        found = s3.get_object(Bucket=bucket, Key=name)
        assert found["Body"].read() == b"content"
        assert found["Metadata"] == {"color": "blue"}
        over = over_oss.get_object(name)
        assert over.read() == b"content"
        assert over.headers["x-oss-meta-color"] == "blue"
        assert "Content-Encoding" not in over.headers
    listed = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(NAMES, key=str.encode)
    for name in NAMES:
        s3.delete_object(Bucket=bucket, Key=name)
    assert "Contents" not in s3.list_objects(Bucket=bucket)


def test_stream_is_stored_whole(s3: Any, bucket: str, over_oss: oss2.Bucket) -> None:
    content = os.urandom(MIB + 17)
    s3.put_object(Bucket=bucket, Key="a", Body=io.BytesIO(content), ContentEncoding="identity")
    assert over_oss.get_object("a").read() == content
    assert over_oss.head_object("a").headers["Content-Encoding"] == "identity"


def test_large_object_is_sent_and_fetched_in_parts(s3: Any, bucket: str) -> None:
    content = os.urandom(5 * MIB + 1)
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(content), bucket, "a", Config=parts)
    assert s3.head_object(Bucket=bucket, Key="a")["ETag"].endswith('-2"')
    back = io.BytesIO()
    s3.download_fileobj(bucket, "a", back, Config=parts)
    assert back.getvalue() == content
    s3.copy({"Bucket": bucket, "Key": "a"}, bucket, "b c+d", Config=parts)
    assert (
        s3.get_object(Bucket=bucket, Key="b c+d", Range="bytes=0-9")["Body"].read() == content[:10]
    )


def test_bucket_is_created_listed_and_deleted(server: Emulator) -> None:
    for version in ("s3v4", "s3"):
        s3 = connect(server, signature_version=version)
        region = {"LocationConstraint": "cn-hangzhou"}
        s3.create_bucket(Bucket="made-here", ACL="public-read", CreateBucketConfiguration=region)
        s3.head_bucket(Bucket="made-here")
        assert "made-here" in [found["Name"] for found in s3.list_buckets()["Buckets"]]
        assert s3.get_bucket_location(Bucket="made-here")["LocationConstraint"].endswith("hangzhou")
        grants = s3.get_bucket_acl(Bucket="made-here")["Grants"]
        assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL", "READ"]
        s3.put_bucket_acl(Bucket="made-here", ACL="private")
        assert len(s3.get_bucket_acl(Bucket="made-here")["Grants"]) == 1
        s3.delete_bucket(Bucket="made-here")


def test_pages_follow_each_other(server: Emulator, plain: Any, bucket: str) -> None:
    names = [f"{number:03}" for number in range(123)]
    for name in names:
        server.put(f"/{bucket}/dir/{name}")
    for operation in ("list_objects", "list_objects_v2"):
        pages = plain.get_paginator(operation).paginate(Bucket=bucket, Prefix="dir/")
        assert [item["Key"][4:] for page in pages for item in page["Contents"]] == names
    (prefix,) = plain.list_objects_v2(Bucket=bucket, Delimiter="/")["CommonPrefixes"]
    assert prefix["Prefix"] == "dir/"


def test_many_objects_are_deleted_at_once(plain: Any, bucket: str) -> None:
    for name in NAMES:
        plain.put_object(Bucket=bucket, Key=name)
    objects = [{"Key": name} for name in NAMES]
    deleted = plain.delete_objects(Bucket=bucket, Delete={"Objects": objects})["Deleted"]
    assert {item["Key"] for item in deleted} == set(NAMES)
    quiet = plain.delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True})
    assert "Deleted" not in quiet


def test_storage_class_encryption_and_acl_have_their_s3_names(
    plain: Any, bucket: str, over_oss: oss2.Bucket
) -> None:
    """P-72"""
    plain.put_object(
        Bucket=bucket,
        Key="a",
        StorageClass="STANDARD_IA",
        ServerSideEncryption="aws:kms",
        ACL="public-read",
    )
    found = plain.head_object(Bucket=bucket, Key="a")
    assert (found["StorageClass"], found["ServerSideEncryption"]) == ("STANDARD_IA", "aws:kms")
    assert over_oss.head_object("a").headers["x-oss-storage-class"] == "IA"
    (listed,) = plain.list_objects_v2(Bucket=bucket)["Contents"]
    assert listed["StorageClass"] == "STANDARD_IA"
    grants = plain.get_object_acl(Bucket=bucket, Key="a")["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL", "READ"]
    plain.put_object_acl(Bucket=bucket, Key="a", ACL="private")
    assert over_oss.get_object_acl("a").acl == "private"


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_url_reads_and_writes(server: Emulator, bucket: str, version: str) -> None:
    s3 = connect(server, signature_version=version)
    names = {"Bucket": bucket, "Key": "a b+c"}
    put = urllib.request.Request(  # noqa: S310
        s3.generate_presigned_url("put_object", names), b"content", method="PUT"
    )
    put.add_header("Content-Type", "")
    with urllib.request.urlopen(put) as answer:  # noqa: S310
        assert answer.status == 200
    asked = {**names, "ResponseContentType": "text/plain"}
    url = s3.generate_presigned_url("get_object", asked)
    with urllib.request.urlopen(url) as answer:  # noqa: S310
        assert answer.read() == b"content"
        assert answer.headers["Content-Type"] == "text/plain"
    with pytest.raises(HTTPError, match="403"):
        urllib.request.urlopen(url.replace("text", "image"))  # noqa: S310


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda s3, bucket: s3.get_object(Bucket=bucket, Key="missing"), "NoSuchKey"),
        (lambda s3, bucket: s3.head_object(Bucket=bucket, Key="missing"), "404"),
        (lambda s3, bucket: s3.list_objects(Bucket="no-such-bucket"), "NoSuchBucket"),
        (lambda s3, bucket: s3.get_bucket_tagging(Bucket=bucket), "NotImplemented"),
        (lambda s3, bucket: s3.list_object_versions(Bucket=bucket), "NotImplemented"),
        (lambda s3, bucket: s3.put_bucket_acl(Bucket=bucket, GrantRead="id=1"), "NotImplemented"),
        (lambda s3, bucket: put(s3, bucket, Tagging="a=b"), "NotImplemented"),
        (lambda s3, bucket: put(s3, bucket, IfNoneMatch="*"), "NotImplemented"),
        (lambda s3, bucket: put(s3, bucket, ACL="bucket-owner-read"), "InvalidArgument"),
        (lambda s3, bucket: put(s3, bucket, StorageClass="DEEP_ARCHIVE"), "InvalidArgument"),
    ],
)
def test_error_has_its_code(plain: Any, bucket: str, call: Any, code: str) -> None:
    with pytest.raises(ClientError) as caught:
        call(plain, bucket)
    assert code_of(caught) == code


def test_temporary_key_and_policies_count_as_over_oss(tmp_path: Path) -> None:
    """P-16, A-50: with version 4 and 2, in the header and in the URL."""
    path = tmp_path / "accounts.toml"
    path.write_text(ACCOUNTS)
    with Emulator(accounts=path) as emulator:
        emulator.bucket("examplebucket").put_object("a", b"content")
        given, names = assume_role(emulator), {"Bucket": "examplebucket", "Key": "a"}
        temporary = (given["AccessKeyId"], given["AccessKeySecret"], given["SecurityToken"])
        for version in ("s3v4", "s3"):
            s3 = connect(emulator, key=temporary, signature_version=version)
            assert s3.get_object(**names)["Body"].read() == b"content"
            url = s3.generate_presigned_url("get_object", names)
            assert requests.get(url, timeout=30).content == b"content"
        for key, code in {
            (*temporary[:2], "another"): "InvalidSecurityToken",
            temporary[:2]: "InvalidAccessKeyId",
            ("rules-reader", "secret of rules-reader"): "AccessDenied",
            ("nobody", "secret"): "InvalidAccessKeyId",
        }.items():
            with pytest.raises(ClientError) as caught:
                connect(emulator, key=key).get_object(**names)
            assert code_of(caught) == code


CORS = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
ARGUMENTS: dict[str, dict[str, Any]] = {
    "get_object_tagging": {"Key": "a"},
    "put_object_tagging": {"Key": "a", "Tagging": {"TagSet": [{"Key": "a", "Value": "b"}]}},
    "put_bucket_cors": {"CORSConfiguration": CORS},
    "put_bucket_versioning": {"VersioningConfiguration": {"Status": "Enabled"}},
}
"""The further arguments of calls that the page names."""


def test_calls_that_fail_on_the_page_get_not_implemented(plain: Any, bucket: str) -> None:
    page = (Path(__file__).parents[2] / PAGE).read_text(encoding="utf-8")
    (row,) = re.findall(r"^\| boto3: (.*?) \|", page, re.MULTILINE)
    names = re.findall(r"`(\w+)`", row)
    assert set(ARGUMENTS) < set(names)
    for name in names:
        with pytest.raises(ClientError) as caught:
            getattr(plain, name)(Bucket=bucket, **ARGUMENTS.get(name, {}))
        answer = caught.value.response
        assert (code_of(caught), answer["ResponseMetadata"]["HTTPStatusCode"]) == (
            "NotImplemented",
            501,
        )
        assert name.replace("_", "") in answer["Error"]["Message"].partition(" ")[0].lower()


def test_trailers_are_refused_where_the_service_is_followed_strictly() -> None:
    """P-74"""
    with Emulator(tls=True, strict_s3=True) as strict:
        strict.bucket("examplebucket")
        s3 = connect(strict)
        with pytest.raises(ClientError, match="aws-chunked encoding is not supported") as caught:
            s3.put_object(Bucket="examplebucket", Key="a", Body=b"content")
        assert code_of(caught) == "InvalidArgument"
        assert strict.journal[-1].ec == "0017-00000804"
        put(connect(strict, request_checksum_calculation="when_required"), "examplebucket")
        put(connect(strict, signature_version="s3"), "examplebucket")


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_form_is_posted(server: Emulator, bucket: str, over_oss: oss2.Bucket, version: str) -> None:
    """P-75"""
    s3 = connect(server, signature_version=version)
    fields = {"x-amz-meta-color": "blue", "acl": "public-read", "success_action_status": "201"}
    post = s3.generate_presigned_post(
        bucket, "dir/${filename}", fields, [{name: value} for name, value in fields.items()]
    )
    answer = requests.post(
        post["url"], data=post["fields"], files={"file": ("a b+c", b"content")}, timeout=30
    )
    assert answer.status_code == 201, answer.text
    assert over_oss.get_object("dir/a b+c").read() == b"content"
    assert over_oss.head_object("dir/a b+c").headers["x-oss-meta-color"] == "blue"
    assert over_oss.get_object_acl("dir/a b+c").acl == "public-read"
    changed = {**post["fields"], "x-amz-meta-color": "red"}
    denied = requests.post(post["url"], data=changed, files={"file": b"content"}, timeout=30)
    assert denied.status_code == 403
    assert "Policy Condition failed" in denied.text


@pytest.mark.system
def test_program_with_the_endpoint_of_the_service_runs_unchanged(tmp_path: Path) -> None:
    """Run it with `oss-emulator run`, which overrides inherited settings of AWS."""
    program = (
        "import boto3\n"
        "s3 = boto3.client('s3', endpoint_url='https://s3.oss-cn-hangzhou.aliyuncs.com')\n"
        "s3.create_bucket(Bucket='of-a-program')\n"
        "s3.put_object(Bucket='of-a-program', Key='a', Body=b'content')\n"
        "print(s3.get_object(Bucket='of-a-program', Key='a')['Body'].read())\n"
    )
    settings = {
        "AWS_ACCESS_KEY_ID": "oss-emulator",
        "AWS_SECRET_ACCESS_KEY": "oss-emulator-secret",
        "AWS_DEFAULT_REGION": "cn-hangzhou",
        "AWS_CA_BUNDLE": str(tmp_path / "other.pem"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "oss_emulator", "run", sys.executable, "-c", program],
        env=environment(**settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (0, "b'content'\n"), done.stderr
