"""`/_emulator/tests/SESSION`: which test sends the requests from now on."""

from oss_emulator.control.api.route import (
    JSON,
    ApiRequest,
    Content,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import TEXT, array, record
from oss_emulator.control.running_tests import LEASE
from oss_emulator.protocol.message import Response


def begin_test(asked: ApiRequest) -> Response:
    """Begin a test of a session, whose requests are those to its buckets."""
    sent = asked.json()
    test, buckets = sent.get("test"), sent.get("buckets")
    texts = [test, *buckets] if isinstance(buckets, list) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, 'Send {"test": "test_a.py::test_b", "buckets": ["examplebucket"]}.')
    if not asked.rest:
        raise Refusal(400, "Name the session: /_emulator/tests/SESSION.")
    tests = asked.controls.journal.tests
    tests.begin(asked.rest, texts[0], LEASE)
    for bucket in texts[1:]:
        tests.claim(asked.rest, bucket)
    return reply({"test": test})


def end_session(asked: ApiRequest) -> Response:
    """End a session; it need not exist."""
    asked.controls.journal.tests.end(asked.rest)
    return reply({"ended": asked.rest})


_SESSION = Parameter(
    "session", "path", {**TEXT, "minLength": 1}, "Any name of the process that runs the tests."
)

ROUTES = (
    Route(
        "PUT",
        "tests/{session}",
        begin_test,
        json_content(record(test=TEXT), "The test."),
        parameters=(_SESSION,),
        body=Content(
            {JSON: record(test=TEXT, buckets=array(TEXT))},
            "The test and, where several sessions run, the buckets that are only its own.",
        ),
        errors=(400,),
    ),
    Route(
        "DELETE",
        "tests/{session}",
        end_session,
        json_content(record(ended=TEXT), "The session."),
        parameters=(_SESSION,),
    ),
)
