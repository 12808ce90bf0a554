"""What a recording keeps of exchanges, and what it masks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.recording import scenario
from oss_emulator.recording.exchange import Exchange, ExchangedBody
from oss_emulator.recording.masking import Masking
from oss_emulator.recording.scenario import BucketState, RecordedBody, Recording
from oss_emulator.recording.secrets import Secrets

SECRET = "verysecretverysecret30charslong"
HOST = "mine.oss-cn-hangzhou.aliyuncs.com"


def exchange(
    method: str = "PUT",
    target: str = "/key",
    body: bytes = b"",
    *,
    host: str = HOST,
    headers: dict[str, str] | None = None,
    status: int = 200,
    answer: dict[str, str] | None = None,
    document: bytes = b"",
) -> Exchange:
    return Exchange(
        method,
        host,
        target,
        headers=list((headers or {}).items()),
        content=ExchangedBody(len(body), body),
        status=status,
        answer_headers=list((answer or {}).items()),
        answer_content=ExchangedBody(len(document), document),
    )


def mask(*exchanges: Exchange, keeps_bodies: bool = False, only: tuple[str, ...] = ()) -> Recording:
    masking = Masking(Secrets([SECRET]), keeps_bodies)
    return masking.mask(exchanges, "python", "2026-11-28", only=only)


def test_buckets_get_the_same_word_everywhere() -> None:
    document = b"<ListBucketResult><Name>mine</Name><Prefix>not-mine</Prefix></ListBucketResult>"
    recording = mask(
        exchange("GET", "/?list-type=2", document=document),
        exchange(
            target="/copy",
            headers={"x-oss-copy-source": "/other/key"},
            host="mine.oss-cn-hangzhou-internal.aliyuncs.com",
        ),
    )
    first, second = recording.scenarios[0].steps
    assert (first.request.bucket, second.request.bucket) == ("bucket-1", "bucket-1")
    assert first.answer.xml[1:] == (
        "ListBucketResult/Name=bucket-1",
        "ListBucketResult/Prefix=not-mine",
    )
    assert second.request.headers == {"x-oss-copy-source": "/bucket-2/key"}
    assert recording.buckets == (BucketState("bucket-1"),)


def test_sites_get_the_same_word_in_rules_and_referers() -> None:
    rules = (
        b"<RefererConfiguration><RefererList><Referer>https://*.my-site.com/</Referer>"
        b"</RefererList></RefererConfiguration>"
    )
    recording = mask(
        exchange(target="/?referer", body=rules),
        exchange("GET", headers={"Referer": "https://www.my-site.com/page", "Cookie": "c"}),
    )
    first, second = recording.scenarios[0].steps
    assert first.request.body.xml[-1].endswith("/Referer=https://*.site-1.example/")
    assert second.request.headers == {"Referer": "https://www.site-1.example/page"}


def test_ids_of_answers_become_references_in_later_requests() -> None:
    document = (
        b"<InitiateMultipartUploadResult><UploadId>U17</UploadId></InitiateMultipartUploadResult>"
    )
    recording = mask(
        exchange("POST", "/big?uploads", document=document),
        exchange(target="/big?partNumber=1&uploadId=U17", answer={"ETag": '"E1"'}),
        exchange("POST", "/big?uploadId=U17", b'<C><Part><ETag>"E1"</ETag></Part></C>'),
        exchange(answer={"x-oss-version-id": "V1"}),
        exchange("GET", "/key?versionId=V1"),
    )
    steps = recording.scenarios[0].steps
    assert steps[0].answer.xml[1] == "InitiateMultipartUploadResult/UploadId=*"
    assert steps[1].request.query["uploadId"] == "{upload 0}"
    assert steps[1].answer.headers == {"ETag": "*"}
    assert steps[2].request.body.xml[-1] == "C/Part/ETag={etag 1}"
    assert steps[4].request.query == {"versionId": "{version 3}"}


def test_body_is_kept_as_its_size_unless_texts_are_wanted() -> None:
    texts = (b"text", b"with " + SECRET.encode(), b"\x00\xff", b"x" * 5000)
    exchanges = [exchange(body=body) for body in texts]
    bodies = [step.request.body for step in mask(*exchanges).scenarios[0].steps]
    assert bodies == [RecordedBody(len(body)) for body in texts]
    kept = [step.request.body for step in mask(*exchanges, keeps_bodies=True).scenarios[0].steps]
    assert kept == [RecordedBody(text="text"), *bodies[1:]]


def test_signature_is_left_out_and_reported() -> None:
    recording = mask(
        exchange("GET", f"/key?OSSAccessKeyId=LTAIexample&Expires=1&Signature=c2ln&x={SECRET}"),
        exchange("GET", headers={"Authorization": "OSS LTAIexample:c2lnbmF0"}),
        exchange("GET"),
    )
    first, second, third = recording.scenarios[0].steps
    assert (first.request.query, first.request.signed) == ({"x": "masked"}, True)
    assert (second.request.headers, second.request.signed) == ({}, True)
    assert third.request.signed is False


def test_other_services_callbacks_and_other_buckets_are_left_out() -> None:
    callback = b64encode(b'{"callbackUrl": "http://mine.example"}').decode()
    recording = mask(
        exchange(host="sts.aliyuncs.com", document=b"<A><AccessKeySecret>s</AccessKeySecret></A>"),
        exchange(headers={"x-oss-callback": callback}),
        exchange(host="other.oss-cn-hangzhou.aliyuncs.com"),
        exchange("GET"),
        only=("mine",),
    )
    assert [step.request.method for step in recording.scenarios[0].steps] == ["GET"]


def test_nothing_seen_makes_an_empty_scenario() -> None:
    assert mask().scenarios[0].steps == ()


def test_name_in_base64_is_masked_with_its_text() -> None:
    saved = b64encode(b"mine").decode().rstrip("=")
    body = f"x-oss-process=image/resize,w_9|sys/saveas,o_YQ,b_{saved}".encode()
    recording = mask(exchange("POST", "/key?x-oss-process", body), keeps_bodies=True)
    assert recording.scenarios[0].steps[0].request.body == RecordedBody(len(body))


def test_headers_of_the_object_stay_and_those_of_the_signature_go() -> None:
    headers = {
        "Expires": "Fri, 28 Feb 2027 05:38:42 GMT",
        "x-oss-hash-crc64ecma": "1234567890123456789",
        "x-oss-date": "20261128T000000Z",
        "x-oss-storage-class": "IA",
    }
    recording = mask(exchange("PUT", "/key?Expires=1&prefix=p", headers=headers))
    request = recording.scenarios[0].steps[0].request
    assert request.headers == {
        "Expires": "Fri, 28 Feb 2027 05:38:42 GMT",
        "x-oss-storage-class": "IA",
    }
    assert request.query == {"prefix": "p"}


def test_created_bucket_is_not_there_before() -> None:
    created = mask(exchange(target="/"), exchange())
    assert created.buckets == ()
    missing = b"<Error><Code>NoSuchBucket</Code></Error>"
    assert mask(exchange("GET", "/?acl", status=404, document=missing)).buckets == ()
    versioned = mask(exchange(answer={"x-oss-version-id": "V"}))
    assert versioned.buckets == (BucketState("bucket-1", versioned=True),)
    enabled = mask(exchange(target="/?versioning"), exchange(answer={"x-oss-version-id": "V"}))
    assert enabled.buckets == (BucketState("bucket-1"),)


ENCODE = st.sampled_from(
    [
        str,
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text + "=", safe=""), safe=""),
        lambda text: b64encode(f"key={text}".encode()).decode(),
        lambda text: text.encode().hex(),
    ]
)
PLACES = st.sampled_from("path query header meta referer body xml form answer element".split())


@given(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEF0123456789+/=", min_size=8, max_size=40),
    ENCODE,
    PLACES,
)
def test_no_secret_is_written_however_it_was_sent(
    secret: str, encode: Callable[[str], str], place: str
) -> None:
    sent = encode(secret)
    texts: dict[str, dict[str, Any]] = {
        "path": {"target": f"/dir/{quote(sent)}"},
        "query": {"target": f"/key?prefix={quote(sent)}&Signature={quote(secret)}"},
        "header": {"headers": {"Authorization": f"OSS id:{secret}", "x-oss-tagging": sent}},
        "meta": {"headers": {"x-oss-meta-a": f"a {sent} b"}},
        "referer": {"headers": {"Referer": f"https://a.example/?t={sent}"}},
        "body": {"body": f"text {sent} text".encode()},
        "xml": {"body": f"<A><B>{sent}</B></A>".encode()},
        "form": {
            "body": f'Content-Disposition: form-data; name="policy"\r\n\r\n{sent}\r\n'.encode()
        },
        "answer": {"answer": {"x-oss-meta-a": sent}},
        "element": {"document": f"<A><Key>{sent}</Key></A>".encode()},
    }
    secrets = Secrets([secret])
    masking = Masking(secrets, keeps_bodies=True)
    recording = masking.mask([exchange(**texts[place])], "python", "today")
    written = scenario.format(recording)
    assert secret not in written
    assert sent not in written
    assert not secrets.is_in(written)
