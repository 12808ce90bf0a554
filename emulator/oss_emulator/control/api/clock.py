"""`/_emulator/clock`: the time of the server."""

from oss_emulator.control.api.route import ApiRequest, Refusal, Route, json_content, reply
from oss_emulator.control.api.schema import NUMBER, TEXT, Schema, one_of, record, reference
from oss_emulator.protocol import dates
from oss_emulator.protocol.message import Response

MAX_SHIFT = 2**32
"""The bound of a shift in seconds, in either direction."""


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
            raise Refusal(400, 'Send {"now": "2030-01-31T00:00:00.000Z"} or {"shift": seconds}.')
    return get_clock(asked)


_MOMENT: Schema = {
    **TEXT,
    "format": "date-time",
    "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$",
}
_SHIFT: Schema = {**NUMBER, "minimum": 1 - MAX_SHIFT, "maximum": MAX_SHIFT - 1}

SCHEMAS = {"Clock": record(now=TEXT, shift=NUMBER)}

ROUTES = (
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
