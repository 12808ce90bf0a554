"""`/_emulator/snapshot` and `/_emulator/restore`: save the contents and restore them."""

from functools import partial

from oss_emulator.control.api.route import (
    ApiRequest,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import TEXT, array, record
from oss_emulator.protocol.message import Response


def list_snapshots(asked: ApiRequest) -> Response:
    """Return the names of the snapshots."""
    return reply({"snapshots": asked.controls.snapshots.names})


async def take_snapshot(asked: ApiRequest) -> Response:
    """Save the contents of all buckets under a name."""
    await asked.change(partial(asked.controls.snapshots.take, _name(asked)))
    return reply({"snapshot": asked.rest})


async def restore_snapshot(asked: ApiRequest) -> Response:
    """Restore the contents of a snapshot."""
    if not await asked.change(partial(asked.controls.snapshots.restore, _name(asked))):
        raise _missing(asked)
    return reply({"restored": asked.rest})


async def delete_snapshot(asked: ApiRequest) -> Response:
    """Delete a snapshot."""
    if not await asked.change(partial(asked.controls.snapshots.drop, _name(asked))):
        raise _missing(asked)
    return reply({"deleted": asked.rest})


def _name(asked: ApiRequest) -> str:
    if not asked.rest:
        raise Refusal(400, "Name the snapshot: /_emulator/snapshot/NAME.")
    return asked.rest


def _missing(asked: ApiRequest) -> Refusal:
    return Refusal(404, f"The snapshot {asked.rest!r} does not exist.")


_NAME = Parameter("name", "path", {**TEXT, "minLength": 1, "pattern": "^[A-Za-z0-9._-]+$"})

ROUTES = (
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
)
