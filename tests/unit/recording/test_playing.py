"""Playing scenarios: references, bodies, and what must be there before."""

from __future__ import annotations

from dataclasses import replace

from oss_emulator.recording.playing import PlayedAnswer, content, play, prepare
from oss_emulator.recording.scenario import (
    BucketState,
    RecordedAnswer,
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
)

PUT = RecordedRequest("PUT", "plain", "/key", body=RecordedBody(4))
OK = RecordedAnswer(200, {})


def sent(
    *steps: RecordedStep, replies: list[PlayedAnswer] | None = None
) -> list[tuple[RecordedRequest, bytes]]:
    """Play steps; return the requests with their bodies."""
    found: list[tuple[RecordedRequest, bytes]] = []
    waiting = list(replies or [])

    def send(request: RecordedRequest, body: bytes) -> PlayedAnswer:
        found.append((request, body))
        return waiting.pop(0) if waiting else PlayedAnswer(200)

    play(RecordedScenario("s", steps), send, {"plain": "mine"})
    return found


def test_references_become_what_earlier_answers_gave() -> None:
    upload = (
        b"<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"
    )
    listing = b"<L><NextContinuationToken>T</NextContinuationToken></L>"
    query = {"uploadId": "{upload 1}", "versionId": "{version 0}", "c": "{token 2}"}
    body = RecordedBody(xml=("P", "P/ETag={etag 0}"))
    last = replace(PUT, query=query, headers={"x-oss-copy-source": "/{plain}/a"}, body=body)
    requests = sent(
        *(RecordedStep(PUT, OK) for _ in range(3)),
        RecordedStep(last, OK),
        replies=[
            PlayedAnswer(200, {"x-oss-version-id": "V", "etag": '"E"'}),
            PlayedAnswer(200, {}, upload),
            PlayedAnswer(200, {}, listing),
        ],
    )
    request, document = requests[3]
    assert request.query == {"uploadId": "U", "versionId": "V", "c": "T"}
    assert request.headers == {"x-oss-copy-source": "/mine/a"}
    assert b'<P><ETag>"E"</ETag></P>' in document


def test_reference_to_a_later_step_stays() -> None:
    ((request, _),) = sent(RecordedStep(replace(PUT, query={"versionId": "{version 5}"}), OK))
    assert request.query == {"versionId": "{version 5}"}


def test_number_that_no_step_has_is_no_reference() -> None:
    text = f"{{version {'9' * 5000}}}"
    ((request, _),) = sent(RecordedStep(replace(PUT, query={"versionId": text}), OK))
    assert request.query == {"versionId": text}


def test_bodies_of_a_size_differ_from_step_to_step() -> None:
    (_, first), (_, second) = sent(RecordedStep(PUT, OK), RecordedStep(PUT, OK))
    assert len(first) == len(second) == 4
    assert first != second
    assert content(PUT, "s 0") == first


def test_text_is_sent_as_it_is() -> None:
    assert content(replace(PUT, body=RecordedBody(text="ü")), "") == "ü".encode()


def test_buckets_are_made_before_the_first_step() -> None:
    recording = Recording((), buckets=(BucketState("plain"), BucketState("v", versioned=True)))
    scenario = RecordedScenario("s", (), before=(PUT,))
    assert [str(request) for request in prepare(recording, scenario)] == [
        "PUT plain/",
        "PUT v/",
        "PUT v/?versioning",
        "PUT v/?objectWorm",
        "PUT plain/key",
    ]


def test_differences_are_kept_with_their_step() -> None:
    scenario = RecordedScenario(
        "s", (RecordedStep(PUT, OK), RecordedStep(PUT, RecordedAnswer(404, {})))
    )
    first, second = play(scenario, lambda *_: PlayedAnswer(200))
    assert (first.number, first.differences) == (0, ())
    assert [str(item) for item in second.differences] == ["status: recorded 404, found 200"]
