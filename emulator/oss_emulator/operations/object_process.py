"""Image processing: GetObject with `x-oss-process`, and ProcessObject, which saves the result."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib.util import find_spec
from typing import Any, Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.access.authorize import Permission
from oss_emulator.imaging import job
from oss_emulator.operations import objects, permissions, style, versions
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import answers
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.operations.writing import draft, store
from oss_emulator.protocol import checksums, conditions, process
from oss_emulator.protocol.address import Target, check_key
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import ASYNC_PROCESS, PROCESS
from oss_emulator.protocol.process import ImageAction, Process, SaveAs
from oss_emulator.storage.base import Bucket, Object

_MISSING_EXTRA: Final = (
    "Image processing needs the extra image; "
    "install it with pip install 'oss-emulator[image]' and start the emulator again."
)

_NOT_OF_A_RESULT: Final = ("x-oss-hash-crc64ecma", "Content-Encoding", "x-oss-next-append-position")
"""Headers about the source's bytes; oss2 would compare the first header with the result."""


def _gather(call: Call) -> Work:
    style = call.admission.style
    text = f"style/{style}" if style else call.request.query[PROCESS]
    asked = process.parse_process(text)
    if asked.save_as is not None:
        message = "sys/saveas is for POST only; a GET returns the result and cannot save it."
        raise OSSError(ErrorCase.IMAGE_REQUEST, message)
    actions = _actions(call, asked)
    item = _find_image(call)
    conditions.check(call.request.headers, item.etag, item.modified)
    headers = dict(objects.describe(call, item))
    for name in _NOT_OF_A_RESULT:
        headers.pop(name, None)
    headers |= objects.overrides(call)
    return _work(call, item, actions, headers)


def _work(
    call: Call, item: Object, actions: Sequence[ImageAction], headers: Mapping[str, str]
) -> Work:
    marks = dict(_find_marks(call, actions))
    sources = [objects.read_chunks(each, 0, each.size) for each in (item, *marks.values())]
    overridden = "response-content-type" in call.request.query

    def process_image(place: Workplace) -> Body:
        made = place.make(job.process, sources, actions, tuple(marks))
        data, content_type = _result(made, place)
        kind = {} if overridden else {"Content-Type": content_type}
        return Body.of(data)._replace(origin={**headers, **kind})

    return Work(Pool.IMAGES, process_image)


def _result(made: Iterator[Any], place: Workplace) -> tuple[bytes, str]:
    """Return the bytes and their content type; process a large image alone."""
    while isinstance(found := next(made), int):
        place.be_alone()
    for _ in made:  # read to the end, to free the process
        pass
    data, content_type = found
    return data, content_type


@answers(f"GET /bucket/key?{PROCESS}", "GetObject", gather=_gather)
def get_processed(call: Call) -> Response:
    """Return an image processed according to `x-oss-process`.

    The ETag is that of the source (FAQ of Image Processing). Raises `NoSuchKey`, `NoSuchStyle` and
    what `process.parse_process` and the processing raise.
    """
    data, answer = call.body.read(), dict(call.body.origin)
    part = conditions.parse_range(
        call.request.headers.get("range"),
        len(data),
        standard=call.request.headers.get("x-oss-range-behavior") == "standard",
    )
    if part is None:
        return Response(200, {**answer, "Content-Length": str(len(data))}, data)
    offset, length = part
    answer["Content-Range"] = part.within(len(data))
    return Response(206, answer, data[offset : offset + length])


# Earlier versions of an object cannot be processed, so `versionId` has no effect (FAQ of Image
# Processing).
get_processed = replace(get_processed, on_version=False)
head_processed = replace(get_processed, name="HeadObject", method="HEAD")


def _gather_saved(call: Call) -> Work:
    asked = process.parse_process(process.parse_body(call.body.read()))
    if asked.save_as is None:
        message = "The request needs sys/saveas, which says where to save the result."
        raise OSSError(ErrorCase.IMAGE_ARGUMENT_MISSING, message)
    actions = _actions(call, asked)
    if actions[0].name in process.ALONE:
        message = f"The result of {actions[0].name} is not an image and cannot be saved."
        raise OSSError(ErrorCase.IMAGE_REQUEST, message)
    _find_place(call, asked.save_as)
    place = {_BUCKET: asked.save_as.bucket, _KEY: asked.save_as.key}
    return _work(call, _find_image(call), actions, place)


_BUCKET: Final = "bucket"
_KEY: Final = "object"


