"""Formats requests for export: as a command, lines of Python, a test or a case of a table."""

import json
import shlex
from collections.abc import Callable, Mapping
from typing import Final

from oss_referer import RefererConfiguration, Signing
from oss_referer.engine import Sentence
from oss_referer.engine.sentence import join
from oss_referer.sources import referer_xml
from oss_referer.sources.masking import mask

from oss_emulator.control.journal import JournalEntry, RefererResult

_NOT_REPEATED: Final = frozenset(
    {"host", "connection", "content-length", "expect", "transfer-encoding", "keep-alive"}
)


def format_curl(entry: JournalEntry, say: Callable[[Sentence], str] = str) -> str:
    """Format a request as a curl command; a body must be in the file BODY.

    If secrets are masked, the command fails, so a comment before it says so in the language of
    `say`.
    """
    request, headers = entry.request, entry.headers
    scheme = "https" if request.secure else "http"
    words = ["curl", "-i", f"{scheme}://{entry.host}{entry.target}"]
    if not {*"[]{}"}.isdisjoint(request.target):
        words.insert(2, "--globoff")
    if "/." in request.path:
        words.insert(2, "--path-as-is")
    if request.method == "HEAD":
        words[1] = "-I"
    elif request.method != "GET":
        words[2:2] = ["-X", request.method]
    lines = [" ".join(map(shlex.quote, words))]
    for name, value in headers.items():
        if name not in _NOT_REPEATED:
            field = f"{name}: {value}" if value else f"{name};"
            lines.append(f"-H {shlex.quote(field)}")
    if request.headers.get("content-length", "0") != "0":
        lines.append("--data-binary @BODY")
    command = " \\\n  ".join(lines)
    masked = [name for name, value in headers.items() if value != request.headers[name]]
    if (entry.host, entry.target) != (request.host, request.target):
        masked.insert(0, Sentence("the URL"))
    if not masked:
        return command
    note = Sentence("**** stands for masked secrets, in: {}", join(masked))
    return f"# {say(note)}\n{command}"


_CALLS: Final[Mapping[str, str]] = {
    "PutObject": "bucket.put_object({key}, b'...')",
    "HeadObject": "bucket.head_object({key})",
    "GetObjectMeta": "bucket.get_object_meta({key})",
    "DeleteObject": "bucket.delete_object({key})",
    "AppendObject": "bucket.append_object({key}, 0, b'...')",
    "PutObjectACL": "bucket.put_object_acl({key}, oss2.OBJECT_ACL_DEFAULT)",
    "GetObjectACL": "bucket.get_object_acl({key})",
    "ListObjects": "bucket.list_objects()",
    "ListObjectsV2": "bucket.list_objects_v2()",
    "PutBucket": "bucket.create_bucket()",
    "DeleteBucket": "bucket.delete_bucket()",
    "GetBucketInfo": "bucket.get_bucket_info()",
    "GetBucketReferer": "bucket.get_bucket_referer()",
    "PutBucketReferer": "bucket.put_bucket_referer(oss2.models.BucketReferer(True, []))",
}
"""The calls of oss2 for operations other than downloads."""


def format_oss2(entry: JournalEntry, region: str) -> str | None:
    """Format a request as Python with oss2; None if oss2 has no such call.

    A download becomes a signed URL that is fetched with the Referer, because rules do not apply to
    a call with a signature in the header (R-01).
    """
    scheme = "https" if entry.request.secure else "http"
    endpoint = f"{scheme}://{entry.host.removeprefix(f'{entry.bucket}.')}"
    lines = [
        "import oss2",
        "from oss2.credentials import EnvironmentVariableCredentialsProvider",
        "",
        "auth = oss2.ProviderAuthV4(EnvironmentVariableCredentialsProvider())",
        f"bucket = oss2.Bucket(auth, {endpoint!r}, {entry.bucket!r}, region={region!r})",
    ]
    if entry.operation in _CALLS:
        call = _CALLS[entry.operation].format(key=repr(entry.key))
        return "\n".join([*lines, f"print({call})", ""])
    if entry.operation != "GetObject":
        return None
    headers = {} if entry.referer is None else {"Referer": entry.referer}
    url = f"bucket.sign_url('GET', {entry.key!r}, 60)"
    call = f"answer = requests.get({url}, headers={headers!r})"
    shown = "print(answer.status_code, answer.headers.get('x-oss-ec'))"
    return "\n".join(["import requests", *lines, call, shown, ""])


def format_test(entry: JournalEntry) -> str | None:
    """Format a request as a test that expects the same verdict; None unless it is a download.

    `oss_emulator.testing` has assertions only for an anonymous GET and for a signed URL.
    """
    decision, is_signed = entry.decision, entry.signed is Signing.URL
    is_download = entry.operation == "GetObject" and entry.method == "GET"
    if decision is None or not is_download or entry.signed not in (Signing.NONE, Signing.URL):
        return None
    if decision.allowed and entry.status not in (200, 206):
        return None  # denied by permissions, or no such object
    call = "assert_allowed" if decision.allowed else "assert_denied"
    words = [f"oss_bucket, {entry.key!r}", f"referer={entry.referer!r}"]
    words += [f"ec={decision.ec!r}"] * (not decision.allowed) + ["signed=True"] * is_signed
    verdict = "allowed" if decision.allowed else "denied"
    lines = [
        "import pytest",
        f"from oss_emulator.testing import {call}",
        "",
        f"RULES = {_quote(entry.rules or referer_xml.format(RefererConfiguration()))}",
        "",
        "",
        "@pytest.mark.oss_rules(RULES)",
        f"def test_request_is_{verdict}(oss_bucket):",
        f"    oss_bucket.put_object({entry.key!r}, b'...')",
        f"    {call}({', '.join(words)})",
        "",
    ]
    return "\n".join(lines)


def _quote(document: bytes) -> str:
    """Return a document as a Python literal, on several lines if it is plain text."""
    text = document.decode(errors="replace")
    is_plain = "\\" not in text and '"""' not in text and text.replace("\n", "").isprintable()
    return f'"""{text}"""' if is_plain else repr(text)


def format_case(entry: JournalEntry) -> str | None:
    """Format a request and its verdict as a case of a decision table; None without a verdict."""
    decision, request = entry.decision, entry.request
    if decision is None or entry.verdict is RefererResult.NOT_CHECKED:
        return None
    verdict = "allow" if decision.allowed else "deny"
    sent = [] if entry.referer is None else [entry.referer, *map(mask, request.further_referers)]
    members: dict[str, object] = {"name": f"{request.method} {entry.bucket}/{entry.key}"}
    if sent:
        members["referer"] = sent if len(sent) > 1 else sent[0]
    if entry.signed is not Signing.NONE:
        members["signed"] = entry.signed.value
    if request.method != "GET":
        members["method"] = request.method
    members["verdict"] = verdict
    if decision.ec is not None:
        members["ec"] = decision.ec
    lines = [
        f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
        for name, value in members.items()
    ]
    return "\n".join(["[[case]]", *lines, ""])
