"""`/_emulator/seed` and `/_emulator/reset`: fill the server, and start over."""

from oss_emulator.control import seed
from oss_emulator.control.api.route import (
    PLAIN,
    Asked,
    Content,
    Parameter,
    Refusal,
    Route,
    json_content,
    reply,
)
from oss_emulator.control.api.schema import TEXT, array, record
from oss_emulator.protocol.message import Response


def reset(asked: Asked) -> Response:
    """Restore the state that the server began with, or empty one bucket."""
    bucket = asked.query.get("bucket")
    if bucket:
        if asked.controls.service.storage.bucket(bucket) is None:
            raise Refusal(404, f"There is no bucket {bucket}.")
        asked.controls.snapshots.reset_bucket(bucket)
        return reply({"reset": bucket})
    try:
        seed.reset(asked.controls)
    except seed.SeedError as error:
        raise Refusal(409, str(error)) from None
    return reply({"reset": "everything"})


def apply_seed(asked: Asked) -> Response:
    """Create what a seed in the body describes."""
    try:
        seed.apply("The seed", asked.data, asked.controls.service)
    except seed.SeedError as error:
        raise Refusal(400, str(error)) from None
    return reply({"buckets": [bucket.name for bucket in asked.controls.service.storage.buckets()]})


ROUTES = (
    Route(
        "POST",
        "reset",
        "Restore the first state, or empty one bucket",
        reset,
        json_content(record(reset=TEXT), "What was reset: a bucket or everything."),
        parameters=(
            Parameter(
                "bucket",
                "query",
                TEXT,
                "The bucket to empty; without it everything becomes what it was at the start.",
            ),
        ),
        errors=(404, 409),
    ),
    Route(
        "POST",
        "seed",
        "Create buckets, rules and objects",
        apply_seed,
        json_content(record(buckets=array(TEXT)), "The names of all buckets."),
        body=Content({PLAIN: TEXT}, "A seed file; its objects give text, not files."),
        errors=(400,),
    ),
)
