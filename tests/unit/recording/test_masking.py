"""What a recording keeps of exchanges, and what it masks."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from time import process_time
from typing import Any
from urllib.parse import quote

import pytest
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


SITES = {
    "a user and a password": "https://alice:hunter22@www.corp.com/x",
    "a port": "https://www.corp.com:8443/x",
    "a suffix of two labels": "https://www.corp.com.cn/x",
    "a suffix of a province": "https://www.corp.bj.cn/x",
    "a suffix in Punycode": "https://www.corp.xn--fiqs8s/x",
    "other characters": "https://www.%E4%BE%8Bcorp.com/x",
    "bytes of UTF-8": "https://www.例corp.com/x".encode().decode("latin-1"),
    "a name that ends like the service's": "https://www.corpaliyuncs.com/x",
    "an address": "https://10.11.12.13/x",
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("place", ["Referer", "x-oss-meta-page", "answer"])
def test_site_is_masked(site: str, place: str) -> None:
    headers = {} if place == "answer" else {place: SITES[site]}
    answer = {"Location": SITES[site]} if place == "answer" else {}
    written = scenario.format(mask(exchange("GET", headers=headers, answer=answer)))
    assert "corp" not in written
    assert "hunter22" not in written
    assert "10.11" not in written


def test_site_below_a_suffix_of_two_labels_keeps_its_relations() -> None:
    rule = b"<R><Referer>*.corp.com.cn</Referer></R>"
    recording = mask(
        exchange(target="/?referer", body=rule),
        exchange("GET", headers={"Referer": "https://www.corp.com.cn/"}),
    )
    first, second = recording.scenarios[0].steps
    assert first.request.body.xml[-1] == "R/Referer=*.site-1.example"
    assert second.request.headers["Referer"] == "https://www.site-1.example/"


@pytest.mark.parametrize(
    ("target", "document"),
    [
        ("/?replication", "<R><Destination><Bucket>other</Bucket></Destination></R>"),
        ("/?inventory", "<R><Destination><Bucket>acs:oss:::other</Bucket></Destination></R>"),
        ("/?website", "<R><MirrorURL>https://u:other@corp.com/</MirrorURL></R>"),
        ("/?website", "<R><MirrorHeaders><Set><Value>other</Value></Set></MirrorHeaders></R>"),
        ("/?asyncFetch", "<R><Url>https://u:other@corp.com/?x</Url></R>"),
        ("/?asyncFetch", "<R><Callback>other</Callback></R>"),
        ("/?referer", "<R><Referer>https://a.com/?OSSAccessKeyId=other-key&amp;x</Referer></R>"),
    ],
)
def test_name_or_password_in_a_document_is_masked(target: str, document: str) -> None:
    sent = exchange(target=target, body=document.encode())
    answered = exchange("GET", target, document=document.encode())
    for seen in (sent, answered):
        assert "other" not in scenario.format(mask(seen))


def test_account_in_base64_is_masked_with_its_text() -> None:
    account = b64encode(b"1234567890123456").decode().rstrip("=")
    recording = mask(exchange("GET", f"/key?x-oss-process=image/watermark,text_{account}"))
    assert recording.scenarios[0].steps[0].request.query == {"x-oss-process": "masked"}


def test_content_of_an_object_is_not_kept_although_it_is_xml() -> None:
    content = b"<settings><password>hunter22</password></settings>"
    page = b"<html><body>hunter22</body></html>"
    recording = mask(
        exchange(target="/settings.xml", body=content),
        exchange(target="/big?partNumber=1&uploadId=U", body=content),
        exchange("GET", answer={"x-oss-object-type": "Normal"}, document=content),
        exchange("GET", status=404, document=page),
    )
    put, part, got, missing = recording.scenarios[0].steps
    assert put.request.body == part.request.body == RecordedBody(len(content))
    assert got.answer.xml == missing.answer.xml == ("*",)


def test_keys_in_bodies_are_secret() -> None:
    bodies = (
        b'{"AccessKeySecret": "hunter-hunter-22"}',
        b"access_key_secret=hunter-hunter-22&a=b",
        b"https://u:hunter-hunter-22@src.example/",
    )
    for body in bodies:
        written = scenario.format(mask(exchange(body=body), keeps_bodies=True))
        assert "hunter" not in written
    answer = b"<A><AccessKeySecret>hunter-hunter-22</AccessKeySecret></A>"
    seen = exchange(host="sts.aliyuncs.com", document=answer)
    written = scenario.format(mask(seen, exchange(body=b"hunter-hunter-22"), keeps_bodies=True))
    assert "hunter" not in written


def test_host_of_a_dual_stack_endpoint_is_of_the_service() -> None:
    recording = mask(exchange("GET", host="mine.cn-hangzhou.oss.aliyuncs.com"))
    assert recording.endpoint == "cn-hangzhou.oss.aliyuncs.com"
    assert recording.region == "cn-hangzhou"
    assert recording.scenarios[0].steps[0].request.bucket == "bucket-1"


def test_time_grows_with_the_requests_not_with_their_square() -> None:
    def seconds(count: int) -> float:
        exchanges = [
            exchange(
                "GET",
                f"/key-{number}",
                headers={"Authorization": f"OSS LTAIexample:signature{number:08}="},
                answer={"ETag": f'"{number:032X}"'},
            )
            for number in range(count)
        ]
        before = process_time()
        mask(*exchanges)
        return process_time() - before

    seconds(100)
    assert seconds(2000) < 50 * seconds(200)  # the square would be a hundred times


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
