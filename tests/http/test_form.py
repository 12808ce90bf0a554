"""PostObject over HTTP: who may post, which fields a form may have, and every refusal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import md5
from pathlib import Path
from typing import Any

import oss2
import pytest
from oss_emulator import Emulator
from oss_emulator.server import form_memory

from tests.client import SETTINGS, Answer, Client, Connection, Live, content_md5, serve
from tests.http import forms
from tests.http.forms import BOUNDARY, TYPE, File, field
from tests.rows import read_cases
from tests.sdk.accounts import ACCOUNTS, assume_role

CASES = read_cases("others.http")


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


# --- Fields


def test_policy_is_checked_before_the_file_name_is_inserted(client: Client, public: str) -> None:
    policy = forms.policy([["eq", "$key", "up/${filename}"]])
    answer = send(client, public, ("key", "up/${filename}"), *forms.sign_v1(policy))
    assert answer.status == 204
    assert client.get(f"/{public}/up/photo.jpg").status == 200


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
    answer = forms.post(client, public, body, ("Content-MD5", content_md5(body * (2 - right))))
    assert answer.status == (204 if right else 400)
    assert client.head(f"/{public}/a").status == (200 if right else 404)


@pytest.mark.parametrize(("size", "status"), [(5 * 1024**3, 100), (5 * 1024**3 + 1, 400)])
def test_form_over_5_gib_is_refused(client: Client, public: str, size: int, status: int) -> None:
    headers = [("Content-Type", TYPE), ("Content-Length", str(size)), ("Expect", "100-continue")]
    with client.connect() as connection:
        answer = connection.request("POST", f"/{public}/", [("Host", "localhost"), *headers])
    assert (answer.status, answer.code) == (status, "" if status == 100 else "EntityTooLarge")


def test_field_with_a_line_end_is_refused(client: Client, public: str) -> None:
    answer = send(client, public, ("key", "a"), ("x-oss-meta-a", "line\nline"))
    assert (answer.status, answer.code) == (400, "InvalidArgument")


# --- Policies


# Fields, and the type of the file's part; a policy for image/png must see the type that is stored.
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


# --- RAM users, temporary keys, and buckets without public access


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    path: Path = tmp_path_factory.mktemp("accounts") / "accounts.toml"
    path.write_text(ACCOUNTS, encoding="utf-8")
    with Emulator(accounts=path) as running:
        running.bucket("examplebucket")
        yield running


def post_as(emulator: Emulator, key: str, secret: str, **fields: str) -> Answer:
    signed = forms.sign_v1(forms.policy([["content-length-range", 0, 100]]), key, secret)
    more = [(name.replace("_", "-"), value) for name, value in fields.items()]
    body = forms.form([("key", "a"), *signed, *more])
    return forms.post(Client("127.0.0.1", emulator.port), "examplebucket", body)


def test_temporary_key_needs_its_token(emulator: Emulator) -> None:
    given = assume_role(emulator)
    key, secret, token = (
        given[name] for name in ("AccessKeyId", "AccessKeySecret", "SecurityToken")
    )
    assert post_as(emulator, key, secret, x_oss_security_token=token).status == 204
    answer = post_as(emulator, key, secret, x_oss_security_token=f"{token[:-4]}AAAA")
    assert (answer.status, answer.code) == (403, "InvalidSecurityToken")
    answer = post_as(emulator, key, secret)
    assert (answer.status, answer.code) == (403, "InvalidAccessKeyId")


# --- The memory that the fields of forms take together: what exceeds it is refused and freed

PATIENCE = 2.0
MEMORY = 256 * 1024
LARGE = [("key", "a"), ("filler", "x" * (MEMORY * 3 // 5))]
"""Two of these take more than `MEMORY`."""
MANY = [("key", "a"), *((f"f{number}", "") for number in range(MEMORY // 100))]
"""More than `MEMORY` once parsed, although it arrives in less."""


@pytest.fixture(autouse=True)
def memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(form_memory, "MOST", MEMORY)


def post(client: Client, *fields: tuple[str, str]) -> tuple[int, str]:
    answer = forms.post(client, "examplebucket", forms.form(fields))
    return answer.status, answer.code if answer.body else ""


def begin(connection: Connection) -> None:
    """Send a large form up to its file, and wait until the server has read its fields."""
    head = [("Host", "localhost"), ("Content-Type", TYPE), ("Content-Length", "10000000")]
    fields = b"".join(f"--{BOUNDARY}\r\n".encode() + field(*pair) + b"\r\n" for pair in LARGE)
    connection.send_request("POST", "/examplebucket/", [*head, ("Expect", "100-continue")])
    assert connection.receive("POST").status == 100
    connection.send(fields)


def until(client: Client, expected: tuple[int, str]) -> None:
    """Post large forms until one gets an answer."""
    for _ in range(100):
        if post(client, *LARGE) == expected:
            return
    pytest.fail(f"no form got {expected}")


def test_form_that_exceeds_the_memory_is_refused_and_one_with_few_fields_is_stored() -> None:
    with serve(SETTINGS) as live:
        live.put_bucket("examplebucket", "public-read-write")
        assert post(live.client, *LARGE) == (204, "")
        with live.client.connect() as stalled:
            begin(stalled)
            until(live.client, (503, "ServiceUnavailable"))
            assert post(live.client, ("key", "b")) == (204, "")
        until(live.client, (204, ""))


def test_form_that_stalls_holds_memory_until_the_request_timeout() -> None:
    with serve(replace(SETTINGS, request_timeout=PATIENCE)) as live:
        live.put_bucket("examplebucket", "public-read-write")
        with live.client.connect() as stalled:
            begin(stalled)
            until(live.client, (503, "ServiceUnavailable"))
            assert stalled.receive("POST").code == "RequestTimeout"
            until(live.client, (204, ""))


def test_many_empty_fields_count_by_the_memory_that_they_take() -> None:
    with serve(SETTINGS) as live:
        live.put_bucket("examplebucket", "public-read-write")
        for _ in range(3):
            assert post(live.client, *MANY) == (503, "ServiceUnavailable")
        assert post(live.client, *LARGE) == (204, "")
