"""Answers are saved without anything of the account."""

from __future__ import annotations

import json
from typing import Any

from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.playing import PlayedAnswer, play
from oss_emulator.recording.saving import save

from tests.rows import read_cases

CASES = read_cases("unit.recording")

PRIVATE = dict(CASES["private"])
DENIAL = (
    "<Error><Code>AccessDenied</Code>"
    "<Message>The user {name} may not do this in {bucket}: acs:ram::{owner}:{role}</Message>"
    "<RequestId>{request}</RequestId><HostId>{host}</HostId><Bucket>{bucket}</Bucket>"
    "<OSSAccessKeyId>{key}</OSSAccessKeyId><SignatureProvided>abc</SignatureProvided>"
    "<StringToSign>GET /{bucket}/key {key}</StringToSign>"
    "<AccessDeniedDetail><AuthPrincipalOwnerId>{owner}</AuthPrincipalOwnerId>"
    "<AuthPrincipalDisplayName>{name}</AuthPrincipalDisplayName>"
    "<EncodedDiagnosticMessage>{diagnosis}</EncodedDiagnosticMessage></AccessDeniedDetail>"
    "<EC>0003-00000001</EC></Error>"
)
LISTING = (
    "<List><Owner><ID>{owner}</ID><DisplayName>{name}</DisplayName></Owner>"
    "<Name>{bucket}</Name><Endpoint>{host}</Endpoint><Key>mine</Key><VersionId>{version}</VersionId>"
    "<UploadId>{upload}</UploadId><IsTruncated>false</IsTruncated></List>"
)
HEADERS = {
    "x-oss-request-id": PRIVATE["request"],
    "x-oss-version-id": PRIVATE["version"],
    "location": f"https://{PRIVATE['host']}/",
    "x-oss-ec": "0003-00000001",
    "x-oss-meta-owner": PRIVATE["name"],
    "content-type": "application/xml",
    "connection": "keep-alive",
}


def step(**answer: Any) -> dict[str, Any]:
    request = {"method": "PUT", "bucket": "b", "path": "/", "body": {"xml": ["A", "A/B=mine"]}}
    return {"request": request, "answer": {"status": 200, **answer}, "facts": ["R-01"]}


def saved(*replies: PlayedAnswer, **answer: Any) -> Any:
    document = [{"scenario": "s", "steps": [step(**answer) for _ in replies]}]
    recording = scenarios.parse_recording(document)
    waiting = [*replies]
    played = [*play(recording.scenarios[0], lambda *_: waiting.pop(0), {"b": PRIVATE["bucket"]})]
    private = {PRIVATE["key"]: "{access key}", PRIVATE["bucket"]: "{b}"}
    return save(recording, played, private)


def test_saved_file_has_no_value_of_the_account() -> None:
    documents = (DENIAL, LISTING, "<Error><Message>Jane may not</Message></Error>")
    bodies = [text.format(**PRIVATE).encode() for text in documents]
    text = json.dumps(saved(*(PlayedAnswer(403, HEADERS, body) for body in bodies)))
    assert [name for name, value in PRIVATE.items() if value in text] == []


def test_code_and_sentence_are_kept() -> None:
    body = DENIAL.replace(
        "The user {name} may not do this in {bucket}: acs:ram::{owner}:{role}", "No."
    )
    (found,) = saved(PlayedAnswer(403, HEADERS, body.format(**PRIVATE).encode()))["scenarios"]
    answer = found["steps"][0]["answer"]
    assert answer["headers"]["x-oss-ec"] == "0003-00000001"
    assert "connection" not in answer["headers"]
    assert answer["xml"][:4] == [
        "Error",
        "Error/Code=AccessDenied",
        "Error/Message=No.",
        "Error/RequestId=*",
    ]
    assert answer["xml"][-1] == "Error/EC=0003-00000001"


def test_sentence_with_a_text_that_is_masked_elsewhere_is_masked() -> None:
    body = "<Error><Message>Ask Jane.</Message><DisplayName>Jane</DisplayName></Error>"
    (found,) = saved(PlayedAnswer(403, {}, body.encode()))["scenarios"]
    assert found["steps"][0]["answer"]["xml"] == ["Error", "Error/Message=*", "Error/DisplayName=*"]


def test_what_the_file_says_is_kept() -> None:
    """Texts from the file itself reveal nothing about the account."""
    body = LISTING.format(**PRIVATE).encode()
    answer = {"headers": {"Location": "https://{b}.x/"}, "xml": ["List", "List/Name={b}"]}
    headers = {"location": f"https://{PRIVATE['bucket']}.x/"}
    (found,) = saved(PlayedAnswer(200, headers, body), **answer)["scenarios"]
    (one,) = found["steps"]
    assert one["answer"]["headers"] == {"location": "https://{b}.x/"}
    assert {"List/Name={b}", "List/Key=mine", "List/IsTruncated=false"} <= {*one["answer"]["xml"]}
    assert one["facts"] == ["R-01"]


def test_saved_file_is_read_and_plays_as_equal() -> None:
    reply = PlayedAnswer(200, HEADERS, LISTING.format(**PRIVATE).encode())
    recording = scenarios.parse_recording(saved(reply))
    names = {"b": PRIVATE["bucket"]}
    (again,) = play(recording.scenarios[0], lambda *_: reply, names)
    assert again.differences == ()


def test_steps_that_say_nothing_are_left_out() -> None:
    document = [{"scenario": "s", "steps": [step(), {**step(), "until": True}, step()]}]
    recording = scenarios.parse_recording(document)
    played = play(recording.scenarios[0], lambda *_: PlayedAnswer(403))
    (found,) = save(recording, played, {})["scenarios"]
    assert [one["answer"]["status"] for one in found["steps"]] == [403]
