"""Recorded answers: scenarios, how they are played and compared, and what is saved."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oss_emulator.recording import scenario as scenario
from oss_emulator.recording import scenario as scenarios
from oss_emulator.recording.playing import PlayedAnswer, compare, content, play, prepare
from oss_emulator.recording.saving import save
from oss_emulator.recording.scenario import (
    BucketState,
    RecordedAnswer,
    RecordedBody,
    RecordedRequest,
    RecordedScenario,
    RecordedStep,
    Recording,
    ScenarioError,
    build,
    list_elements,
)

from tests.rows import read_cases, rows

CASES = read_cases("unit.recording")

# --- The files of scenarios: what is read, what is refused, and what is written

STEP = {
    "request": {
        "method": "PUT",
        "bucket": "plain",
        "path": "/a b",
        "query": {"uploadId": "{upload 0}"},
        "body": {"size": 3},
        "inferred": {"Content-Type": "text/plain"},
        "copy-source": "/{plain}/key",
        "range": "0-9",
    },
    "answer": {"status": 200, "headers": {"ETag": "*"}, "xml": ["Root", "Root/Key=a"]},
}
DOCUMENT = {
    "source": "somewhere",
    "endpoint": "oss-cn-shanghai.aliyuncs.com",
    "buckets": {"plain": {}, "versioned": {"versioned": True}},
    "scenarios": [
        {
            "scenario": "copy",
            "recorded": "21 May 2026",
            "before": [{"method": "PUT", "bucket": "plain", "path": "/key"}],
            "steps": [STEP],
        }
    ],
}


def test_file_is_read() -> None:
    recording = scenario.parse_recording(DOCUMENT)
    assert recording.region == "cn-shanghai"
    assert recording.buckets == (BucketState("plain"), BucketState("versioned", versioned=True))
    (found,) = recording.scenarios
    assert (found.name, len(found.before)) == ("copy", 1)
    (step,) = found.steps
    assert step.request.headers == {
        "Content-Type": "text/plain",
        "x-oss-copy-source": "/{plain}/key",
        "Range": "bytes=0-9",
    }
    assert step.request.body == RecordedBody(3)
    assert step.answer.xml == ("Root", "Root/Key=a")
    assert str(step.request) == "PUT plain/a b?uploadId={upload 0}"


def test_list_of_scenarios_is_read() -> None:
    assert (
        scenario.parse_recording(DOCUMENT["scenarios"]).scenarios
        == scenario.parse_recording(DOCUMENT).scenarios
    )


@rows(
    ("document", "said"),
    (1, "the file is not an object"),
    ({"scenarios": 1}, "the file: scenarios is not a list"),
    ([1], "the file, scenarios 0 is not an object"),
    ([{}], "the file, scenarios 0: scenario is not a string"),
    ([{"scenario": "s", "steps": [{"request": 1}]}], "scenarios 0, steps 0, request is not"),
    ([{"scenario": "s", "steps": [{}]}], "steps 0, request: method is not a string"),
    (
        [{"scenario": "s", "steps": [{**STEP, "answer": {"status": True}}]}],
        "steps 0, answer: status is not a whole number",
    ),
    (
        [{"scenario": "s", "steps": [{**STEP, "answer": {"status": 200, "xml": [1]}}]}],
        "answer: xml is not a list of strings",
    ),
    ({"buckets": {"b": {"versioned": 1}}, "scenarios": []}, "versioned is not true or false"),
)
def test_wrong_file_is_refused_with_its_place(document: Any, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.parse_recording(document)
    assert said in str(caught.value)


REQUEST = {"method": "PUT", "bucket": "b-1", "path": "/key"}


@rows(
    "changed",
    {"method": "GET / HTTP/1.1\r\nA: b"},
    {"method": "例"},
    {"bucket": "a/b"},
    {"bucket": "a\r\nb"},
    {"headers": {"x-oss-meta-a": "b\r\nX: y"}},
    {"headers": {"x-oss-meta-a": "例"}},
    {"headers": {"x-oss-meta-a\r\nb": "c"}},
    {"body": {"size": -1}},
    {"body": {"size": 10**13}},
    {"body": {"size": 10**300}},
    {"body": {"xml": ["A", "B"]}},
    {"body": {"xml": ["1 a"]}},
    {"body": {"xml": ["A=\x00"]}},
    {"body": {"xml": [""]}},
)
def test_request_that_cannot_be_sent_is_refused(changed: dict[str, Any]) -> None:
    step = {"request": {**REQUEST, **changed}, "answer": {"status": 200}}
    with pytest.raises(ScenarioError):
        scenario.parse_recording([{"scenario": "s", "steps": [step]}])


@rows("changed", *CASES["name_that_no_host_can_have_is_refused"])
def test_name_that_no_host_can_have_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        scenario.parse_recording({"scenarios": [], **changed})


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b'{"a": ' * 100_000])
def test_file_that_is_not_json_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"recorded\.json, line 1, column "):
        scenario.read(path)


# --- Playing scenarios: references, bodies, and the requests before them

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

    list(play(RecordedScenario("s", steps), send, {"plain": "mine"}))
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


def test_reference_to_an_answer_that_is_not_xml_stays() -> None:
    query = {"uploadId": "{upload 0}"}
    steps = RecordedStep(PUT, OK), RecordedStep(replace(PUT, query=query), OK)
    requests = sent(*steps, replies=[PlayedAnswer(502, {}, b"Bad Gateway")])
    assert requests[1][0].query == query


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


def test_buckets_are_made_before_each_scenario() -> None:
    recording = Recording(
        (), buckets=(BucketState("plain"), BucketState("v", versioned=True)), before=(PUT,)
    )
    assert [str(request) for request in prepare(recording)] == [
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
    assert [str(item) for item in second.differences] == ["status: expected 404, found 200"]


# --- Differences between an answer and the recorded one

XML = {"Content-Type": "application/xml"}
RECORDED = RecordedAnswer(
    200, {"ETag": "*", **XML}, ("List", "List/Name={plain}", "List/Id=*", "List/Key=a")
)
BODY = b"<List><Name>plain</Name><Id>17</Id><Key>a</Key></List>"
HEADERS = {"etag": '"1"', "content-type": "application/xml"}


def differences(
    status: int = 200,
    headers: dict[str, str] = HEADERS,
    body: bytes = BODY,
    recorded: RecordedAnswer = RECORDED,
) -> list[str]:
    resolved = compare(
        recorded, PlayedAnswer(status, headers, body), lambda t: t.replace("{plain}", "plain")
    )
    return [str(item) for item in resolved]


def test_equal_answer_has_no_difference() -> None:
    assert differences() == []
    assert differences(headers={**HEADERS, "content-length": "5", "connection": "close"}) == []


@rows(
    ("changed", "said"),
    ({"status": 404}, ["status: expected 200, found 404"]),
    ({"headers": {**HEADERS, "vary": "x"}}, ["header vary: expected nothing, found x"]),
    ({"headers": {"content-type": "application/xml"}}, ["header ETag: expected *, found nothing"]),
    (
        {"headers": {**HEADERS, "content-type": "text/xml"}},
        ["header Content-Type: expected application/xml, found text/xml"],
    ),
    (
        {"body": BODY.replace(b"<Key>a</Key>", b"<Key>b</Key>")},
        ["elements: expected List/Key=a, found List/Key=b"],
    ),
    ({"body": BODY.replace(b"<Id>17</Id>", b"")}, ["elements: expected List/Id=*, found nothing"]),
    ({"body": b"text"}, ["document: expected List, found the document is not well-formed"]),
)
def test_each_kind_of_difference_is_found(changed: dict[str, object], said: list[str]) -> None:
    found = differences(**changed)  # type: ignore[arg-type]
    assert len(found) == len(said)
    assert all(one.startswith(other) for one, other in zip(found, said, strict=True))


def test_order_of_elements_counts() -> None:
    found = differences(body=b"<List><Id>17</Id><Name>plain</Name><Key>a</Key></List>")
    assert found != []


def test_error_of_head_is_compared_as_a_document() -> None:
    recorded = RecordedAnswer(404, {}, ("Error", "Error/Code=NoSuchKey"))
    document = b64encode(b"<Error><Code>NoSuchKey</Code></Error>").decode()
    assert differences(404, {"x-oss-err": document}, b"", recorded) == []
    other = b64encode(b"<Error><Code>NoSuchBucket</Code></Error>").decode()
    assert differences(404, {"x-oss-err": other}, b"", recorded) != []


def test_content_of_an_object_is_not_compared() -> None:
    recorded = RecordedAnswer(200, XML, ("*",))
    headers = {"content-type": "application/xml"}
    assert differences(200, headers, b"\x00 no document", recorded) == []


# --- Lists of elements, and the documents that they describe

DOCUMENTS = {
    b"<Root/>": ("Root",),
    b"<Root><Leaf/></Root>": ("Root", "Root/Leaf="),
    b'<Root xmlns="x"><A>1 = 2</A><B><C> / </C></B><B/></Root>': (
        "Root",
        "Root/A=1 = 2",
        "Root/B",
        "Root/B/C= / ",
        "Root/B=",
    ),
}


@rows("document", *DOCUMENTS)
def test_elements_are_listed_in_order(document: bytes) -> None:
    assert list_elements(document) == DOCUMENTS[document]


NAMES = st.sampled_from(["A", "B", "Key"])
TEXTS = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x2FF, blacklist_characters="\x7f"))
TREES = st.recursive(TEXTS, lambda inner: st.lists(st.tuples(NAMES, inner), min_size=1, max_size=3))


def listed(path: str, tree: object) -> list[str]:
    if isinstance(tree, str):
        return [f"{path}={tree}"]
    assert isinstance(tree, list)
    return [path, *(line for name, inner in tree for line in listed(f"{path}/{name}", inner))]


@given(st.lists(st.tuples(NAMES, TREES), min_size=1, max_size=3))
def test_document_of_a_list_is_listed_as_before(tree: object) -> None:
    elements = tuple(listed("Root", tree))
    assert list_elements(build(elements)) == elements


@rows("elements", ("A/B=1",), ("A", "B"), ("A", "A/B/C=1"))
def test_list_without_a_tree_is_refused(elements: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="has no element around it"):
        build(elements)


@rows("document", b"", b"text", b"<A>", b"<A/><B/>")
def test_malformed_document_is_refused(document: bytes) -> None:
    with pytest.raises(ValueError, match="not well-formed"):
        list_elements(document)


# --- What is saved

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
SAVED_HEADERS = {
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
    text = json.dumps(saved(*(PlayedAnswer(403, SAVED_HEADERS, body) for body in bodies)))
    assert [name for name, value in PRIVATE.items() if value in text] == []


def test_code_and_sentence_are_kept() -> None:
    body = DENIAL.replace(
        "The user {name} may not do this in {bucket}: acs:ram::{owner}:{role}", "No."
    )
    (found,) = saved(PlayedAnswer(403, SAVED_HEADERS, body.format(**PRIVATE).encode()))["scenarios"]
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
    reply = PlayedAnswer(200, SAVED_HEADERS, LISTING.format(**PRIVATE).encode())
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
