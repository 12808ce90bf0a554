"""Secrets that clients send appear in no journal, page, log or report, wherever they were sent."""

import base64
import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from oss_referer.sources.account import DEFAULT_ACCESS_KEY_ID

from tests.cli.process import Running, serving
from tests.client import PATIENCE

SECRET = "Zq7secret-of-the-Test"
"""The secret; what is shown may have its first four characters."""
TAIL = SECRET[4:]
XML = f"<?xml version='1.0'?><Error><SecurityToken>{SECRET}</SecurityToken></Error>".encode()

HEADERS = {
    "Cookie": f"session={SECRET}",
    "x-oss-emulator-token": SECRET,
    "x-oss-security-token": SECRET,
    "x-oss-server-side-encryption-customer-key": SECRET,
    "x-amz-server-side-encryption-customer-key": SECRET,
    "x-amz-copy-source-server-side-encryption-customer-key": SECRET,
    "x-oss-err": base64.b64encode(XML).decode(),
    "Authorization": f"Basic {SECRET}",
    "Referer": f"http://user:{SECRET}@a.test/?OIDCToken={SECRET}&b={quote(f'//u:{SECRET}@h/', '')}",
    "User-Agent": f"agent (+http://u:{SECRET}@bot.test/)",
    "Host": "localhost",
}
QUERY = "&".join(
    f"{name}={value}"
    for name, value in {
        "OIDCToken": SECRET,
        "Plaintext": f"a%26b+{SECRET}",
        "Signature": SECRET,
        "u": quote(f"http://user:{SECRET}@h.test/?x-oss-security-token={SECRET}", ""),
        "e": quote(base64.b64encode(XML).decode(), ""),
        "x-oss-server-side-encryption-customer-key": SECRET,
    }.items()
)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Everything that the emulator shows or writes of requests with secrets, by name."""
    folder = tmp_path_factory.mktemp("secrets")
    log = folder / "access.log"
    flags = ("--demo", "--access-log", str(log), "--log-format", "json", "--log-level", "debug")
    with serving(folder, *flags) as running:
        found = _read_all(running, _send_all(running), log)
        assert running.end() == 0
        yield found | {"stderr": running.stderr.read_text()}


def _ask(running: Running, method: str, path: str, body: str = "", **headers: str) -> str:
    host = f"127.0.0.1:{running.port}"
    connection = http.client.HTTPConnection(host, timeout=PATIENCE)
    sent = {"Host": host} | {name.replace("_", "-"): value for name, value in headers.items()}
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in sent.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode() if body else None)
    text = connection.getresponse().read().decode()
    connection.close()
    return text


def _send_all(running: Running) -> int:
    signed = {"x-oss-date": "20250101T000000Z", **HEADERS}
    key_id = DEFAULT_ACCESS_KEY_ID
    signed["Authorization"] = f"OSS {key_id}:{SECRET}"
    signed["Date"] = "Wed, 01 Jan 2025 00:00:00 GMT"
    for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
        for path in (
            "/examplebucket/hello.txt",
            f"/examplebucket/hello.txt?{QUERY}",
            f"/examplebucket/{quote(f'x?OIDCToken={SECRET}')}",
        ):
            for headers in (HEADERS, signed, {**HEADERS, "Authorization": ""}):
                _ask(running, method, path, **headers)
    _ask(running, "GET", "/examplebucket/hello.txt", Referer=WHOLE)
    relayed = f"http://user:{SECRET}@examplebucket.oss-cn-hangzhou.aliyuncs.com/a"
    _ask(running, "GET", relayed, Referer=HEADERS["Referer"])
    _ask(running, "CONNECT", f"user:{SECRET}@other.test:443", Host="other.test:443")
    _ask(running, "GET", "/examplebucket/hello.txt", Host=f"user:{SECRET}@examplebucket.test")
    for service, form in (
        ("sts", f"Action=AssumeRoleWithOIDC&Version=2015-04-01&OIDCToken={SECRET}"),
        ("sts", f"Action=AssumeRole&Version=2015-04-01&OIDCToken={SECRET}&{_sign(key_id)}"),
        ("kms", f"Action=Encrypt&Version=2016-01-20&Plaintext=a%26{SECRET}&{_sign(key_id)}"),
    ):
        _ask(running, "POST", f"/_emulator/{service}", form, Content_Type=_FORM)
        _ask(running, "GET", f"/_emulator/{service}?{form}", Referer=HEADERS["Referer"])
    return len(json.loads(_ask(running, "GET", "/_emulator/journal"))["entries"])


_FORM = "application/x-www-form-urlencoded"


def _sign(key_id: str) -> str:
    return (
        f"AccessKeyId={key_id}&Signature={SECRET}&SignatureNonce=1&SignatureMethod=HMAC-SHA1"
        "&SignatureVersion=1.0&Timestamp=2026-12-02T00%3A00%3A00Z"
    )


def _read_all(running: Running, count: int, log: Path) -> dict[str, str]:
    entries = json.loads(_ask(running, "GET", "/_emulator/journal"))["entries"]
    assert len(entries) == count > 45
    pages = {
        "journal": json.dumps(entries),
        "requests": _ask(running, "GET", "/_emulator/requests", Accept="text/html"),
        "requests as JSON": _ask(running, "GET", "/_emulator/requests"),
        "metrics": _ask(running, "GET", "/_emulator/metrics"),
        "access log": log.read_text(),
    }
    for entry in entries:
        path = f"/_emulator/requests/{entry['number']}"
        name = f"{entry['method']} {entry['target']}"
        pages[f"page of {path} {name}"] = _ask(running, "GET", path, Accept="text/html")
        pages[f"story of {path} {name}"] = _ask(running, "GET", path)
    return pages


def test_no_output_has_a_secret(outputs: dict[str, str]) -> None:
    assert len(outputs) > 90
    shown = {name: _around(text) for name, text in outputs.items() if TAIL in text}
    assert not shown
    coded = [base64.b64encode(f"{pad}{SECRET}".encode())[4:24].decode() for pad in ("", "a", "ab")]
    assert not [name for name, text in outputs.items() for code in coded if code in text]
    hexed = TAIL.encode().hex(" ").upper()
    assert not [name for name, text in outputs.items() if hexed in text.upper()]


def _around(text: str) -> str:
    at = text.index(TAIL)
    return text[max(0, at - 90) : at + 10]


WHOLE = "https://a.test:8080/b@c:d/?mail=a:b@c.test&e=%40%3A%2F#f"


def test_referer_without_credentials_is_shown_whole(outputs: dict[str, str]) -> None:
    assert json.dumps(WHOLE) in outputs["journal"]
    assert WHOLE in outputs["access log"]
