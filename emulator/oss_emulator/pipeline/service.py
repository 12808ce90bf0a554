"""The service: admits a request, then performs it."""

import time
from collections.abc import Callable
from random import getrandbits

from oss_emulator.access import ANONYMOUS, Identity, Permission
from oss_emulator.documents.access_point import find_alias
from oss_emulator.documents.cname import bucket_of
from oss_emulator.operations import OPERATIONS, permissions
from oss_emulator.operations import website as pages
from oss_emulator.operations.call import NO_BODY, Body, Call
from oss_emulator.operations.operation import Operation, Takes
from oss_emulator.pipeline import (
    addressing,
    authentication,
    browser,
    images,
    referer,
    s3,
    website,
)
from oss_emulator.pipeline.admission import Admitted, Refused
from oss_emulator.pipeline.authentication import UNSIGNED, open_accounts, open_token_key
from oss_emulator.pipeline.bucket import add_bucket_headers, find_bucket
from oss_emulator.pipeline.referer import HotlinkProtection
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol import checksums, errors
from oss_emulator.protocol.address import SERVICE, Addresses, Target, check_key
from oss_emulator.protocol.changes import BY_DEFAULT, Changes
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.form import Form, FormReader
from oss_emulator.protocol.form_policy import ANY_SIZE, Sizes
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.regions import is_mainland
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.referer import Decision
from oss_emulator.referer.assumptions import ProcessingOrder
from oss_emulator.settings import Settings
from oss_emulator.storage import MemoryStorage, Storage

READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""


def new_request_id(received: float) -> str:
    """Make a request id: 24 upper-case hex digits, the first eight of them the time (P-30)."""
    return f"{int(received):08X}{getrandbits(64):016X}"


