"""PostObject over HTTP: who may post, which fields a form may have, and every refusal."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import md5
from typing import Any
from urllib.parse import parse_qs, urlsplit

import oss2
import pytest

from tests.http import forms
from tests.http.client import Answer, Client, check_error
from tests.http.forms import TYPE, File
from tests.http.live import ACCESS_KEY_ID, REGION, Live

MakeBucket = Callable[..., str]

CONTENT = b"content"
ETAG = f'"{md5(CONTENT, usedforsecurity=False).hexdigest().upper()}"'


@pytest.fixture
def private(make_bucket: MakeBucket) -> str:
    return make_bucket()


@pytest.fixture
def public(make_bucket: MakeBucket) -> str:
    return make_bucket("public-read-write")


def send(client: Client, bucket: str, *fields: tuple[str, str], **options: Any) -> Answer:
    """Post a form with these fields and a file."""
    return forms.post(client, bucket, forms.form(fields, **options))


def refused(answer: Answer) -> tuple[int, str, str, str]:
    error = answer.error
    return answer.status, error["Code"], error["Message"], error.get("EC", "")


# --- Who may post


@pytest.mark.parametrize("sign", [forms.sign_v1, forms.sign_v4], ids=["v1", "v4"])
def test_signed_form_puts_an_object(live: Live, private: str, owner: Any, sign: Any) -> None:
    policy = forms.policy([{"bucket": private}, ["starts-with", "$key", "dir/"]])
    answer = send(live.client, private, ("key", "dir/a"), *sign(policy))
    assert (answer.status, answer.headers["ETag"], answer.body) == (204, ETAG, b"")
    found = live.bucket(private, owner).get_object("dir/a")
    assert (found.read(), found.headers["Content-Type"]) == (CONTENT, "image/jpeg")


@pytest.mark.skipif(
    not hasattr(oss2.models, "CreateAccessPointRequest"),
    reason="this oss2 is too old to create access points",
)
def test_form_may_name_an_access_point(live: Live, private: str, owner: Any) -> None:
    """P-84"""
    request = oss2.models.CreateAccessPointRequest("ap-form", "internet")
    alias = live.bucket(private, owner).create_access_point(request).alias
    for named, status in ((alias, 204), (private, 403)):
        policy = forms.policy([{"bucket": named}])
        answer = send(live.client, alias, ("key", "a"), *forms.sign_v4(policy))
        assert answer.status == status
    assert live.bucket(private, owner).get_object("a").read() == CONTENT


def test_anybody_may_post_to_a_public_read_write_bucket(client: Client, public: str) -> None:
    assert send(client, public, ("key", "a")).status == 204
    assert client.get(f"/{public}/a").body == CONTENT


@pytest.mark.parametrize("acl", ["private", "public-read"])
def test_other_buckets_need_a_signature(client: Client, make_bucket: MakeBucket, acl: str) -> None:
    answer = send(client, make_bucket(acl), ("key", "a"))
    message = "You have no right to access this object because of bucket acl."
    check_error(answer, 403, "AccessDenied", message, "0003-00000001")


def test_signature_in_the_header_is_ignored(client: Client, private: str) -> None:
    body = forms.form([("key", "a")])
    answer = forms.post(client, private, body, ("Authorization", "OSS nobody:nothing"))
    assert refused(answer)[:2] == (403, "AccessDenied")


def test_location_has_the_virtual_host_of_the_request(client: Client, public: str) -> None:
    body = forms.form([("key", "a/b c"), ("success_action_status", "201")])
    answer = forms.post(client, public, body, host=f"{public}.localhost")
    assert dict(answer.elements)["Location"] == f"http://{public}.localhost/a/b%20c"


def test_post_to_an_object_is_not_allowed(client: Client, public: str) -> None:
    answer = client.request("POST", f"/{public}/a", [("Content-Type", TYPE)], forms.form([]))
    assert refused(answer)[:2] == (405, "MethodNotAllowed")
    assert (answer.error["Method"], answer.error["ResourceType"]) == ("POST", "Object")


def test_missing_bucket_is_reported_first(client: Client) -> None:
    assert refused(send(client, "no-such-bucket"))[:2] == (404, "NoSuchBucket")


# a signed form is neither anonymous nor a signed URL. R-04: an anonymous form is an anonymous
# request for an object, although its URL names only the bucket.
@pytest.mark.parametrize(
    ("signed", "referer", "status"),
    [
        (False, "https://good.example/", 204),
        (False, "https://bad.example/", 403),
        (False, None, 403),
        (True, "https://bad.example/", 204),
        (True, None, 204),
    ],
)
def test_hotlink_protection_checks_anonymous_forms_only(
    live: Live, public: str, signed: bool, referer: str | None, status: int
) -> None:
    rules = (
        b"<RefererConfiguration><AllowEmptyReferer>false</AllowEmptyReferer><RefererList>"
        b"<Referer>https://good.example/</Referer></RefererList></RefererConfiguration>"
    )
    live.put(f"/{public}?referer", rules)
    fields = forms.sign_v1(forms.policy([])) if signed else []
    headers = [("Referer", referer)] if referer else []
    answer = forms.post(live.client, public, forms.form([("key", "a"), *fields]), *headers)
    assert answer.status == status
    if status == 403:
        assert answer.error["Message"] == "You are denied by bucket referer policy."


# --- Fields


@pytest.mark.parametrize("status", ["200", "201", "204", "404", ""])
def test_success_action_status_sets_the_status(client: Client, public: str, status: str) -> None:
    answer = send(client, public, ("key", "a"), ("success_action_status", status))
    assert answer.status == (int(status) if status in ("200", "201") else 204)
    if status != "201":
        assert answer.body == b""
        return
    location = f"http://{client.host}:{client.port}/{public}/a"
    assert answer.elements == [
        ("Bucket", public),
        ("ETag", ETAG),
        ("Key", "a"),
        ("Location", location),
    ]


@pytest.mark.parametrize("redirect", ["http://a.example/done", "https://a.example/?x=1#top"])
def test_success_action_redirect_gets_303_with_the_result(
    client: Client, public: str, redirect: str
) -> None:
    fields = [("key", "a b/é"), ("success_action_redirect", redirect)]
    answer = send(client, public, *fields, ("success_action_status", "200"))
    assert answer.status == 303
    sent, wanted = urlsplit(answer.headers["Location"]), urlsplit(redirect)
    assert (sent.netloc, sent.path, sent.fragment) == (wanted.netloc, wanted.path, wanted.fragment)
    result = {"bucket": [public], "key": ["a b/é"], "etag": [ETAG]}
    assert parse_qs(sent.query) == {**parse_qs(wanted.query), **result}


def test_redirect_beyond_ascii_is_escaped(client: Client, public: str) -> None:
    redirect = "http://a.example/é\udcff"
    answer = send(client, public, ("key", "a"), ("success_action_redirect", redirect))
    assert answer.headers["Location"].startswith("http://a.example/%C3%A9%FF?bucket=")


@pytest.mark.parametrize("redirect", ["nowhere", "javascript:alert(1)", "//a.example/"])
def test_invalid_redirect_is_ignored(client: Client, public: str, redirect: str) -> None:
    answer = send(client, public, ("key", "a"), ("success_action_redirect", redirect))
    assert answer.status == 204


@pytest.mark.parametrize("url", ["http://[", "http://]/", "https://[::1", "http://\u2100.com/"])
def test_malformed_redirect_gets_400_and_stores_nothing(
    client: Client, public: str, url: str
) -> None:
    answer = send(client, public, ("key", "a"), ("success_action_redirect", url))
    assert (answer.status, answer.code) == (400, "InvalidArgument")
    assert answer.error["ArgumentName"] == "success_action_redirect"
    assert client.head(f"/{public}/a").status == 404


def test_failed_form_is_not_redirected(client: Client, private: str) -> None:
    fields = [("key", "a"), ("success_action_redirect", "http://a.example/")]
    assert send(client, private, *fields).status == 403


@pytest.mark.parametrize(
    ("fields", "part", "expected"),
    [
        ([("x-oss-content-type", "a/x"), ("Content-Type", "a/y")], "a/z", "a/x"),
        ([("Content-Type", "a/y")], "a/z", "a/z"),
        ([("Content-Type", "a/y")], None, "a/y"),
        ([], None, "application/octet-stream"),
    ],
)
def test_content_type_comes_from_the_most_specific_field(
    client: Client, public: str, fields: forms.Fields, part: str | None, expected: str
) -> None:
    send(client, public, ("key", "a"), *fields, file=File(type=part))
    assert client.head(f"/{public}/a").headers["Content-Type"] == expected


def test_fields_take_the_place_of_headers(client: Client, public: str) -> None:
    described = {
        "Cache-Control": "no-cache",
        "Content-Disposition": "attachment;filename=a.jpg",
        "Content-Encoding": "identity",
        "Expires": "Fri, 28 Feb 2031 05:38:42 GMT",
        "x-oss-meta-uuid": "my uuid",
        "x-oss-storage-class": "IA",
        "x-oss-server-side-encryption": "AES256",
    }
    answer = send(client, public, ("key", "a"), *described.items())
    assert answer.headers["x-oss-server-side-encryption"] == "AES256"
    found = client.head(f"/{public}/a").headers
    assert {name: found[name] for name in described} == described


def test_headers_of_the_form_are_not_kept_with_the_object(client: Client, public: str) -> None:
    body = forms.form([("key", "a")])
    headers = [("Cache-Control", "max-age=0"), ("x-oss-meta-a", "b")]
    assert forms.post(client, public, body, *headers).status == 204
    found = client.head(f"/{public}/a").headers
    assert ("Cache-Control" in found, "x-oss-meta-a" in found) == (False, False)


@pytest.mark.parametrize(
    ("header", "field", "status"),
    [(None, "private", 403), ("private", None, 403), ("private", "public-read", 200)],
)
def test_acl_field_overrides_the_acl_header(
    client: Client, public: str, header: str | None, field: str | None, status: int
) -> None:
    fields = [("key", "a"), *([("x-oss-object-acl", field)] if field else [])]
    headers = [("x-oss-object-acl", header)] if header else []
    assert forms.post(client, public, forms.form(fields), *headers).status == 204
    assert client.get(f"/{public}/a").status == status


def test_overwriting_can_be_forbidden(client: Client, public: str) -> None:
    fields = [("key", "a"), ("x-oss-forbid-overwrite", "true")]
    assert send(client, public, *fields).status == 204
    assert refused(send(client, public, *fields))[:2] == (409, "FileAlreadyExists")
    assert send(client, public, ("key", "a")).status == 204


def test_policy_is_checked_before_the_file_name_is_inserted(client: Client, public: str) -> None:
    policy = forms.policy([["eq", "$key", "up/${filename}"]])
    answer = send(client, public, ("key", "up/${filename}"), *forms.sign_v1(policy))
    assert answer.status == 204
    assert client.get(f"/{public}/up/photo.jpg").status == 200


def test_answer_has_the_version_id_in_a_versioned_bucket(live: Live, public: str) -> None:
    live.put(
        f"/{public}?versioning",
        b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
    )
    answer = send(live.client, public, ("key", "a"))
    version = live.client.head(f"/{public}/a").headers["x-oss-version-id"]
    assert answer.headers["x-oss-version-id"] == version


@pytest.mark.parametrize("size", [0, 1, 300_000, 5_000_000])
def test_file_of_any_size_is_stored(client: Client, public: str, size: int) -> None:
    content = bytes(range(251)) * (size // 251 + 1)
    send(client, public, ("key", "a"), file=File(content[:size]))
    assert client.get(f"/{public}/a").body == content[:size]


def test_form_in_chunks_of_one_byte_is_accepted(client: Client, public: str) -> None:
    body = forms.form([("key", "a")])
    chunks = b"".join(b"1\r\n" + body[n : n + 1] + b"\r\n" for n in range(len(body))) + b"0\r\n\r\n"
    headers = [("Content-Type", TYPE), ("Transfer-Encoding", "chunked")]
    assert client.request("POST", f"/{public}/", headers, chunks).status == 204
    assert client.get(f"/{public}/a").body == CONTENT


@pytest.mark.parametrize("right", [True, False])
def test_content_md5_covers_the_whole_form(client: Client, public: str, right: bool) -> None:
    body = forms.form([("key", "a")])
    of = body if right else CONTENT
    digest = b64encode(md5(of, usedforsecurity=False).digest()).decode()
    answer = forms.post(client, public, body, ("Content-MD5", digest))
    assert answer.status == (204 if right else 400)
    assert client.head(f"/{public}/a").status == (200 if right else 404)


# --- Policies


CONDITIONS = [
    ({"key": "dir/a"}, True, ""),
    ({"key": "dir/b"}, False, '["eq", "$key", "dir/b"]'),
    (["eq", "$key", "dir/a"], True, ""),
    (["eq", "key", "dir/a"], True, ""),
    (["eq", "$KEY", "dir/a"], True, ""),
    (["eq", "$key", "dir"], False, '["eq", "$key", "dir"]'),
    (["starts-with", "$key", "dir/"], True, ""),
    (["starts-with", "$key", ""], True, ""),
    (["starts-with", "$key", "user/"], False, '["starts-with", "$key", "user/"]'),
    (["in", "$content-type", ["image/png", "image/jpeg"]], True, ""),
    (["in", "$content-type", ["image/png"]], False, '["in", "$content-type", ["image/png"]]'),
    (["not-in", "$key", ["dir/b"]], True, ""),
    (["not-in", "$key", ["dir/a"]], False, '["not-in", "$key", ["dir/a"]]'),
    ({"x-oss-meta-a": "é"}, True, ""),
    ({"bucket": "other"}, False, '["eq", "$bucket", "other"]'),
    (["content-length-range", 7, 7], True, ""),
]


@pytest.mark.parametrize(("condition", "holds", "text"), CONDITIONS)
def test_policy_conditions_are_checked(
    client: Client, private: str, condition: Any, holds: bool, text: str
) -> None:
    fields = forms.sign_v1(forms.policy([condition]))
    answer = send(client, private, ("key", "dir/a"), ("x-oss-meta-a", "é"), *fields)
    if holds:
        assert answer.status == 204
        return
    message = f"Invalid according to Policy: Policy Condition failed: {text}"
    check_error(answer, 403, "AccessDenied", message, "0006-00000227")


# Fields and the type of the file's part; a policy that demands image/png must see what is stored.
TYPES = [
    ([("Content-Type", "image/png")], "text/html"),
    ([("Content-Type", "image/png"), ("x-oss-content-type", "text/html")], None),
    ([("Content-Type", "image/png"), ("x-oss-content-type", "text/html")], "image/png"),
    ([("x-oss-content-type", "text/html")], "image/png"),
    ([("Content-Type", "text/html"), ("Content-Type", "image/png")], None),
    ([("Content-Type", "text/html")], "image/png"),
    ([("Content-Type", "text/html"), ("X-OSS-Content-Type", "image/png")], "text/html"),
    ([("x-oss-content-type", "")], "image/png"),
]


@pytest.mark.parametrize(
    "condition", [["eq", "$content-type", "image/png"], {"Content-Type": "image/png"}]
)
@pytest.mark.parametrize(("fields", "part"), TYPES)
def test_conditions_see_the_type_that_is_stored(
    client: Client,
    private: str,
    public: str,
    fields: forms.Fields,
    part: str | None,
    condition: Any,
) -> None:
    send(client, public, ("key", "a"), *fields, file=File(type=part))
    stored = client.head(f"/{public}/a").headers["Content-Type"]
    signed = forms.sign_v1(forms.policy([condition]))
    answer = send(client, private, ("key", "a"), *fields, *signed, file=File(type=part))
    assert answer.status == (204 if stored == "image/png" else 403)


@pytest.mark.parametrize("name", ["bucket", "Bucket"])
def test_field_named_bucket_does_not_get_past_its_condition(
    client: Client, private: str, name: str
) -> None:
    fields = forms.sign_v1(forms.policy([{"bucket": "other"}]))
    answer = send(client, private, (name, "other"), ("key", "a"), *fields)
    assert (answer.status, answer.error["EC"]) == (403, "0006-00000227")
    fields = forms.sign_v1(forms.policy([{"bucket": private}]))
    assert send(client, private, (name, "other"), ("key", "a"), *fields).status == 204


def test_condition_on_a_missing_field_fails(client: Client, private: str) -> None:
    policy = forms.policy([["eq", "$success_action_status", "200"]])
    answer = send(client, private, ("key", "a"), *forms.sign_v1(policy))
    message = (
        "Invalid according to Policy: Policy Condition failed: "
        '["eq", "$success_action_status", "200"]'
    )
    check_error(answer, 403, "AccessDenied", message, "0006-00000226")


def test_expired_policy_is_refused(client: Client, private: str) -> None:
    policy = forms.policy([], lasts=-60)
    answer = send(client, private, ("key", "a"), *forms.sign_v1(policy))
    message = "Invalid according to Policy: Policy expired."
    check_error(answer, 403, "AccessDenied", message, "0006-00000213")


@pytest.mark.parametrize(
    ("limits", "code", "ec"),
    [
        ([0, 6], "EntityTooLarge", "0006-00000003"),
        ([8, 100], "EntityTooSmall", "0006-00000004"),
    ],
)
def test_file_outside_the_size_range_is_refused(
    client: Client, private: str, limits: list[int], code: str, ec: str
) -> None:
    policy = forms.policy([["content-length-range", *limits]])
    answer = send(client, private, ("key", "a"), *forms.sign_v1(policy))
    assert (refused(answer)[1], refused(answer)[3]) == (code, ec)


EXPIRATION = forms.iso(time.time() + 3600)
INVALID_POLICIES = {
    "no base64": ("***", "0006-00000201"),
    "no JSON": (forms.encode('{"expiration": e}'), "0006-00000201"),
    "deep JSON": (forms.encode("[" * 100_000), "0006-00000201"),
    "a long number": (forms.encode('{"expiration": ' + "9" * 5_000 + "}"), "0006-00000201"),
    "no object": (forms.encode("[]"), ""),
    "no conditions": (forms.encode(json.dumps({"expiration": EXPIRATION})), "0006-00000207"),
    "no expiration": (forms.encode('{"conditions": []}'), "0006-00000208"),
    "neither": (forms.encode("{}"), "0006-00000209"),
    "a number": (forms.encode('{"expiration": 123, "conditions": []}'), "0006-00000210"),
    "an empty time": (forms.encode('{"expiration": "", "conditions": []}'), "0006-00000211"),
    "no time": (forms.encode('{"expiration": "soon", "conditions": []}'), ""),
    "more": (forms.encode('{"expiration": "", "conditions": [], "a": 1}'), "0006-00000206"),
    "no list": (forms.encode(json.dumps({"expiration": EXPIRATION, "conditions": {}})), ""),
    "no mode": (forms.policy([["$key"]]), "0006-00000216"),
    "a wrong mode": (forms.policy([["like", "$key", "a"]]), "0006-00000216"),
    "two properties": (forms.policy([{"a": "b", "c": "d"}]), ""),
    "no property": (forms.policy([{}]), ""),
    "no text": (forms.policy([{"key": 1}]), ""),
    "no texts": (forms.policy([["in", "$key", "a"]]), ""),
    "max below min": (forms.policy([["content-length-range", 20, 10]]), "0006-00000219"),
    "no maximum": (forms.policy([["content-length-range", 10, "test"]]), "0006-00000221"),
    "a list": (forms.policy([["content-length-range", [1], "test"]]), "0006-00000223"),
    "one limit": (forms.policy([["content-length-range", 1]]), "0006-00000221"),
}


@pytest.mark.parametrize("name", INVALID_POLICIES)
def test_invalid_policy_is_refused(client: Client, private: str, name: str) -> None:
    policy, ec = INVALID_POLICIES[name]
    status, code, message, found = refused(
        send(client, private, ("key", "a"), *forms.sign_v1(policy))
    )
    assert (status, code, found) == (400, "InvalidPolicyDocument", ec)
    assert message.startswith("Invalid Policy: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no JSON", "Invalid Policy: Invalid JSON: unknown char e."),
        (
            "two properties",
            "Invalid Policy: Invalid Simple-Condition: Simple-Conditions must have exactly one "
            "property specified.",
        ),
    ],
)
def test_message_describes_the_mistake_in_a_policy(
    client: Client, private: str, name: str, message: str
) -> None:
    fields = forms.sign_v1(INVALID_POLICIES[name][0])
    assert refused(send(client, private, ("key", "a"), *fields))[2] == message


def test_dollar_sign_can_be_escaped_in_a_policy(client: Client, private: str) -> None:
    document = f'{{"expiration": "{EXPIRATION}", "conditions": [["eq", "\\$key", "a\\$b"]]}}'
    answer = send(client, private, ("key", "a$b"), *forms.sign_v1(forms.encode(document)))
    assert answer.status == 204


# --- Signatures


def without(fields: forms.Fields, name: str) -> forms.Fields:
    return [field for field in fields if field[0] != name]


def with_value(fields: forms.Fields, name: str, value: str) -> forms.Fields:
    return [(key, value if key == name else old) for key, old in fields]


@pytest.mark.parametrize(
    ("version", "name", "ec"),
    [
        ("v1", "OSSAccessKeyId", "0002-00000706"),
        ("v1", "policy", "0002-00000702"),
        ("v1", "Signature", "0002-00000703"),
        ("v4", "policy", "0002-00000702"),
        ("v4", "x-oss-signature-version", ""),
        ("v4", "x-oss-credential", ""),
        ("v4", "x-oss-date", ""),
        ("v4", "x-oss-signature", "0002-00000703"),
    ],
)
def test_missing_signature_field_is_named(
    client: Client, private: str, version: str, name: str, ec: str
) -> None:
    sign = forms.sign_v1 if version == "v1" else forms.sign_v4
    fields = without(sign(forms.policy([])), name)
    message = (
        f"The bucket POST must contain the specified '{name}'. "
        "If it is specified, please check the order of the fields"
    )
    answer = send(client, private, ("key", "a"), *fields)
    check_error(answer, 400, "InvalidArgument", message, ec, ArgumentName=name, ArgumentValue="")


@pytest.mark.parametrize(
    ("name", "message", "ec"),
    [
        ("OSSAccessKeyId", "Post request accessKeyId is empty.", ""),
        ("Signature", "Post request signature is empty.", "0002-00000704"),
    ],
)
def test_empty_signature_field_is_refused(
    client: Client, private: str, name: str, message: str, ec: str
) -> None:
    fields = with_value(forms.sign_v1(forms.policy([])), name, "")
    answer = send(client, private, ("key", "a"), *fields)
    assert refused(answer) == (400, "InvalidArgument", message, ec)


@pytest.mark.parametrize("sign", [forms.sign_v1, forms.sign_v4], ids=["v1", "v4"])
def test_wrong_signature_is_refused(client: Client, private: str, sign: Any) -> None:
    policy = forms.policy([])
    answer = send(client, private, ("key", "a"), *sign(policy, secret="wrong"))
    assert refused(answer)[:2] == (403, "SignatureDoesNotMatch")
    error = answer.error
    assert (error["EC"], error["StringToSign"]) == ("0002-00000705", policy)
    assert error["OSSAccessKeyId"] == ACCESS_KEY_ID


def test_unknown_access_key_is_refused(client: Client, private: str) -> None:
    answer = send(client, private, ("key", "a"), *forms.sign_v1(forms.policy([]), key="nobody"))
    assert refused(answer)[1::2] == ("InvalidAccessKeyId", "0002-00000902")


def test_signature_for_another_region_is_refused(client: Client, private: str) -> None:
    fields = forms.sign_v4(forms.policy([]), region="cn-beijing")
    check_error(
        send(client, private, ("key", "a"), *fields),
        400,
        "InvalidArgument",
        "The signing region in credential is invalid.",
        "0002-00000715",
        ArgumentName="x-oss-credential",
        ArgumentValue=dict(fields)["x-oss-credential"],
    )


DAY = 24 * 60 * 60


@pytest.mark.parametrize(
    ("ahead", "ec"),
    [(-8 * DAY, "0002-00000709"), (20 * 60, "0002-00000709"), (-6 * DAY, ""), (600, "")],
)
def test_signing_time_must_be_near_the_current_time(
    client: Client, private: str, ahead: float, ec: str
) -> None:
    fields = forms.sign_v4(forms.policy([]), now=time.time() + ahead)
    answer = send(client, private, ("key", "a"), *fields)
    assert answer.headers.get("x-oss-ec", "") == ec
    assert answer.status == (400 if ec else 204)


@pytest.mark.parametrize(
    ("name", "value", "ec"),
    [
        ("x-oss-credential", "key", "0002-00000710"),
        ("x-oss-credential", f"key/20200101/{REGION}/oss/aws4_request", "0002-00000710"),
        ("x-oss-credential", f"key/2020-1-1/{REGION}/oss/aliyun_v4_request", "0002-00000709"),
        ("x-oss-date", "yesterday", ""),
        ("x-oss-signature-version", "OSS9", ""),
    ],
)
def test_malformed_signature_field_is_named(
    client: Client, private: str, name: str, value: str, ec: str
) -> None:
    fields = with_value(forms.sign_v4(forms.policy([])), name, value)
    answer = send(client, private, ("key", "a"), *fields)
    assert refused(answer)[:2] == (400, "InvalidArgument")
    assert (answer.error["ArgumentName"], answer.error.get("EC", "")) == (name, ec)


# --- Invalid forms


def test_missing_key_is_refused(client: Client, public: str) -> None:
    message = (
        "The bucket POST must contain the specified 'key'. "
        "If it is specified, please check the order of the fields"
    )
    for answer in (send(client, public), send(client, public, after=[("key", "a")])):
        check_error(
            answer, 400, "InvalidArgument", message, "", ArgumentName="key", ArgumentValue=""
        )


@pytest.mark.parametrize("key", ["", "/a", "\\a", "k" * 1024])
def test_invalid_key_is_refused(client: Client, public: str, key: str) -> None:
    answer = send(client, public, ("key", key))
    assert refused(answer)[:2] == (400, "InvalidObjectName")


def test_body_of_another_type_is_refused(client: Client, public: str) -> None:
    answer = client.request("POST", f"/{public}/", [("Content-Type", "text/plain")], b"hello")
    message = "Bucket POST must be of the enclosure-type multipart/form-data."
    check_error(answer, 400, "RequestIsNotMultiPartContent", message, "")


def test_truncated_form_is_refused(client: Client, public: str) -> None:
    answer = forms.post(client, public, forms.form([("key", "a")])[:-8])
    message = "The body of your POST request is not well-formed multipart/form-data."
    check_error(answer, 400, "MalformedPOSTRequest", message, "0006-00000104")
    assert client.head(f"/{public}/a").status == 404


def test_form_without_a_file_is_refused(client: Client, public: str) -> None:
    answer = forms.post(client, public, forms.write([forms.field("key", "a")]))
    message = "POST requires exactly one file upload per request."
    check_error(answer, 400, "IncorrectNumberOfFilesInPOSTRequest", message, "0006-00000107")


def test_form_over_5_gib_is_refused(client: Client, public: str) -> None:
    headers = [("Content-Type", TYPE), ("Content-Length", str(5 * 1024**3 + 1))]
    answer = client.request("POST", f"/{public}/", headers, b"")
    assert refused(answer)[:2] == (400, "EntityTooLarge")


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("x-oss-object-acl", "open", "InvalidArgument"),
        ("x-oss-storage-class", "Fast", "InvalidArgument"),
        ("x-oss-server-side-encryption", "ROT13", "InvalidEncryptionAlgorithmError"),
        ("x-oss-meta-a", "line\nline", "InvalidArgument"),
        ("x-oss-traffic-limit", "1", "InvalidArgument"),
    ],
)
def test_invalid_field_is_refused(
    client: Client, public: str, name: str, value: str, code: str
) -> None:
    assert refused(send(client, public, ("key", "a"), (name, value)))[1] == code
    assert client.head(f"/{public}/a").status == 404


def deny_put(live: Live, bucket: str, operator: str, condition: Mapping[str, Any]) -> None:
    """Let everybody put objects, but not under a condition."""
    actions = ["oss:PutObject", "oss:PutObjectTagging"]
    common = {"Principal": ["*"], "Action": actions, "Resource": [f"acs:oss:*:*:{bucket}/*"]}
    deny = {**common, "Effect": "Deny", "Condition": {operator: condition}}
    statements = [{**common, "Effect": "Allow"}, deny]
    live.put(f"/{bucket}?policy", json.dumps({"Version": "1", "Statement": statements}).encode())


@pytest.mark.parametrize("place", ["field", "header"])
def test_policy_sees_the_acl_that_the_object_gets(live: Live, private: str, place: str) -> None:
    deny_put(live, private, "StringEquals", {"oss:x-oss-object-acl": ["public-read"]})
    acl = ("x-oss-object-acl", "public-read")
    fields, headers = ([acl], []) if place == "field" else ([], [acl])
    answer = forms.post(live.client, private, forms.form([("key", "a"), *fields]), *headers)
    assert answer.status == 403
    assert forms.post(live.client, private, forms.form([("key", "a")])).status == 204


def test_policy_does_not_see_tags_that_are_not_stored(live: Live, private: str) -> None:
    deny_put(live, private, "StringNotEquals", {"oss:RequestObjectTag/team": ["dev"]})
    body = forms.form([("key", "a"), ("x-oss-tagging", "team=dev")])
    assert forms.post(live.client, private, body).status == 403
