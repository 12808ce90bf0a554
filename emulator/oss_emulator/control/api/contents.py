"""The contents of the server: seed and reset, snapshot and restore."""

from functools import partial

from oss_emulator.control import contents, seed
from oss_emulator.control.api.route import (
    PLAIN,
    TEXT,
    ApiRequest,
    Content,
    Parameter,
    Refusal,
    Route,
    array,
    json_content,
    record,
    reply,
)
from oss_emulator.protocol.message import Response


async def reset(asked: ApiRequest) -> Response:
    """Restore the initial state of the server, or empty one bucket."""
    bucket = asked.query.get("bucket")
    if bucket:
        if asked.controls.service.storage.bucket(bucket) is None:
            raise Refusal(404, f"The bucket {bucket} does not exist.")
        await asked.change(partial(asked.controls.snapshots.reset_bucket, bucket))
        return reply({"reset": bucket})
    try:
        await contents.reset(asked.controls, asked.change)
    except seed.SeedError as error:
        raise Refusal(409, str(error)) from None
    return reply({"reset": "everything"})


async def apply_seed(asked: ApiRequest) -> Response:
    """Create the contents that a seed in the body describes."""
    service = asked.controls.service
    try:
        await asked.change(partial(seed.apply, "The seed", asked.data, service))
    except seed.SeedError as error:
        raise Refusal(400, str(error)) from None
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
        "POST",
        "reset",
        reset,
        json_content(record(reset=TEXT), "The bucket that was reset, or everything."),
        parameters=(
            Parameter(
                "bucket",
                "query",
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
)
