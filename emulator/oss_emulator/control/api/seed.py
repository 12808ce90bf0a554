"""`/_emulator/seed` and `/_emulator/reset`: add contents, and restore the initial contents."""

from functools import partial

from oss_emulator.control import contents, seed
from oss_emulator.control.api.route import (
    PLAIN,
    ApiRequest,
    Content,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import TEXT, array, record
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
)
