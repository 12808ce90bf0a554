"""GetObject with `x-oss-process`, and ProcessObject."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from hashlib import md5
from io import BytesIO
from urllib.parse import quote

import pytest
from oss_emulator.operations import object_process
from oss_emulator.protocol import process
from PIL import Image

from tests.rows import rows
from tests.unit.imaging.drawing import RED, encode, gradient, near, quarters
from tests.unit.operations.service import Answer, Caller

SOURCE = encode(quarters())
STYLE = "<Style><Content>%s</Content></Style>"


@pytest.fixture
def ask(ask: Caller) -> Caller:
    """The service with an image, `image.png`, in `bucket`."""
    ask("PUT", "/bucket/image.png", SOURCE, Content_Type="image/png", Cache_Control="no-cache")
    return ask


def get(ask: Caller, text: str, key: str = "image.png", **headers: str) -> Answer:
    return ask("GET", f"/bucket/{key}?x-oss-process={quote(text)}", **headers)


def save(ask: Caller, text: str, key: str = "image.png", **headers: str) -> Answer:
    return ask("POST", f"/bucket/{key}?x-oss-process", f"x-oss-process={text}", **headers)


def coded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def image_of(answer: Answer) -> Image.Image:
    assert answer.status == 200, answer.body
    return Image.open(BytesIO(answer.body))


def test_image_is_processed(ask: Caller) -> None:
    answer = get(ask, "image/resize,w_50/format,jpg")
    assert image_of(answer).size == (50, 25)
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Length"] == str(len(answer.body))
    assert answer.headers["Cache-Control"] == "no-cache"


def test_etag_and_time_are_those_of_the_source(ask: Caller) -> None:
    """FAQ of Image Processing. A CRC of the source would make oss2 refuse the result."""
    source, answer = ask("HEAD", "/bucket/image.png"), get(ask, "image/resize,w_50")
    for name in ("ETag", "Last-Modified"):
        assert answer.headers[name] == source.headers[name]
    for name in ("Content-MD5", "x-oss-hash-crc64ecma"):
        assert name not in answer.headers


def test_conditions_compare_with_the_source(ask: Caller) -> None:
    etag = ask("HEAD", "/bucket/image.png").headers["ETag"]
    assert get(ask, "image/resize,w_50", If_None_Match=etag).status == 304
    assert get(ask, "image/resize,w_50", If_Match='"0"').status == 412


def test_head_is_answered_like_get(ask: Caller) -> None:
    answer = get(ask, "image/resize,w_50")
    head = ask("HEAD", "/bucket/image.png?x-oss-process=image/resize,w_50")
    assert head.headers == answer.headers


def test_range_is_one_of_the_result(ask: Caller) -> None:
    whole = get(ask, "image/resize,w_50").body
    part = get(ask, "image/resize,w_50", Range="bytes=4-9")
    assert (part.status, part.body) == (206, whole[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(whole)}"


def test_information_is_json(ask: Caller) -> None:
    answer = get(ask, "image/info")
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.body)["ImageWidth"] == {"value": "200"}


@rows(
    ("key", "text", "status", "code", "ec"),
    ("missing.png", "image/info", 404, "NoSuchKey", "0040-00000024"),
    ("image.png", "style/none", 404, "NoSuchStyle", ""),
    ("image.png", "style/", 404, "NoSuchStyle", ""),
    ("image.png", "image/resize,w_0", 400, "InvalidArgument", "0040-00000312"),
    ("image.png", "image/info|sys/saveas,o_YQ", 400, "BadRequest", ""),
    ("image.png", "video/snapshot", 501, "NotImplemented", ""),
    ("text.txt", "image/info", 400, "BadRequest", "0040-00000005"),
    ("image.png", f"image/watermark,image_{coded('x')}", 404, "NoSuchKey", "0040-00000025"),
)
def test_mistake_is_answered_with_its_error(
    ask: Caller, key: str, text: str, status: int, code: str, ec: str
) -> None:
    ask("PUT", "/bucket/text.txt", "text")
    answer = get(ask, text, key)
    assert (answer.status, answer.code, answer.text("EC") or "") == (status, code, ec)


def test_large_source_is_refused_before_it_is_read(
    ask: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MAX_BYTES", len(SOURCE) - 1)
    answer = get(ask, "image/info")
    assert (answer.code, answer.text("EC")) == ("ImageTooLarge", "0040-00000001")


def test_missing_extra_is_named(ask: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_process, "find_spec", lambda name: None)
    for answer in (get(ask, "image/info"), save(ask, "image/info|sys/saveas,o_YQ")):
        assert (answer.status, answer.code) == (501, "NotImplemented")
        assert "pip install 'oss-emulator[image]'" in (answer.text("Message") or "")


def test_style_is_applied(ask: Caller) -> None:
    ask("PUT", "/bucket?style&styleName=small", STYLE % "image/resize,w_20/format,jpg")
    assert image_of(get(ask, "style/small")).size == (20, 10)
    ask("PUT", "/bucket?style&styleName=small", STYLE % "image/resize,w_40")
    assert image_of(get(ask, "style/small")).size == (40, 20)


def test_style_of_a_style_is_refused(ask: Caller) -> None:
    ask("PUT", "/bucket?style&styleName=loop", STYLE % "style/loop")
    assert get(ask, "style/loop").code == "BadRequest"


def test_watermark_is_an_object_of_the_bucket(ask: Caller) -> None:
    ask("PUT", "/bucket/marks/red.png", encode(Image.new("RGB", (20, 10), RED)))
    name = coded("marks/red.png?x-oss-process=image/resize,w_10")
    image = image_of(get(ask, f"image/watermark,image_{name},g_se,x_0,y_0"))
    assert near(image, (195, 98), RED)


def test_link_is_processed_as_its_target(ask: Caller) -> None:
    ask("PUT", "/bucket/link?symlink", x_oss_symlink_target="image.png")
    assert image_of(get(ask, "image/resize,w_50", "link")).size == (50, 25)


def test_version_id_has_no_effect(ask: Caller) -> None:
    """FAQ of Image Processing: earlier versions cannot be processed."""
    ask.keep_versions()
    first = ask("PUT", "/bucket/v", encode(gradient(30, 20))).headers["x-oss-version-id"]
    ask("PUT", "/bucket/v", encode(gradient(50, 40)))
    found = ask("GET", f"/bucket/v?versionId={first}&x-oss-process=image/info")
    assert json.loads(found.body)["ImageWidth"] == {"value": "50"}


def test_archived_image_must_be_restored(ask: Caller) -> None:
    ask("PUT", "/bucket/a", SOURCE, x_oss_storage_class="Archive")
    assert get(ask, "image/info", "a").code == "InvalidObjectState"


def test_result_is_saved(ask: Caller) -> None:
    """oss2's suite, test_process_object"""
    ask("PUT", "/second")
    text = f"image/resize,w_50/format,jpg|sys/saveas,o_{coded('new/a.jpg')},b_{coded('second')}"
    answer = save(ask, text, Content_Type="text/plain")
    saved = ask("GET", "/second/new/a.jpg")
    assert image_of(saved).size == (50, 25)
    assert saved.headers["Content-Type"] == "image/jpeg"
    assert json.loads(answer.body) == {
        "bucket": "second",
        "fileSize": len(saved.body),
        "object": "new/a.jpg",
        "status": "OK",
    }
    # The Java SDK's suite searches for the text.
    assert b'"status": "OK"' in answer.body
    assert ask("GET", "/second/new/a.jpg?acl").text("AccessControlList/Grant") == "default"


