"""`/_emulator/snapshot` and `/_emulator/restore`: keep the contents, and bring them back."""

from oss_emulator.control.api.route import Asked, Parameter, Refusal, Route, json_content, reply
from oss_emulator.control.api.schema import TEXT, array, record
from oss_emulator.protocol.message import Response


def list_snapshots(asked: Asked) -> Response:
    """Answer the names of the snapshots."""
    return reply({"snapshots": asked.controls.snapshots.names})


def take_snapshot(asked: Asked) -> Response:
    """Keep the contents of all buckets under a name."""
    asked.controls.snapshots.take(_name(asked))
    return reply({"snapshot": asked.rest})


def restore_snapshot(asked: Asked) -> Response:
    """Make the contents what they were when the snapshot was taken."""
    if not asked.controls.snapshots.restore(_name(asked)):
        raise _missing(asked)
    return reply({"restored": asked.rest})


def delete_snapshot(asked: Asked) -> Response:
    """Drop a snapshot."""
    if not asked.controls.snapshots.drop(_name(asked)):
        raise _missing(asked)
    return reply({"deleted": asked.rest})


def _name(asked: Asked) -> str:
    if not asked.rest:
        raise Refusal(400, "Name the snapshot: /_emulator/snapshot/NAME.")
    return asked.rest


def _missing(asked: Asked) -> Refusal:
    return Refusal(404, f"There is no snapshot {asked.rest!r}.")


_NAME = Parameter("name", "path", {**TEXT, "minLength": 1, "pattern": "^[A-Za-z0-9._-]+$"})

ROUTES = (
    Route(
        "GET",
        "snapshot",
        "The names of the snapshots",
        list_snapshots,
        json_content(record(snapshots=array(TEXT)), "The names, sorted."),
        of_one_process=True,
    ),
    Route(
        "PUT",
        "snapshot/{name}",
        "Keep the contents of all buckets",
        take_snapshot,
        json_content(record(snapshot=TEXT), "The name of the snapshot."),
        parameters=(_NAME,),
        errors=(400,),
        of_one_process=True,
    ),
    Route(
        "DELETE",
        "snapshot/{name}",
        "Drop a snapshot",
        delete_snapshot,
        json_content(record(deleted=TEXT), "The name of the snapshot."),
        parameters=(_NAME,),
        errors=(400, 404),
        of_one_process=True,
    ),
    Route(
        "POST",
        "restore/{name}",
        "Bring back the contents of a snapshot",
        restore_snapshot,
        json_content(record(restored=TEXT), "The name of the snapshot."),
        parameters=(_NAME,),
        errors=(400, 404),
        of_one_process=True,
    ),
)