@answers(
    f"POST /bucket/key?{PROCESS}",
    "ProcessObject",
    action="oss:PostProcessTask",
    gather=_gather_saved,
)
def process_object(call: Call) -> Response:
    """Process an image and save the result as an object.

    The caller needs `oss:PostProcessTask` on the source and `oss:PutObject` on the result
    (sys/saveas). Raises what GetObject raises, `NoSuchBucket`, and `AccessDenied`.
    """
    origin, body = call.body.origin, call.body
    named = SaveAs(origin[_BUCKET], origin[_KEY])
    bucket = _find_place(call, named)
    # The request's headers do not describe the result; its ACL is that of the bucket.
    described = replace(
        call.admission,
        request=call.request._replace(headers={}),
        target=Target(bucket.name, named.key),
        record=bucket,
    )
    there = call._replace(admission=described)
    item = draft(there, body=body, etag=checksums.format_etag(body.md5))
    headers = {**item.headers, "Content-Type": origin["Content-Type"]}
    added = store(there, item._replace(headers=headers))
    answer = {"bucket": named.bucket, "fileSize": body.size, "object": named.key, "status": "OK"}
    text = json.dumps(answer, indent=4, ensure_ascii=False)  # as the Java SDK's suite expects
    return Response(200, {**added, "Content-Type": "application/json"}, text.encode())


@answers(f"POST /bucket/key?{ASYNC_PROCESS}", "AsyncProcessObject", action="oss:PostProcessTask")
def async_process_object(call: Call) -> Response:
    """Raise the service's error for a bucket without an IMM project (P-82).

    The emulator cannot attach a project. Raises `NoSuchKey` and `MissingArgument` first.
    """
    process.parse_body(call.body.read(), ASYNC_PROCESS)
    objects.follow(call, call.bucket, versions.find(call))
    raise OSSError(ErrorCase.NO_PROJECT)


def _actions(call: Call, asked: Process) -> tuple[ImageAction, ...]:
    """Return the actions of a request or of the style that it names.

    Raises `NotImplemented` without the extra, `NoSuchStyle`, and `BadRequest` for a style that
    names a style.
    """
    if find_spec("PIL") is None:
        raise OSSError(ErrorCase.NOT_IMPLEMENTED, _MISSING_EXTRA)
    if not asked.style:
        return asked.actions
    text = style.instructions(call.bucket.documents, asked.style)
    actions = process.parse_process(text).actions
    if not actions:
        message = f"The style {asked.style} does not name actions on an image."
        raise OSSError(ErrorCase.IMAGE_REQUEST, message)
    return actions


def _find_image(call: Call) -> Object:
    try:
        found = versions.find(call)
    except OSSError as error:
        if error.code != "NoSuchKey":
            raise
        raise OSSError(ErrorCase.IMAGE_MISSING, headers=error.headers, Key=call.key) from None
    return _bounded(objects.reach(call, found))


def _find_marks(call: Call, actions: Sequence[ImageAction]) -> list[tuple[str, Object]]:
    """Find the images of watermarks in the bucket of the source (Add watermarks).

    The caller must be allowed to read them. Raises `AccessDenied` and `NoSuchKey`.
    """
    names = [action.words["image"] for action in actions if "image" in action.words]
    found = []
    for key in {process.parse_watermark(name)[0] for name in names}:
        item = call.storage.object(call.bucket.name, key)
        permissions.check(call, call.bucket, key, Permission.READ, item, actions=("oss:GetObject",))
        if item is None or item.delete_marker:
            raise OSSError(ErrorCase.IMAGE_MISSING, ec="0040-00000025", Key=key)
        found.append((key, _bounded(objects.reach(call, item))))
    return found


def _bounded(item: Object) -> Object:
    if item.size > process.MAX_BYTES:
        raise OSSError(ErrorCase.IMAGE_FILE_TOO_LARGE)
    return item


def _find_place(call: Call, named: SaveAs) -> Bucket:
    """Find the bucket of a result; the caller must be allowed to put the object there.

    Raises `InvalidBucketName`, `NoSuchBucket`, `InvalidObjectName`, `BadRequest` for a bucket of
    another region, `AccessDenied`.
    """
    if named.bucket and not is_bucket_name(named.bucket):
        raise OSSError(ErrorCase.INVALID_BUCKET_NAME, BucketName=named.bucket)
    check_key(named.key)
    bucket = call.storage.bucket(named.bucket) if named.bucket else call.bucket
    if bucket is None:
        raise OSSError(ErrorCase.NO_SUCH_BUCKET, BucketName=named.bucket)
    if bucket.owner != call.bucket.owner:
        raise OSSError(ErrorCase.FOREIGN_BUCKET, BucketName=bucket.name)
    if bucket.region != call.bucket.region:
        message = f"The bucket {bucket.name} is in another region than the source."
        raise OSSError(ErrorCase.IMAGE_REQUEST, message)
    present = call.storage.object(bucket.name, named.key)
    permissions.check(
        call, bucket, named.key, Permission.WRITE, present, actions=("oss:PutObject",)
    )
    return bucket
