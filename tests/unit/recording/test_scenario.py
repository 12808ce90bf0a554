"""The files of scenarios: what is read, what is refused, and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oss_emulator.recording import scenario
from oss_emulator.recording.scenario import BucketState, RecordedBody, ScenarioError

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


@pytest.mark.parametrize(
    ("document", "said"),
    [
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
    ],
)
def test_wrong_file_is_refused_with_its_place(document: Any, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.parse_recording(document)
    assert said in str(caught.value)


REQUEST = {"method": "PUT", "bucket": "b-1", "path": "/key"}


@pytest.mark.parametrize(
    "changed",
    [
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
    ],
)
def test_request_that_cannot_be_sent_is_refused(changed: dict[str, Any]) -> None:
    step = {"request": {**REQUEST, **changed}, "answer": {"status": 200}}
    with pytest.raises(ScenarioError):
        scenario.parse_recording([{"scenario": "s", "steps": [step]}])


@pytest.mark.parametrize(
    "changed",
    [{"endpoint": ""}, {"endpoint": "a\r\nb.com"}, {"endpoint": "[::"}, {"buckets": {"a/b": {}}}],
)
def test_name_that_no_host_can_have_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        scenario.parse_recording({"scenarios": [], **changed})


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[" * 100_000, b'{"a": ' * 100_000])
def test_file_that_is_not_json_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=r"recorded\.json, line 1, column "):
        scenario.read(path)
