"""Routes for tests: contents, snapshots, the clock, faults, and the test that sends requests."""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import partial
from typing import Any, Final

from oss_emulator.control import contents, faults, seed
from oss_emulator.control.api import route
from oss_emulator.control.api.route import (
    INTEGER,
    JSON,
    NUMBER,
    PLAIN,
    TEXT,
    ApiError,
    ApiRequest,
    Content,
    Parameter,
    Route,
    Schema,
    array,
    json_content,
    one_of,
    record,
    reference,
    reply,
)
from oss_emulator.control.faults import Fault
from oss_emulator.control.journal import LEASE
from oss_emulator.protocol import dates
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.message import Response


async def reset(asked: ApiRequest) -> Response:
    """Restore the initial state of the server, or empty one bucket."""
    bucket = asked.query.get("bucket")
    if bucket:
        if asked.controls.service.storage.bucket(bucket) is None:
            raise ApiError(404, f"The bucket {bucket} does not exist.")
        await asked.change(partial(asked.controls.snapshots.reset_bucket, bucket))
        return reply({"reset": bucket})
    try:
        await contents.reset(asked.controls, asked.change)
    except seed.SeedError as error:
        raise ApiError(409, str(error)) from None
    return reply({"reset": "everything"})


async def apply_seed(asked: ApiRequest) -> Response:
    """Create the contents that a seed in the body describes."""
    service = asked.controls.service
    try:
        await asked.change(partial(seed.apply, "The seed", asked.data, service))
    except seed.SeedError as error:
        raise ApiError(400, str(error)) from None
    return reply({"buckets": [bucket.name for bucket in service.storage.buckets()]})


def list_snapshots(asked: ApiRequest) -> Response:
    """Return the names of the snapshots."""
    return reply({"snapshots": asked.controls.snapshots.names})


async def take_snapshot(asked: ApiRequest) -> Response:
    """Save the contents of all buckets under a name."""
    await asked.change(partial(asked.controls.snapshots.take, _name(asked)))
    return reply({"snapshot": asked.rest})


async def restore_snapshot(asked: ApiRequest) -> Response:
    """Restore the contents of a snapshot."""
    if not await asked.change(partial(asked.controls.restore, _name(asked))):
        raise _missing(asked)
    return reply({"restored": asked.rest})


async def delete_snapshot(asked: ApiRequest) -> Response:
    """Delete a snapshot."""
    if not await asked.change(partial(asked.controls.snapshots.drop, _name(asked))):
        raise _missing(asked)
    return reply({"deleted": asked.rest})


def _name(asked: ApiRequest) -> str:
    if not asked.rest:
        raise ApiError(400, "Name the snapshot: /_emulator/snapshot/NAME.")
    return asked.rest


def _missing(asked: ApiRequest) -> ApiError:
    return ApiError(404, f"The snapshot {asked.rest!r} does not exist.")


_NAME = Parameter("name", {**TEXT, "minLength": 1, "pattern": "^[A-Za-z0-9._-]+$"}, place="path")


MAX_SHIFT = 2**32
"""Limit of a shift in seconds, in both directions."""


def get_clock(asked: ApiRequest) -> Response:
    """Return the server's time and its difference from the machine's."""
    clock = asked.controls.clock
    return reply({"now": dates.format_iso(clock.now()), "shift": clock.shift})


def set_clock(asked: ApiRequest) -> Response:
    """Set the server's time, or shift it by seconds."""
    body = asked.json()
    clock = asked.controls.clock
    match body:
        case {"shift": int() | float() as shift} if abs(shift) < MAX_SHIFT:
            clock.shift = float(shift)
        case {"now": str() as text} if (now := dates.parse_iso(text)) is not None:
            clock.set(now)
        case _:
            raise ApiError(400, 'Send {"now": "2030-01-31T00:00:00.000Z"} or {"shift": seconds}.')
    return get_clock(asked)


_MOMENT: Schema = {
    **TEXT,
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$",
}
_SHIFT: Schema = {**NUMBER, "minimum": 1 - MAX_SHIFT, "maximum": MAX_SHIFT - 1}


_NUMBER: Final = re.compile("[0-9]{1,9}")
"""The number of a fault in a path."""


def list_faults(asked: ApiRequest) -> Response:
    """Return the planned faults."""
    return reply({"faults": [asdict(planned) for planned in asked.controls.faults.planned]})


def add_fault(asked: ApiRequest) -> Response:
    """Plan the fault in the body."""
    try:
        fault = faults.read(asked.json())
    except faults.FaultError as error:
        raise ApiError(400, f"The fault cannot be read: {error}.") from None
    return reply(asdict(asked.controls.faults.add(fault)), 201)


def remove_fault(asked: ApiRequest) -> Response:
    """Remove one planned fault."""
    if not _NUMBER.fullmatch(asked.rest) or not asked.controls.faults.remove(int(asked.rest)):
        raise ApiError(404, f"The fault {asked.rest!r} does not exist.")
    return list_faults(asked)


def clear_faults(asked: ApiRequest) -> Response:
    """Remove all planned faults."""
    asked.controls.faults.clear()
    return list_faults(asked)


