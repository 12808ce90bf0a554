"""The service: runs the steps of a request, first those that need no body, then the others."""

from dataclasses import replace
from functools import cached_property
from random import getrandbits
from typing import Any

from oss_emulator.access.identity import ANONYMOUS, Identity
from oss_emulator.operations.admission import Admission, Refused, refuse
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.operation import Takes
from oss_emulator.operations.work import HERE, Work
from oss_emulator.pipeline import addressing, steps
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.pipeline.shortcuts import Shortcuts
from oss_emulator.protocol import checksums, errors
from oss_emulator.protocol.address import is_mainland
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form, FormReader
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.xml import DocumentError


def new_request_id(received: float) -> str:
    """Make a request id: 24 upper-case hex digits, of which the first eight are the time (P-30)."""
    return f"{int(received) << 64 | getrandbits(64):024X}"


class Service(Deployment):
    """OSS without a socket: a request and a body in, a response out."""

    @cached_property
    def shortcuts(self) -> Shortcuts:
        """The caches for repeated requests."""
        return Shortcuts(self)

    def region_of(self, bucket: str) -> str:
        """Return the region of a bucket; that of the server if the bucket is missing."""
        record = self.storage.bucket(bucket)
        return self.settings.region if record is None else record.region

    def handle(
        self, request: Request, body: bytes | Body = b"", *, caller: Identity | None = None
    ) -> Response:
        """Answer a request whose body is in memory; a given `caller` may do everything.

        A `Body` is the content itself; `bytes` are as sent, perhaps a form or framed by S3.
        """
        result = self.admit(request, caller)
        if isinstance(result, Admission) and isinstance(body, bytes):
            result, body = self._read(result, body)
        if isinstance(result, Refused):
            return self.render(result)
        assert isinstance(body, Body)  # noqa: S101 - an admitted one was read
        try:
            if result.operation.gather is not None:
                work = self.gather(result, body)
                body = body if work is None else work.make(HERE)
            return self.execute(result, body)
        except OSSError as error:
            return self.render(refuse(result, error))

    def admit(self, request: Request, caller: Identity | None = None) -> Admission | Refused:
        """Run the steps of a request that do not need its body.

        The first step that fails refuses the request; the order is the service's (P-18, R-05). For
        a given `caller` only the address is checked, and the dated changes of the service are
        ignored. A form continues in `admit_form` once its fields have arrived.
        """
        request_id, trusted = new_request_id(request.received), caller is not None
        admission = Admission(request, request_id, caller or ANONYMOUS, trusted)
        try:
            if not self.shortcuts.find(admission):
                for find in steps.FIND:
                    find(admission, self)
            for check in self.shortcuts.choose(admission).checks:
                check(admission, self)
        except OSSError as error:
            strict = self.settings.strict_addressing
            asked, target = admission.request, admission.target
            return refuse(admission, addressing.explain(error, asked, target, strict=strict))
        return admission

    def admit_form(self, admitted: Admission, form: Form) -> Admission | Refused:
        """Run the steps that wait for the fields of a form: key, signature and permission.

        Its file is read afterwards. A signature in the header or the URL is ignored (PostObject).
        """
        admission = replace(admitted)
        try:
            steps.take_fields(form, admission)
            for check in self.shortcuts.choose(admission).checks:
                check(admission, self)
        except OSSError as error:
            return refuse(admission, error)
        return admission

    def gather(self, admission: Admission, body: Body) -> Work | None:
        """Check the body of a request, and return the work of making the body for `execute`.

        None leaves the body as it is. Only for operations with `gather`. Raises `OSSError`.
        """
        operation = admission.operation
        assert operation.gather is not None  # noqa: S101 - only such operations gather
        if operation.takes is not Takes.NOTHING:
            checksums.check_md5(admission.request.headers.get("content-md5"), body.md5)
        try:
            work: Work | None = operation.gather(Call(admission, self.environment, body))
        except DocumentError as error:
            raise _malformed(error) from None
        return work

    def execute(self, admission: Admission, body: Body = NO_BODY) -> Response:
        """Run `PERFORM` and `COMPLETE` for an admitted request and its body; raises `OSSError`."""
        needed = self.shortcuts.choose(admission)
        result: Any = body
        try:
            for step in needed.performs:
                result = step(result, admission, self)
        except DocumentError as error:
            raise _malformed(error) from None
        response: Response = result
        for complete in needed.completes:
            response = complete(response, admission, self, failed=False)
        return response

    def render(self, refused: Refused) -> Response:
        """Make the answer to a refused request."""
        admission, error = refused
        request, target = admission.request, admission.target
        region = addressing.region_of(target, admission.record, self.settings.region)
        response = errors.render(
            error, request.method, admission.request_id, request.host, mainland=is_mainland(region)
        )
        for complete in self.shortcuts.choose(admission).completes:
            response = complete(response, admission, self, failed=True)
        return response

    def _read(self, admission: Admission, data: bytes) -> tuple[Admission | Refused, Body]:
        """Return the content of a body in memory; a form is admitted by its fields."""
        headers = admission.request.headers
        try:
            if admission.operation.takes is not Takes.FORM:
                return admission, Body.of(_unwrap(admission, data))
            reader = FormReader(headers.get("content-type", ""))
            content = reader.feed(data)
            form = reader.finish()
            checksums.check_md5(headers.get("content-md5"), checksums.md5(data))
        except OSSError as error:
            return refuse(admission, error), NO_BODY
        return self.admit_form(admission, form), Body.of(content)


def _malformed(error: DocumentError) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_XML, ec=error.ec, ErrorDetail=str(error))


def _unwrap(admission: Admission, data: bytes) -> bytes:
    """Return the content of a body in memory, which S3 may have framed; raises `OSSError`."""
    if admission.payload is None:
        return data
    reader = admission.payload.reader()
    content = reader.feed(data)
    reader.finish()
    return content
