"""Uploads with callbacks, with a limit and by form through SDK V2."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from typing import Any

import alibabacloud_oss_v2 as oss
import pytest
from lxml import etree

from tests.client import Client, Live
from tests.http import application, forms
from tests.http.application import Application, Reply, StartServer, in_thread
from tests.sdk.v2 import Ask, configure

MakeBucket = Callable[..., str]

CONTENT = b"name,school\n" * 200


@pytest.fixture
async def app(aiohttp_server: StartServer) -> AsyncIterator[Application]:
    async with application.run(aiohttp_server) as running:
        yield running


def encode(value: Any) -> str:
    return b64encode(json.dumps(value).encode()).decode()


def callback(app: Application) -> dict[str, str]:
    """The parameters of SDK V2's sample put_object_callback.py."""
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


@in_thread
def test_failed_callback_gets_203_and_keeps_the_object(
    ask: Ask, make_bucket: MakeBucket, app: Application
) -> None:
    """SDK V2 takes every 2xx for a success, so the error is in the result."""
    app.replies["/"] = Reply(status=400)
    place = {"bucket": make_bucket(), "key": "a"}
    result = ask(oss.PutObjectRequest(**place, body=CONTENT, **callback(app)))
    assert result.status_code == 203
    error = {child.tag: child.text for child in etree.fromstring(result.callback_result.encode())}
    assert (error["Code"], error["Message"]) == ("CallbackFailed", "Error status : 400.")
    assert ask(oss.HeadObjectRequest(**place)).content_length == len(CONTENT)


@pytest.mark.parametrize(("limit", "delay"), [(None, None), (819200, str(2400 * 8000 // 819200))])
def test_put_tells_how_long_its_limit_held_it_back(
    ask: Ask, make_bucket: MakeBucket, limit: int | None, delay: str | None
) -> None:
    """P-52, S-01"""
    request = oss.PutObjectRequest(bucket=make_bucket(), key="a", body=CONTENT, traffic_limit=limit)
    assert len(CONTENT) == 2400
    assert ask(request).headers.get("x-oss-qos-delay-time") == delay


@pytest.mark.parametrize(("limit", "status"), [(8 * 1024 * 1024, 200), (1, 400)])
def test_traffic_limit_out_of_range_gets_400(
    ask: Ask, make_bucket: MakeBucket, limit: int, status: int
) -> None:
    request = oss.PutObjectRequest(bucket=make_bucket(), key="a", body=CONTENT, traffic_limit=limit)
    if status == 200:
        assert ask(request).status_code == 200
        return
    error = ask.fails(request)
    assert (error.status_code, error.ec) == (400, "0004-00000502")


@in_thread
def test_presigned_put_is_answered_by_its_callback(
    live: Live, make_bucket: MakeBucket, app: Application
) -> None:
    client = oss.Client(configure(live.endpoint))
    signed = client.presign(oss.PutObjectRequest(bucket=make_bucket(), key="a", **callback(app)))
    target = "/" + signed.url.split("/", 3)[3]
    answer = live.client.put(target, CONTENT, *signed.signed_headers.items())
    assert (answer.status, answer.body) == (200, b'{"a":"b"}')


@in_thread
def test_form_of_the_sample_is_answered_by_its_callback(
    client: Client, make_bucket: MakeBucket, app: Application
) -> None:
    """The form of SDK V2's sample post_object_callback.py: a file without a name and a type."""
    name = make_bucket()
    fields = [
        ("key", "a"),
        *forms.sign_v4(forms.policy([{"bucket": name}, ["content-length-range", 1, 1024]])),
        ("callback", callback(app)["callback"]),
        ("x:var1", "value1"),
    ]
    body = forms.form(fields, forms.File(b"hi oss", name=None, type=None))
    assert forms.post(client, name, body).body == b'{"a":"b"}'
    assert app.taken[0].body == f"bucket={name}&object=a&my_var_1=value1".encode()