_TYPES: Mapping[type, Schema] = {
    str: route.TEXT,
    int: INTEGER,
    float: route.NUMBER,
    bool: route.FLAG,
}
_DETAILS: Mapping[str, Schema] = {
    "operation": {"description": "A glob of operation names; it must match one of them."},
    "bucket": {"description": "A glob of bucket names."},
    "key": {"description": "A glob of keys."},
    "times": {"description": "Remove the fault after it struck this many times; 0 means never."},
    "throttle": {"description": "Milliseconds."},
    "latency": {"description": "Seconds."},
    "status": {"description": "0 performs the operation."},
    "case": {
        "enum": ["", *ErrorCase.__members__],
        "description": "An error of the service by its name, instead of status, code and message.",
    },
}


def _schema_of(name: str, default: Any) -> Schema:
    bounds: Schema = {}
    if name in faults.BOUNDS:
        low, high = faults.BOUNDS[name]
        bounds = {"minimum": low, "maximum": high}
        if not low <= default <= high:
            bounds = {"anyOf": [{"const": default}, bounds]}
    return {**_TYPES[type(default)], "default": default, **bounds, **_DETAILS.get(name, {})}


def _planned(description: str) -> Content:
    return json_content(record(faults=route.array(reference("Planned"))), description)


SCHEMAS = {
    "Clock": record(now=TEXT, shift=NUMBER),
    "Fault": {
        "type": "object",
        "additionalProperties": False,
        "description": f"It needs one of {', '.join(faults.EFFECTS)}.",
        "properties": {item.name: _schema_of(item.name, item.default) for item in fields(Fault)},
    },
    "Planned": record(id=INTEGER, fault=reference("Fault"), fitted=INTEGER, met=INTEGER),
}


def begin_test(asked: ApiRequest) -> Response:
    """Begin a test of a session; requests to the session's buckets belong to it."""
    sent = asked.json()
    test, buckets = sent.get("test"), sent.get("buckets")
    texts = [test, *buckets] if isinstance(buckets, list) else []
    if not texts or not all(isinstance(text, str) for text in texts):
        raise ApiError(400, 'Send {"test": "test_a.py::test_b", "buckets": ["examplebucket"]}.')
    if not asked.rest:
        raise ApiError(400, "Name the session: /_emulator/tests/SESSION.")
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
    "session", {**TEXT, "minLength": 1}, "Any name of the process that runs the tests.", "path"
)


ROUTES = (
    Route(
        "POST",
        "reset",
        reset,
        json_content(record(reset=TEXT), "The bucket that was reset, or everything."),
        parameters=(
            Parameter(
                "bucket",
                TEXT,
                "The bucket to empty; without it, everything is restored to the start.",
            ),
        ),
        errors=(404, 409),
    ),
    Route(
        "POST",
        "seed",
        apply_seed,
        json_content(record(buckets=array(TEXT)), "The names of all buckets."),
        body=Content({PLAIN: TEXT}, "A seed; its objects must have a text, not a file."),
        errors=(400,),
    ),
    Route(
        "GET",
        "snapshot",
        list_snapshots,
        json_content(record(snapshots=array(TEXT)), "The names, sorted."),
    ),
    *(
        Route(
            method,
            path,
            handler,
            json_content(record(**{member: TEXT}), "The name of the snapshot."),
            parameters=(_NAME,),
            errors=errors,
        )
        for method, path, handler, member, errors in (
            ("PUT", "snapshot/{name}", take_snapshot, "snapshot", (400,)),
            ("DELETE", "snapshot/{name}", delete_snapshot, "deleted", (400, 404)),
            ("POST", "restore/{name}", restore_snapshot, "restored", (400, 404)),
        )
    ),
    Route(
        "PUT",
        "tests/{session}",
        begin_test,
        json_content(record(test=TEXT), "The test."),
        parameters=(_SESSION,),
        body=Content(
            {JSON: record(test=TEXT, buckets=array(TEXT))},
            "The test and, if several sessions run, the buckets that only this session uses.",
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
    Route("GET", "faults", list_faults, _planned("The faults in the order they were added.")),
    Route(
        "POST",
        "faults",
        add_fault,
        json_content(reference("Planned"), "The planned fault, with its id."),
        status=201,
        body=json_content(reference("Fault")),
        errors=(400,),
    ),
    Route("DELETE", "faults", clear_faults, _planned("An empty list.")),
    Route(
        "DELETE",
        "faults/{id}",
        remove_fault,
        _planned("The remaining faults."),
        parameters=(Parameter("id", route.COUNT, place="path"),),
        errors=(404,),
    ),
    Route(
        "GET",
        "clock",
        get_clock,
        json_content(reference("Clock"), "The server's time, and its shift in seconds."),
    ),
    Route(
        "PUT",
        "clock",
        set_clock,
        json_content(reference("Clock"), "The new time, from which the clock continues."),
        body=json_content(one_of(record(now=_MOMENT), record(shift=_SHIFT))),
        errors=(400,),
    ),
)