def test_result_is_saved_beside_its_source_by_default(ask: Caller) -> None:
    """oss2's suite: without a target bucket, the answer has an empty one."""
    answer = save(ask, f"image/rotate,90|sys/saveas,o_{coded('b.png')}")
    assert json.loads(answer.body)["bucket"] == ""
    assert image_of(ask("GET", "/bucket/b.png")).size == (100, 200)


def test_style_can_be_saved(ask: Caller) -> None:
    ask("PUT", "/bucket?style&styleName=small", STYLE % "image/resize,w_20")
    assert save(ask, f"style/small|sys/saveas,o_{coded('b.png')}").status == 200
    assert image_of(ask("GET", "/bucket/b.png")).size == (20, 10)


@rows(
    ("text", "status", "code"),
    ("image/resize,w_50", 400, "MissingArgument"),
    (f"image/info|sys/saveas,o_{coded('a')}", 400, "BadRequest"),
    (f"image/resize,w_5|sys/saveas,o_{coded('/a')}", 400, "InvalidObjectName"),
    (f"image/resize,w_5|sys/saveas,o_{coded('a' * 1024)}", 400, "InvalidObjectName"),
    (f"image/resize,w_5|sys/saveas,o_YQ,b_{coded('A_B')}", 400, "InvalidBucketName"),
    (f"image/resize,w_5|sys/saveas,o_YQ,b_{coded('missing')}", 404, "NoSuchBucket"),
    (f"image/resize,w_0|sys/saveas,o_{coded('a')}", 400, "InvalidArgument"),
    ("", 400, "InvalidRequest"),  # I-05: the suite of the C++ SDK
)
def test_nothing_is_saved_after_a_mistake(ask: Caller, text: str, status: int, code: str) -> None:
    answer = save(ask, text)
    assert (answer.status, answer.code) == (status, code)
    assert ask("GET", "/bucket?list-type=2").text("KeyCount") == "1"


