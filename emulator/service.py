"""The order of a request: admit it, then perform it."""

from functools import lru_cache
from random import getrandbits

from emulator.access import (
    AccessKey,
    Accounts,
    Identity,
    ObjectAcl,
    Permission,
    Reason,
    authorize,
)
from emulator.dispatch import Body, Call, Dispatcher, Resource, Takes
from emulator.operations import OPERATIONS
from emulator.operations.bucket_referer import SUBRESOURCE as REFERER
from emulator.operations.bucket_referer import read as read_referer
from emulator.protocol import checksums, errors, signature
from emulator.protocol.address import Addresses, is_bucket_name
from emulator.protocol.errors import Code, OSSError
from emulator.protocol.message import Request, Response
from emulator.protocol.signature import Place
from emulator.protocol.xml import DocumentError
from emulator.referer import RefererConfiguration, RefererPolicy, Scope, Signing
from emulator.settings import Auth, Settings
from emulator.storage import Bucket, MemoryStorage, Storage

OWNER = Identity("1000000000000001")
"""The account that the configured key belongs to."""

_SIGNING = {Place.HEADER: Signing.HEADER, Place.URL: Signing.URL}
_SCOPE = {
    Resource.SERVICE: Scope.SERVICE,
    Resource.BUCKET: Scope.BUCKET,
    Resource.OBJECT: Scope.OBJECT,
}


def new_request_id(received: float) -> str:
    """24 upper-case hex digits (P-30); the first eight tell the second, as the service's do."""
    return f"{int(received):08X}{getrandbits(64):016X}"


class Service:
    """OSS without a socket: a request and a body in, a response out."""

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        self.settings = settings = settings or Settings()
        self.storage = storage if storage is not None else MemoryStorage()
        key = AccessKey(settings.access_key_id, settings.access_key_secret, OWNER)
        self.accounts = Accounts([key])
        self._addresses = Addresses(settings.region, settings.domain)
        self._dispatcher = Dispatcher(OPERATIONS)

    def handle(
        self, request: Request, data: bytes = b"", *, caller: Identity | None = None
    ) -> Response:
        """Answer a request whose body is at hand; for a given `caller` nothing is checked."""
        call = self.receive(request)
        try:
            self.admit(call, caller)
            return self.perform(call, Body.of(data))
        except OSSError as error:
            return self.refuse(call, error)

    def receive(self, request: Request) -> Call:
        """Begin a call."""
        request_id = new_request_id(request.received)
        return Call(request, request_id, self.storage, self.settings.region)

    def is_endpoint(self, host: str) -> bool:
        """Whether a Host header names the service itself and no bucket."""
        return self._addresses.is_endpoint(host)

    def admit(self, call: Call, caller: Identity | None = None) -> None:
        """Settle all that can be settled before the body is read; raises `OSSError`."""
        request = call.request
        call.target = self._addresses.locate(request.host, request.path)
        call.operation = self._dispatcher.find(request, call.target)
        call.record = self._find_bucket(call)
        if caller is not None:
            call.caller = caller
            return
        self._authenticate(call)
        self._check_referer(call)
        self._authorize(call)

    def perform(self, call: Call, body: Body) -> Response:
        """Do what was asked for, now that the body is here; raises `OSSError`."""
        if call.operation.takes is not Takes.NOTHING:
            checksums.check_md5(call.request.headers.get("content-md5"), body.md5)
        call.body = body
        try:
            return call.operation.perform(call)
        except DocumentError as error:
            raise OSSError(Code.MALFORMED_XML, ErrorDetail=str(error)) from None

    def refuse(self, call: Call, error: OSSError) -> Response:
        """The answer to a call that failed."""
        call.error = error
        request = call.request
        return errors.render(error, request.method, call.request_id, request.host)

    def _find_bucket(self, call: Call) -> Bucket | None:
        """The bucket's record; that it is missing is told before credentials are judged (P-18)."""
        name = call.target.bucket
        if not name:
            return None
        bucket = self.storage.bucket(name)
        if bucket is None:
            if not is_bucket_name(name):
                raise OSSError(Code.INVALID_BUCKET_NAME, BucketName=name)
            if call.operation.needs_bucket:
                raise OSSError(Code.NO_SUCH_BUCKET, BucketName=name)
        return bucket

    def _authenticate(self, call: Call) -> None:
        """Find out who asks; without a signature it is nobody (P-19)."""
        request = call.request
        if self.settings.auth is Auth.OFF:
            place = signature.place(request)
            if place is not None:
                call.signing = _SIGNING[place]
                call.caller = self.accounts.owner
            return
        claim = signature.read(request)
        if claim is None:
            return
        call.signing = _SIGNING[claim.place]
        call.access_key_id = claim.access_key_id
        key = self.accounts.key(claim.access_key_id)
        if key is not None:
            region = self.settings.region
            target = call.target
            signature.verify(claim, request, target.bucket, target.key, key.secret, region)
            call.caller = key.identity
        elif self.settings.auth is Auth.RELAXED:
            call.caller = self.accounts.owner
        else:
            raise OSSError(Code.INVALID_ACCESS_KEY_ID, OSSAccessKeyId=claim.access_key_id)

    def _check_referer(self, call: Call) -> None:
        """Hotlink protection: after authentication, before the ACL and the object (R-05)."""
        if call.record is None:
            return
        policy = _policy(call.record.documents.get(REFERER))
        call.decision = decision = policy.decide(
            call.request.headers.get("referer"),
            signed=call.signing,
            method=call.request.method,
            scope=_SCOPE[call.operation.resource],
        )
        if not decision.allowed:
            #
            raise OSSError(Code.REFERER_DENIED, ec=decision.ec, BucketName=call.record.name)

    def _authorize(self, call: Call) -> None:
        """Ownership and ACLs; an object's own ACL goes before its bucket's."""
        permission, bucket = call.operation.permission, call.record
        if bucket is None:
            # A call to the service, or one that creates its bucket, needs an account and no more.
            if call.caller.anonymous:
                raise OSSError(Code.ANONYMOUS)
            return
        if call.caller.id == bucket.owner or not call.operation.needs_bucket:
            return
        item = self.storage.object(bucket.name, call.key) if call.key else None
        verdict = authorize(
            call.caller,
            bucket.owner,
            permission,
            bucket.acl,
            item.acl if item is not None else ObjectAcl.DEFAULT,
        )
        if not verdict.allowed:
            raise OSSError(_DENIALS[verdict.reason, permission])


_DENIALS = {
    (Reason.BUCKET_ACL, Permission.READ): Code.BUCKET_ACL,
    (Reason.BUCKET_ACL, Permission.WRITE): Code.BUCKET_ACL,
    (Reason.OBJECT_ACL, Permission.READ): Code.OBJECT_ACL_READ,
    (Reason.OBJECT_ACL, Permission.WRITE): Code.OBJECT_ACL_WRITE,
    (Reason.ANONYMOUS, Permission.OWN): Code.FOREIGN_BUCKET,
    (Reason.FOREIGN, Permission.OWN): Code.FOREIGN_BUCKET,
}
"""How a verdict of the access brick is told."""


@lru_cache(1024)
def _policy(document: bytes | None) -> RefererPolicy:
    """The compiled rules of a kept document; known by its bytes, so never stale."""
    if document is None:
        return RefererPolicy.compile(RefererConfiguration())
    return RefererPolicy.compile(read_referer(document))
