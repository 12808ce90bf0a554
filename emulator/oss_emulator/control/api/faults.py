"""`/_emulator/faults`: the planned faults."""

import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, Final

from oss_emulator.control import faults
from oss_emulator.control.api import schema
from oss_emulator.control.api.route import (
    ApiRequest,
    Content,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import INTEGER, Schema, record, reference
from oss_emulator.control.faults import Fault
from oss_emulator.protocol.errors import ErrorCase
from oss_emulator.protocol.message import Response

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
        raise Refusal(400, f"The fault cannot be read: {error}.") from None
    return reply(asdict(asked.controls.faults.add(fault)), 201)


def remove_fault(asked: ApiRequest) -> Response:
    """Remove one planned fault."""
    if not _NUMBER.fullmatch(asked.rest) or not asked.controls.faults.remove(int(asked.rest)):
        raise Refusal(404, f"The fault {asked.rest!r} does not exist.")
    return list_faults(asked)


def clear_faults(asked: ApiRequest) -> Response:
    """Remove all planned faults."""
    asked.controls.faults.clear()
    return list_faults(asked)


_TYPES: Mapping[type, Schema] = {
    str: schema.TEXT,
    int: INTEGER,
    float: schema.NUMBER,
    bool: schema.FLAG,
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
    return json_content(record(faults=schema.array(reference("Planned"))), description)


SCHEMAS = {
    "Fault": {
        "type": "object",
        "additionalProperties": False,
        "description": f"It needs one of {', '.join(faults.EFFECTS)}.",
        "properties": {item.name: _schema_of(item.name, item.default) for item in fields(Fault)},
    },
    "Planned": record(id=INTEGER, fault=reference("Fault"), fitted=INTEGER, met=INTEGER),
}

ROUTES = (
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
        parameters=(Parameter("id", "path", schema.COUNT),),
        errors=(404,),
    ),
)