class Service:
    """OSS without a socket: a request and a body in, a response out."""

    def __init__(
        self,
        settings: Settings | None = None,
        storage: Storage | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` returns the current time in seconds since the epoch.

        Raises `AccountsError` for accounts that cannot be used.
        """
        self.settings = settings = settings or Settings()
        self.storage = storage if storage is not None else MemoryStorage()
        self.clock = clock
        self.token_key = open_token_key(settings.data)
        self.accounts = open_accounts(settings, self.token_key)
        self.addresses = Addresses(
            settings.region,
            settings.domain,
            settings.cname,
            lambda domain: bucket_of(domain, self.storage),
            settings.s3_host,
        )
        self.hotlinks = HotlinkProtection(settings.assumptions)
        self._processes_first = settings.assumptions.processing_order is ProcessingOrder.AFTER
        self.limits = settings.limits
        self.changes = Changes(settings.as_of, settings.new_account)
        self._dispatcher = Dispatcher(OPERATIONS)

    def region_of(self, bucket: str) -> str:
        """Return the region of a bucket; that of the server if the bucket is missing."""
        record = self.storage.bucket(bucket)
        return self.settings.region if record is None else record.region

    def handle(
        self, request: Request, data: bytes = b"", *, caller: Identity | None = None
    ) -> Response:
        """Answer a request whose body is in memory; a given `caller` may do everything."""
        outcome = self.admit(request, caller)
        if isinstance(outcome, Admitted) and outcome.call.operation.takes is Takes.FORM:
            outcome, data = self._parse_form(outcome, data, caller)
        if isinstance(outcome, Refused):
            return self.render(outcome)
        try:
            body = Body.of(_unwrap(outcome, data))
            if outcome.call.operation.gather is not None:
                body = self.gather(outcome, body)()
            return self.perform(outcome, body)
        except OSSError as error:
            return self.render(outcome.refuse(error))

    def act(self, request: Request, body: Body, caller: Identity) -> Response:
        """Answer a request whose body has arrived, for a caller who may do everything."""
        outcome = self.admit(request, caller)
        if isinstance(outcome, Refused):
            return self.render(outcome)
        try:
            return self.perform(outcome, body)
        except OSSError as error:
            return self.render(outcome.refuse(error))

    def admit(self, request: Request, caller: Identity | None = None) -> Admitted | Refused:
        """Run all checks of a request that do not need its body.

        The first check that fails refuses the request; the order is the service's (P-18, R-05). For
        a given `caller` only the address is checked, and the dated changes of the service are
        ignored. A form continues in `admit_form` once its fields have arrived.
        """
        settings, request_id = self.settings, new_request_id(request.received)
        strict, region = settings.strict_addressing and caller is None, settings.region
        changes = self.changes if caller is None else BY_DEFAULT
        target, operation, record, visit, style = SERVICE, None, None, None, ""
        payload = point = None
        claimed, signer = UNSIGNED, caller or ANONYMOUS
        request = s3.to_oss(request, self.addresses)
        try:
            target = addressing.locate(self.addresses, request, strict=strict)
            request = s3.translate(request, target)
            signed, point = target, find_alias(self.storage, target.bucket)
            if point is not None:
                target = target._replace(bucket=point.bucket)
            operation = self._dispatcher.find(request, target)
            record = find_bucket(self.storage, target.bucket, operation)
            addressing.check_endpoint(request, target, record, region, strict=strict)
            region = addressing.region_of(target, record, settings.region)
            addressing.check_domain(request, operation, region, changes)
            # As it came: over S3, parameters of a URL may have become headers.
            browser.check_page(request.original or request, operation, record)
            if caller is None and not _is_open(operation):
                claimed = authentication.find_claim(request, settings.auth)
                signer = authentication.authenticate(
                    claimed, request, signed, self.accounts, settings.auth, region
                )
                authentication.check_version(claimed, record, changes)
                payload = authentication.find_payload(claimed, request, self.accounts, settings)
                page = website.find_page(
                    record, request, operation, target.key, claimed.signing, self.addresses
                )
                if page is not None:
                    target, visit = page
                    operation = self._dispatcher.find(request, target)
            styled = images.find_styled(self.storage, record, operation, target.key)
            if styled is not None:
                target, operation, style = styled
        except OSSError as error:
            return Refused(
                request,
                request_id,
                error,
                target,
                operation,
                record,
                claimed.signing,
                claimed.access_key_id,
                signer,
                access=error.access,
            )
        call = Call(
            request,
            request_id,
            target,
            operation,
            record,
            self.storage,
            region,
            self.limits,
            self.accounts.display_name,
            settings.assumptions,
            signer,
            claimed.signing,
            claimed.access_key_id,
            visit=visit,
            style=style,
            access_point=point,
            changes=changes,
        )
        if caller is not None or operation.takes is Takes.FORM:
            return Admitted(call)
        checked = self._check(call)
        if payload is None or isinstance(checked, Refused):
            return checked
        return checked._replace(payload=payload)

    def admit_form(
        self, admitted: Admitted, form: Form, caller: Identity | None = None
    ) -> Admitted | Refused:
        """Check the fields of a form before its file is read: key, signature and permission.

        A signature in the header or the URL is ignored here (PostObject).
        """
        call, settings = admitted.call, self.settings
        bucket, now = call.target.bucket, call.request.received
        try:
            call, form = s3.form_to_oss(call, form)
            if not form.key:
                raise OSSError(ErrorCase.OBJECT_NAME_EMPTY)
            check_key(form.key)
            call = call._replace(target=Target(bucket, form.key), form=form)
            if caller is not None:
                return Admitted(call._replace(caller=caller))
            claimed = authentication.find_form_claim(form, settings.auth)
            call = call._replace(signing=claimed.signing, access_key_id=claimed.access_key_id)
            signer, sizes = authentication.authenticate_form(
                claimed, form, call.named_bucket, now, self.accounts, settings.auth, call.region
            )
            authentication.check_version(claimed, call.record, self.changes)
        except OSSError as error:
            return Admitted(call).refuse(error)
        return self._check(call._replace(caller=signer), sizes)

    def _check(self, call: Call, sizes: Sizes = ANY_SIZE) -> Admitted | Refused:
        """Check the Referer and the permissions of a call, in the assumed order (R-05)."""
        decision = access = None
        is_open = call.operation.permission is Permission.NONE  # a preflight
        first = is_open or self.hotlinks.precedes_acl
        try:
            if first:
                decision = self.hotlinks.decide(call)
                self._check_referer(call, decision)
            if is_open:
                return Admitted(call, decision)
            access = permissions.check_call(call)
            if not first:
                decision = self.hotlinks.decide(call)
                self._check_referer(call, decision)
            images.check_original(call)
            return Admitted(call, decision, access, call.traffic_limit, sizes)
        except OSSError as error:
            return Admitted(call, decision, access).refuse(error)

    def _check_referer(self, call: Call, decision: Decision | None) -> None:
        """Raise `AccessDenied` for a denied Referer; `perform` does after processing (R-39)."""
        if not (self._processes_first and images.is_processing(call.operation)):
            referer.check(decision, call.target.bucket)

    def gather(self, admitted: Admitted, body: Body) -> Callable[[], Body]:
        """Check the body of a call that gathers another one from it; raises `OSSError`.

        Returns the function that makes the other one, for `perform`.
        """
        call, operation = admitted.call, admitted.call.operation
        assert operation.gather is not None  # noqa: S101 - only such calls gather
        if operation.takes is not Takes.NOTHING:
            checksums.check_md5(call.request.headers.get("content-md5"), body.md5)
        try:
            return operation.gather(call._replace(body=body))
        except DocumentError as error:
            raise _malformed(error) from None

    def perform(self, admitted: Admitted, body: Body = NO_BODY) -> Response:
        """Perform an admitted call with its body; raises `OSSError`."""
        call, operation = admitted.call, admitted.call.operation
        if self._processes_first:
            referer.check(admitted.decision, call.target.bucket)
        if operation.takes is Takes.FORM:
            admitted.sizes.check(body.size)
        elif operation.takes is not Takes.NOTHING and operation.gather is None:
            sent = call.request.headers.get("content-md5")
            if sent is None and operation.needs_md5:
                s3.check_md5_missing(call.request, strict=self.settings.strict_s3)
            checksums.check_md5(sent, body.md5)
        try:
            body = s3.translate_body(call, body)
            response = self._perform(call, body)
        except DocumentError as error:
            raise _malformed(error) from None
        response = add_bucket_headers(response, call.record, call.request, call.caller)
        response = s3.to_s3(response, call.request, call.request_id, operation.name)
        return browser.sandbox(response, call.request, self.addresses)

    def render(self, refused: Refused) -> Response:
        """Make the answer to a refused request."""
        request = refused.request
        region = addressing.region_of(refused.target, refused.record, self.settings.region)
        response = errors.render(
            refused.error,
            request.method,
            refused.request_id,
            request.host,
            mainland=is_mainland(region),
        )
        response = add_bucket_headers(response, refused.record, request)
        response = s3.to_s3(response, request, refused.request_id, "")
        return browser.sandbox(response, request, self.addresses)

    def _perform(self, call: Call, body: Body) -> Response:
        if call.visit is not None:
            return pages.serve(call, call.visit)
        if call.request.method in READS:
            return call.operation.perform(call if body is NO_BODY else call._replace(body=body))
        with self.storage.transaction():
            # The bucket may have been changed or deleted while the body arrived.
            record = find_bucket(self.storage, call.target.bucket, call.operation)
            return call.operation.perform(call._replace(record=record, body=body))

    def _parse_form(
        self, admitted: Admitted, data: bytes, caller: Identity | None
    ) -> tuple[Admitted | Refused, bytes]:
        """Admit a form that is in memory; returns its file as well."""
        headers = admitted.request.headers
        try:
            reader = FormReader(headers.get("content-type", ""))
            content = reader.feed(data)
            form = reader.finish()
            checksums.check_md5(headers.get("content-md5"), checksums.md5(data))
        except OSSError as error:
            return admitted.refuse(error), b""
        return self.admit_form(admitted, form, caller), content


def _malformed(error: DocumentError) -> OSSError:
    return OSSError(ErrorCase.MALFORMED_XML, ErrorDetail=str(error))


def _unwrap(admitted: Admitted, data: bytes) -> bytes:
    """Return the content of a body in memory, which S3 may have framed; raises `OSSError`."""
    if admitted.payload is None:
        return data
    reader = admitted.payload.reader()
    content = reader.feed(data)
    reader.finish()
    return content


def _is_open(operation: Operation) -> bool:
    """Whether the request itself needs no signature: a preflight, or a form, which signs fields."""
    return operation.takes is Takes.FORM or operation.permission is Permission.NONE