def test_md5_of_the_body_is_compared(ask: Caller) -> None:
    text = f"image/resize,w_5|sys/saveas,o_{coded('a')}"
    right = b64encode(md5(f"x-oss-process={text}".encode()).digest()).decode()  # noqa: S324
    assert save(ask, text, Content_MD5=right).status == 200
    wrong = b64encode(md5(b"other").digest()).decode()  # noqa: S324
    assert save(ask, text, Content_MD5=wrong).code == "InvalidDigest"


@pytest.mark.parametrize(
    ("acl", "status"), [("private", 403), ("public-read", 403), ("public-read-write", 200)]
)
def test_result_needs_permission_to_write(ask: Caller, acl: str, status: int) -> None:
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    ask("PUT", "/second", x_oss_acl=acl)
    text = f"image/resize,w_5|sys/saveas,o_{coded('a')},b_{coded('second')}"
    answer = ask.anonymously("POST", "/bucket/image.png?x-oss-process", f"x-oss-process={text}")
    assert answer.status == status


def test_source_needs_permission_to_read(ask: Caller) -> None:
    ask("PUT", "/second", x_oss_acl="public-read-write")
    text = f"image/resize,w_5|sys/saveas,o_{coded('a')},b_{coded('second')}"
    target = "/bucket/image.png?x-oss-process"
    assert ask.anonymously("POST", target, f"x-oss-process={text}").code == "AccessDenied"
    assert ask.anonymously("GET", f"{target}=image/info").code == "AccessDenied"


def test_watermark_needs_permission_to_read(ask: Caller) -> None:
    ask("PUT", "/bucket?acl", x_oss_acl="public-read")
    ask("PUT", "/bucket/secret.png", SOURCE, x_oss_object_acl="private")
    text = f"image/watermark,image_{coded('secret.png')}"
    target = f"/bucket/image.png?x-oss-process={text}"
    assert ask.anonymously("GET", target).code == "AccessDenied"
    assert ask("GET", target).status == 200


# --- in the background


def test_nothing_is_processed_in_the_background(ask: Caller) -> None:
    """P-82"""

    def begin(key: str, text: str) -> Answer:
        return ask("POST", f"/bucket/{key}?x-oss-async-process", text)

    video = f"x-oss-async-process=video/convert,f_avi|sys/saveas,o_{coded('b')}"
    image = f"x-oss-async-process=image/resize,w_50|sys/saveas,o_{coded('b')}"
    for text in (video, image):
        answer = begin("image.png", text)
        assert (answer.status, answer.code) == (404, "Imm Client")
        assert answer.text("Message") == (
            "ResourceNotFound, The specified resource Attachment is not found."
        )
    assert begin("none.png", image).code == "NoSuchKey"
    assert begin("image.png", "x-oss-process=image/resize,w_50").code == "MissingArgument"
    assert ask("GET", "/bucket/b").code == "NoSuchKey"
