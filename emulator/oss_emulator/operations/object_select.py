"""SelectObject and CreateSelectObjectMeta: SQL on CSV and JSON objects."""

from dataclasses import replace
from typing import Final

from oss_emulator.operations import permissions
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.objects import describe, reach, read_chunks
from oss_emulator.operations.operation import answers
from oss_emulator.operations.versions import find
from oss_emulator.operations.work import Pool, Work, Workplace
from oss_emulator.protocol import conditions, select
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response, Stream
from oss_emulator.protocol.parameters import PROCESS
from oss_emulator.protocol.select import CSVInput, SelectRequest
from oss_emulator.selecting import jobs
from oss_emulator.selecting.jobs import Window
from oss_emulator.storage.base import Object

_JSON: Final = ("json/select", "json/meta")


def _check_payer(call: Call) -> None:
    """Raise `AccessDenied` if the caller pays for the request (Q-04)."""
    if permissions.is_charged(call.bucket, call.caller):
        raise OSSError(ErrorCase.SELECT_REQUESTER_PAYS)


def _is_json(call: Call) -> bool:
    return call.request.query[PROCESS] in _JSON


def _describe(call: Call, item: Object) -> dict[str, str]:
    """Return the headers of an answer: those of the object, except for its encoding."""
    found = dict(describe(call, item))
    found.pop("Content-Encoding", None)
    return found


def _gather_rows(call: Call) -> Work:
    """Check the request and return the work that starts to read the object."""
    _check_payer(call)
    asked = select.parse_select(call.body.read(), json=_is_json(call))
    item = reach(call, find(call))
    window = _window(call, item, asked)
    # This opens the files, so that the object can be replaced while it is read.
    head = read_chunks(item, 0, item.size)
    body = read_chunks(item, window.offset, item.size - window.offset)
    headers = {
        **_describe(call, item),
        "x-oss-select-output-raw": "true" if asked.output.raw else "false",
    }

    def select_rows(place: Workplace) -> Body:
        pieces = place.make(jobs.select, (head, body), asked, window)
        next(pieces)  # raises the errors that precede any row
        return NO_BODY._replace(stream=Stream(pieces, place.close), origin=headers)

    return Work(Pool.SELECTS, select_rows)


def _window(call: Call, item: Object, asked: SelectRequest) -> Window:
    """Return the rows that the header Range or the element Range selects.

    Raises `InvalidRange` and `SelectCsvMetaUnavailable`.
    """
    part = asked.source.part
    header = call.request.headers.get("range")
    if header is None:
        if part is None:
            return Window()
        stored = jobs.find(item.documents.get(jobs.NAME), item.etag, asked.source)
        return stored.window(part)
    if part is not None:
        raise OSSError(ErrorCase.SELECT_RANGE_TWICE)
    if not isinstance(asked.source, CSVInput) or asked.source.quoted_records or asked.gzip:
        raise OSSError(ErrorCase.SELECT_RANGE_HEADER)
    found = conditions.parse_range(header, item.size)
    if found is None:
        return Window()
    # A row belongs to the range in which it begins: right after a delimiter.
    before = min(found.offset, len(asked.source.record))
    last = found.offset + found.length - 1
    return Window(found.offset - before, within=(found.offset, last))


@answers(
    f"POST /bucket/key?{PROCESS}=csv/select",
    "SelectObject",
    action="oss:GetObject",
    gather=_gather_rows,
)
def select_csv(call: Call) -> Response:
    """Run a SQL statement on an object and send the rows as they are found.

    The caller needs `oss:GetObject`. Raises `MalformedXML`, `NoSuchKey`, `InvalidObjectState`, and
    what the service documents for the statement and the data.
    """
    body = call.body
    return Response(206, body.origin, () if body.stream is None else (body.stream,))


select_json = replace(select_csv, subresource=f"{PROCESS}=json/select")


def _gather_meta(call: Call) -> Work:
    _check_payer(call)
    asked = select.parse_meta(call.body.read(), json=_is_json(call))
    item = reach(call, find(call))
    stored = item.documents.get(jobs.NAME)
    if (
        stored is not None
        and not asked.overwrite
        and jobs.SelectMeta.parse(stored).etag == item.etag
    ):
        return Work(Pool.COPIES, lambda _: Body.of(stored))
    chunks = read_chunks(item, 0, item.size)

    def count(place: Workplace) -> Body:
        (text,) = place.make(jobs.scan_job, (chunks,), asked.source, item.etag)
        return Body.of(text)._replace(origin={_SCANNED: str(item.size)})

    return Work(Pool.SELECTS, count)


_SCANNED: Final = "scanned"
"""Key of the number of bytes read in `Body.origin`; missing if the stored counts are used."""


@answers(
    f"POST /bucket/key?{PROCESS}=csv/meta",
    "CreateSelectObjectMeta",
    action="oss:PutObject",
    gather=_gather_meta,
)
def create_meta_of_csv(call: Call) -> Response:
    """Count the rows, columns and splits of an object and store the counts with it.

    The caller needs `oss:PutObject`. Raises `MalformedXML`, `NoSuchKey`, `InvalidObjectState`,
    `InvalidCsvLine` and `InvalidJsonData`.
    """
    text = call.body.read()
    found, stored = jobs.SelectMeta.parse(text), find(call)
    item = reach(call, stored)
    scanned = call.body.origin.get(_SCANNED)
    if scanned is not None and item.etag == found.etag and stored.kind != "Symlink":
        documents = {**stored.documents, jobs.NAME: text}
        call.storage.replace_object(call.bucket.name, stored._replace(documents=documents))
    frame = select.meta_end(int(scanned or 0), len(found.splits), found.rows, found.columns)
    return Response(200, _describe(call, item), frame)


create_meta_of_json = replace(create_meta_of_csv, subresource=f"{PROCESS}=json/meta")
