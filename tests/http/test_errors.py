"""Error answers over HTTP: status, Code, Message, EC and further elements, also of signatures."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import oss2
import pytest
from oss_emulator.storage.memory import MemoryStorage

from tests.client import (
    ACCESS_KEY_ID,
    ACCESS_KEY_SECRET,
    SIGNERS,
    Answer,
    Client,
    Headers,
    Live,
    Signed,
    check_error,
    serve,
    sign,
)


@dataclass(frozen=True)
class Case:
    """A request, and its error."""

    name: str
    request: str
    status: int
    code: str
    message: str
    ec: str = ""
    details: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    signed: bool = True

    @property
    def method(self) -> str:
        return self.request.partition(" ")[0]

    @property
    def target(self) -> str:
        return self.request.partition(" ")[2]


TABLE = Path(__file__).parents[2] / "fixtures" / "errors" / "refusals.toml"
CASES = [Case(**row) for row in tomllib.loads(TABLE.read_text(encoding="utf-8"))["case"]]


@dataclass(frozen=True)
class Stage:
    """Two buckets, each with the objects `a` and `secret`; `secret` is private."""

    private: str
    public: str
    client: Client
    signed: Signed

    def fill(self, text: str) -> str:
        return text.replace("{private}", self.private).replace("{public}", self.public)

    def ask(self, case: Case, method: str, headers: Headers = ()) -> Answer:
        target = self.fill(case.target)
        fields = [(name, self.fill(value)) for name, value in (*case.headers.items(), *headers)]
        if case.signed:
            fields += _signature(method, target, dict(fields))
        body = None if case.body is None else case.body.encode()
        return self.client.request(method, target, fields, body)


def _signature(method: str, target: str, headers: dict[str, str]) -> list[tuple[str, str]]:
    """Return the headers that sign a request for this target."""
    path, _, query = target.partition("?")
    bucket, _, key = unquote(path[1:]).partition("/")
    parameters = {
        unquote(name): unquote(value)
        for name, _, value in (part.partition("=") for part in query.split("&") if part)
    }
    request = oss2.http.Request(method, path, params=parameters, headers=headers)
    SIGNERS["v2"](ACCESS_KEY_ID, ACCESS_KEY_SECRET)._sign_request(request, bucket, key)
    known = {name.lower() for name in headers}
    return [
        (name, str(value))
        for name, value in request.headers.items()
        if value is not None and name.lower() not in known
    ]


@pytest.fixture
def stage(live: Live, client: Client, signed: Signed, make_bucket: Callable[..., str]) -> Stage:
    found = Stage(make_bucket("private"), make_bucket("public-read-write"), client, signed)
    for bucket in (found.private, found.public):
        live.put(f"/{bucket}/a", b"content")
        live.put(f"/{bucket}/secret", b"content", {"x-oss-object-acl": "private"})
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_error_equals_that_of_the_service(live: Live, stage: Stage, case: Case) -> None:
    answer = stage.ask(case, case.method)
    details = {name: stage.fill(value) for name, value in case.details.items()}
    check_error(answer, case.status, case.code, case.message, case.ec, **details)
    assert answer.error["HostId"] == f"{live.host}:{live.port}"
    for bucket in (stage.private, stage.public):
        assert live.run(partial(keys, live, bucket)) == ["a", "secret"]


def keys(live: Live, bucket: str) -> list[str]:
    return [item.key for item in live.service.storage.objects(bucket)]


HAVE_HEAD = [
    case for case in CASES if case.method == "GET" and case.target != "/" and "?" not in case.target
]


@pytest.mark.parametrize("case", HAVE_HEAD, ids=lambda case: case.name)
def test_head_has_the_error_document_in_a_header(stage: Stage, case: Case) -> None:
    """P-30: x-oss-err."""
    get, head = stage.ask(case, "GET"), stage.ask(case, "HEAD")
    assert head.body == b""
    assert (head.status, head.headers["x-oss-ec"]) == (get.status, get.headers["x-oss-ec"])
    changing = {"RequestId"}
    assert [pair for pair in head.elements if pair[0] not in changing] == [
        pair for pair in get.elements if pair[0] not in changing
    ]
    assert head.error["RequestId"] == head.headers["x-oss-request-id"]
    assert "x-oss-err" not in get.headers


def test_every_answer_has_a_request_id(stage: Stage) -> None:
    """P-30: successes and errors."""
    seen = set()
    for method, target in [
        ("GET", f"/{stage.public}/a"),
        ("HEAD", f"/{stage.public}/a"),
        ("GET", f"/{stage.public}/missing"),
        ("HEAD", "/no-such-bucket/a"),
        ("GET", "/"),
        ("POST", "/"),
        ("BREW", f"/{stage.public}/a"),
    ]:
        answer = stage.client.request(method, target)
        request_id = answer.headers["x-oss-request-id"]
        assert re.fullmatch(r"[0-9A-F]{24}", request_id)
        seen.add(request_id)
        assert answer.headers["Server"] == "AliyunOSS"
        assert re.fullmatch(
            r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", answer.headers["Date"]
        )
        untimed = target == "/no-such-bucket/a"  # S-08
        assert untimed or answer.headers["x-oss-server-time"].isdigit()
        assert not (untimed and "x-oss-server-time" in answer.headers)
    assert len(seen) == 7


def test_failure_of_the_server_is_answered_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with serve() as running:
        running.put_bucket("a-bucket", "public-read")

        def fail(*_: Any) -> None:
            raise ZeroDivisionError("the secret of the server")

        monkeypatch.setattr(MemoryStorage, "object", fail)
        answer = running.client.get("/a-bucket/a")
        monkeypatch.undo()
        assert (answer.status, answer.code) == (500, "InternalError")
        assert b"secret of the server" not in answer.document
        assert "the secret of the server" in caplog.text
        assert running.client.get("/a-bucket/a").code == "NoSuchKey"


# --- P-40: missing operations


@pytest.mark.parametrize(
    "key", ["<b>&'\"", "]]>", "a%0Ab", "%E4%B8%AD", "%F0%9F%98%80", "%EF%BF%BD", "%C2%85", "%7F"]
)
def test_error_is_well_formed_for_every_key(stage: Stage, key: str) -> None:
    raw = quote(key, safe="%")
    assert stage.client.get(f"/{stage.public}/{raw}").error["Key"] == unquote(raw)


# --- Wrong signatures; tests/unit/protocol/signature has the rest

KEY = "dir/a b+中"
NO_MATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your key and signing method."
)
NO_MATCH_ECS = {"v1": "0002-00000040", "v2": "0002-00000101", "v4": "0002-00000201"}
"""The EC of a wrong signature in each version."""

each_version = pytest.mark.parametrize("version", ["v1", "v2", "v4"])
each_place = pytest.mark.parametrize("place", ["header", "url"])


@pytest.fixture
def bucket(live: Live, make_bucket: Callable[..., str]) -> str:
    """A private bucket with one object."""
    name = make_bucket()
    live.put(f"/{name}/{quote(KEY)}", b"content")
    return name


def auth(version: str, key_id: str = ACCESS_KEY_ID, secret: str = ACCESS_KEY_SECRET) -> Any:
    return SIGNERS[version](key_id, secret)


def get(client: Client, auth: Any, place: str, bucket: str, *headers: tuple[str, str]) -> Answer:
    """Get the object of the bucket."""
    target, fields = sign(auth, place, "GET", bucket, KEY)
    return client.request("GET", target, [*fields, *headers])


@each_version
@each_place
def test_right_secret_reads_and_a_wrong_one_gets_the_string_to_sign(
    client: Client, bucket: str, version: str, place: str
) -> None:
    """P-17: the elements have the order of the answers of the service."""
    assert get(client, auth(version), place, bucket).body == b"content"
    answer = get(client, auth(version, secret="another"), place, bucket)
    error = answer.error
    assert (answer.status, error["Message"]) == (403, NO_MATCH)
    canonical = ["CanonicalRequest"] if version == "v4" else []
    named = "Code Message RequestId HostId OSSAccessKeyId SignatureProvided StringToSign".split()
    named += ["StringToSignBytes", *canonical, "EC", "RecommendDoc"]
    assert [name for name, _ in answer.elements] == named
    assert error["EC"] == answer.headers["x-oss-ec"] == NO_MATCH_ECS[version]
    assert bytes.fromhex(error["StringToSignBytes"]).decode() == error["StringToSign"]
    assert error["StringToSign"].startswith("OSS4-HMAC-SHA256\n" if version == "v4" else "GET\n")
    assert ACCESS_KEY_SECRET not in answer.text
    check_error(
        get(client, auth(version, key_id="LTAI-of-nobody"), place, bucket),
        403,
        "InvalidAccessKeyId",
        "The OSS Access Key Id you provided does not exist in our records.",
        "0002-00000902",
        OSSAccessKeyId="LTAI-of-nobody",
    )
