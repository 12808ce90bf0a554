"""The order of a request: admit it, then perform it."""

from functools import lru_cache
from random import getrandbits

from oss_emulator.access import AccessKey, Accounts, AccountsError, Identity, KeyProblem, Permission
from oss_emulator.control.clock import Clock
from oss_emulator.control.faults import Faults
from oss_emulator.control.journal import EXPLAIN, Journal
from oss_emulator.documents import cors, transfer_acceleration
from oss_emulator.documents.cname import bucket_of
from oss_emulator.documents.referer import SUBRESOURCE as REFERER
from oss_emulator.documents.referer import parse as read_referer
from oss_emulator.documents.request_payment import DOCUMENT as REQUEST_PAYMENT
from oss_emulator.documents.website import Visit
from oss_emulator.documents.website import parse as parse_website
from oss_emulator.operations import OPERATIONS, permissions, website
from oss_emulator.operations.call import Body, Call
from oss_emulator.operations.operation import Takes
from oss_emulator.pipeline.routing import Dispatcher
from oss_emulator.protocol import checksums, errors, form_policy, signature
from oss_emulator.protocol.address import (
    SERVICE_DOMAIN,
    Addresses,
    Target,
    check_key,
    is_accelerate,
    is_bucket_name,
)
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.form import Form, FormReader
from oss_emulator.protocol.form_policy import Sizes
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.parameters import TRAFFIC_LIMIT, traffic_limit
from oss_emulator.protocol.regions import location
from oss_emulator.protocol.signature import Claim, Place
from oss_emulator.protocol.signature.form import POLICY, is_signed
from oss_emulator.protocol.signature.form import parse as parse_form_claim
from oss_emulator.protocol.signature.form import verify as verify_form
from oss_emulator.protocol.xml import DocumentError
from oss_emulator.referer import RefererConfiguration, RefererPolicy, Scope, Signing
from oss_emulator.settings import Auth, Fsync, Settings
from oss_emulator.storage import Bucket, MemoryStorage, Storage, snapshot
from oss_emulator.storage.snapshot import Snapshot

CORS, WEBSITE = "cors", "website"
"""The names of a bucket's documents that are looked at beside the operation itself."""

OWNER = Identity("1000000000000001")
"""The account that the configured key belongs to."""

READS = frozenset({"GET", "HEAD", "OPTIONS"})
"""The methods that change nothing."""

_SIGNING = {
    Place.HEADER: Signing.HEADER,
    Place.URL: Signing.URL,
    Place.FORM: Signing.FORM,
}


def new_request_id(received: float) -> str:
    """24 upper-case hex digits (P-30); the first eight tell the second, as the service's do."""
    return f"{int(received) << 64 | getrandbits(64):024X}"


def open_storage(settings: Settings, *, shared: bool = False) -> Storage:
    """The storage that the settings ask for; raises `FolderError`.

    `shared` is for a process whose parent has opened the same folder.
    """
    if settings.data is None:
        return MemoryStorage()
    from oss_emulator.storage.disk import DiskStorage  # takes SQLite, which memory does not need

    return DiskStorage(settings.data, fsync=settings.fsync is Fsync.ALWAYS, shared=shared)


def open_accounts(settings: Settings) -> Accounts:
    """The accounts that the settings name; raises `AccountsError`."""
    path = settings.accounts
    if path is None:
        key = AccessKey(settings.access_key_id, settings.access_key_secret, OWNER)
        return Accounts([key])
    where = f"The accounts {path}"
    try:
        return Accounts.load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AccountsError(f"{where} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise AccountsError(f"{where} are no TOML: {error}.") from None
    except AccountsError as error:
        raise AccountsError(f"{where}: {error}") from None


class Service:
    """OSS without a socket: a request and a body in, a response out."""

    def __init__(self, settings: Settings | None = None, storage: Storage | None = None) -> None:
        self.settings = settings = settings or Settings()
        self.storage = storage if storage is not None else MemoryStorage()
        self.accounts = open_accounts(settings)
        self.addresses = Addresses(
            settings.region,
            settings.domain,
            settings.cname,
            lambda domain: bucket_of(domain, self.storage),
        )
        self.limits = settings.limits
        self._dispatcher = Dispatcher(OPERATIONS)
        self.clock = Clock()
        self.journal = Journal()
        self.faults = Faults()
        self.snapshots: dict[str, Snapshot] = {}
        self._beginning = Snapshot((), ())

    def handle(
        self, request: Request, data: bytes = b"", *, caller: Identity | None = None
    ) -> Response:
        """Answer a request whose body is at hand; for a given `caller` nothing is checked."""
        call = self.receive(request)
        try:
            self.admit(call, caller)
            if call.operation.takes is Takes.FORM:
                data = self._read_form(call, data, caller)
            gather = call.operation.gather
            response = self.perform(call, Body.of(data) if gather is None else gather(call)())
        except OSSError as error:
            response = self.refuse(call, error)
        return self.share(call, response)

    def receive(self, request: Request) -> Call:
        """Begin a call."""
        request_id = new_request_id(request.received)
        call = Call(request, request_id, self.storage, self.settings.region, self.limits)
        call.display_name = self.accounts.display_name
        return call

    def begin_here(self) -> None:
        """Let what is kept now be what a reset goes back to; of a folder it is nothing."""
        if not self.storage.blocking:
            self._beginning = snapshot.take(self.storage)

    def reset(self, bucket: str | None = None) -> None:
        """Go back to the beginning; or empty one bucket and forget its configuration."""
        record = self.storage.bucket(bucket) if bucket else None
        if record is not None:
            self.storage.delete_bucket(record.name)
            self.storage.put_bucket(record._replace(documents={}, versioning=""))
            return
        with self.storage.transaction():
            snapshot.restore(self.storage, self._beginning)
        for name in list(self.snapshots):
            self.drop_snapshot(name)
        self.journal.clear()
        self.faults.clear()
        self.clock.shift = 0.0

    def take_snapshot(self, name: str) -> None:
        """Remember all that is kept now under a name."""
        taken = snapshot.take(self.storage)
        self.drop_snapshot(name)
        self.snapshots[name] = taken

    def drop_snapshot(self, name: str) -> bool:
        """Forget a snapshot; whether there was one of that name."""
        found = self.snapshots.pop(name, None)
        if found is not None:
            snapshot.drop(self.storage, found)
        return found is not None

    def restore_snapshot(self, name: str) -> bool:
        """Keep what was kept then; whether there is a snapshot of that name."""
        found = self.snapshots.get(name)
        if found is not None:
            with self.storage.transaction():
                snapshot.restore(self.storage, found)
        return found is not None

    def is_endpoint(self, host: str) -> bool:
        """Whether a Host header names the service itself and no bucket."""
        return self.addresses.is_endpoint(host)

    def admit(self, call: Call, caller: Identity | None = None) -> None:
        """Settle all that can be settled before the body is read; raises `OSSError`."""
        request = call.request
        if request.proxied and not self.addresses.serves(request.host):
            raise OSSError(Code.NOT_FORWARDED, Host=request.host)
        call.target = self.addresses.locate(request.host, request.path)
        strict = self.settings.strict_addressing and caller is None
        if strict:
            self._check_style(call)
        call.operation = self._dispatcher.find(request, call.target)
        call.record = self._find_bucket(call)
        if strict:
            self._check_acceleration(call)
        if call.target.region:
            self._check_region(call)
        if call.operation.takes is Takes.FORM or call.operation.permission is Permission.NONE:
            return
        if caller is not None:
            call.caller = caller
            return
        self._authenticate(call)
        if call.record is not None and WEBSITE in call.record.documents:
            self._enter_website(call, call.record)
        self._check_referer(call)
        permissions.check_call(call)
        call.traffic_limit = traffic_limit(
            request.headers.get(TRAFFIC_LIMIT), request.query.get(TRAFFIC_LIMIT)
        )

    def admit_form(self, call: Call, form: Form, caller: Identity | None = None) -> Sizes:
        """Settle what a form says before its file is read; raises `OSSError`.

        Returns how large the file may be. Signatures in the header or the URL count for nothing
        here (PostObject).
        """
        call.form = form
        if not form.key:
            raise OSSError(Code.OBJECT_NAME_EMPTY)
        check_key(form.key)
        call.target = Target(call.target.bucket, form.key)
        sizes = Sizes()
        if caller is not None:
            call.caller = caller
            return sizes
        if is_signed(form):
            sizes = self._authenticate_form(call, form)
        self._check_referer(call)
        permissions.check_call(call)
        call.traffic_limit = traffic_limit(form.fields.get(TRAFFIC_LIMIT), None)
        return sizes

    def perform(self, call: Call, body: Body) -> Response:
        """Do what was asked for, now that the body is here; raises `OSSError`."""
        if call.operation.takes not in (Takes.NOTHING, Takes.FORM):  # it is of a form as a whole
            checksums.check_md5(call.request.headers.get("content-md5"), body.md5)
        call.body = body
        try:
            if call.visit is not None:
                return website.serve(call, call.visit)
            if call.request.method in READS:
                return call.operation.perform(call)
            with self.storage.transaction():
                # It may have been changed or deleted since: while the body was on its way, or by
                # another process.
                call.record = self._find_bucket(call)
                return call.operation.perform(call)
        except DocumentError as error:
            raise OSSError(Code.MALFORMED_XML, ErrorDetail=str(error)) from None

    def refuse(self, call: Call, error: OSSError) -> Response:
        """The answer to a call that failed."""
        # The journal remembers the error, but not where it was raised: that would keep all that was
        # at hand there, such as what had come of a body.
        error.__context__ = error.__cause__ = error.__traceback__ = None
        call.error = error
        request = call.request
        return errors.render(error, request.method, call.request_id, request.host)

    def share(self, call: Call, response: Response) -> Response:
        """Add what the bucket's rules say: which pages may read an answer, and who pays for it."""
        documents = call.record.documents if call.record is not None else {}
        if CORS not in documents and REQUEST_PAYMENT.subresource not in documents:
            return response
        headers = dict(response.headers)
        if CORS in documents:
            origin, method = call.request.headers.get("origin"), call.request.method
            headers |= cors.parse(documents[CORS]).headers_for(origin, method)
        if call.error is None and permissions.is_charged(call):
            headers["x-oss-request-charged"] = "requester"
        return response._replace(headers=headers)

    def _read_form(self, call: Call, data: bytes, caller: Identity | None) -> bytes:
        """The file in a form that is at hand."""
        reader = FormReader(call.request.headers.get("content-type", ""))
        content = reader.feed(data)
        sizes = self.admit_form(call, reader.finish(), caller)
        checksums.check_md5(call.request.headers.get("content-md5"), Body.of(data).md5)
        sizes.check(len(content))
        return content

    def _enter_website(self, call: Call, bucket: Bucket) -> None:
        """Turn a GET or HEAD into that of a page: an index document takes a folder's place.

        Folders have one for everybody (the live suite of oss2 reads one with a signature). The root
        has one for anonymous requests (PutBucketWebsite), and only where the bucket has a host name
        of its own: the service knows no path style, in which the root lists the bucket.
        """
        anonymous = call.signing is Signing.NONE
        in_path = self.is_endpoint(call.request.host)
        if (
            call.request.method not in ("GET", "HEAD")
            or call.operation.subresource
            or (not call.key and (in_path or not anonymous))
        ):
            return
        site = parse_website(bucket.documents[WEBSITE])
        if key := site.index(call.key):
            if anonymous:
                call.visit = Visit(site, call.key, f"/{bucket.name}" if in_path else "")
            call.target = Target(bucket.name, key)
            call.operation = self._dispatcher.find(call.request, call.target)

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

    def _check_style(self, call: Call) -> None:
        """The service takes no bucket in the path (P-06)."""
        if call.target.bucket and self.is_endpoint(call.request.host):
            raise OSSError(Code.PATH_STYLE, BucketName=call.target.bucket)

    def _check_acceleration(self, call: Call) -> None:
        """Accelerate endpoints lead to buckets that have transfer acceleration, and nowhere else.

        How others are answered is documented; that what names no bucket is answered so is assumed.
        """
        if is_accelerate(call.request.host):
            documents = call.record.documents if call.record is not None else {}
            if not transfer_acceleration.is_enabled(documents):
                raise OSSError(Code.ACCELERATION_DISABLED)

    def _check_region(self, call: Call) -> None:
        """A bucket is reached by the endpoints of its own region, which is this server's."""
        bucket, region = call.target.bucket, self.settings.region
        if call.record is not None:
            endpoint = f"{location(region)}.{SERVICE_DOMAIN}"
            raise OSSError(Code.OTHER_ENDPOINT, Bucket=bucket, Endpoint=endpoint)
        if bucket:
            message = f"This server is of the region {region}; --region chooses another."
            raise OSSError(
                Code.INVALID_LOCATION, message, LocationConstraint=location(call.target.region)
            )

    def _authenticate(self, call: Call) -> None:
        """Find out who asks; without a signature it is nobody (P-19)."""
        request = call.request
        if self.settings.auth is Auth.OFF:
            place = signature.place(request)
            if place is not None:
                call.signing = _SIGNING[place]
                call.caller = self.accounts.owner
            return
        claim = signature.parse(request)
        if claim is None:
            return
        key = self._identify(call, claim)
        if key is not None:
            self._verify(call, claim, key.secret)

    def _verify(self, call: Call, claim: Claim, secret: str) -> None:
        """Check a signature; the header that asks for an explanation may be signed or not."""
        request, target, region = call.request, call.target, self.settings.region
        try:
            signature.verify(claim, request, target.bucket, target.key, secret, region)
        except OSSError as error:
            if EXPLAIN not in request.headers or error.code != "SignatureDoesNotMatch":
                raise
            rest = {name: value for name, value in request.headers.items() if name != EXPLAIN}
            bare = request._replace(headers=rest)
            signature.verify(claim, bare, target.bucket, target.key, secret, region)

    def _authenticate_form(self, call: Call, form: Form) -> Sizes:
        """Find out who signed a form, and hold its fields against its policy."""
        if self.settings.auth is Auth.OFF:
            call.signing = Signing.FORM
            call.caller = self.accounts.owner
            return Sizes()
        now = call.request.received
        claim = parse_form_claim(form)
        key = self._identify(call, claim)
        if key is not None:
            verify_form(claim, form, key.secret, self.settings.region, now)
        policy = form_policy.parse(form.text(POLICY))
        policy.check(form.conditional(call.target.bucket), now)
        return policy.sizes

    def _identify(self, call: Call, claim: Claim) -> AccessKey | None:
        """Let the call be that of the claimed key's owner; None where any key will do."""
        call.signing = _SIGNING[claim.place]
        call.access_key_id = claim.access_key_id
        found = self.accounts.find(claim.access_key_id, claim.token or "", call.request.received)
        if isinstance(found, AccessKey):
            call.caller = found.identity
            return found
        known = self.accounts.knows(claim.access_key_id, claim.token or "")
        if known or self.settings.auth is not Auth.RELAXED:
            raise OSSError(_KEY_PROBLEMS[found], OSSAccessKeyId=claim.access_key_id)
        call.caller = self.accounts.owner
        return None

    def _check_referer(self, call: Call) -> None:
        """Hotlink protection: after authentication, before the ACL and the object (R-05)."""
        if call.record is None:
            return
        policy = policy_of(call.record.documents.get(REFERER))
        call.decision = decision = policy.decide(
            call.request.headers.get("referer"),
            signed=call.signing,
            method=call.request.method,
            # A form is sent to the bucket, but it is an object that it asks for.
            scope=Scope.OBJECT if call.target.key else Scope.BUCKET,
        )
        if not decision.allowed:
            #
            raise OSSError(Code.REFERER_DENIED, ec=decision.ec, BucketName=call.record.name)


_KEY_PROBLEMS = {
    KeyProblem.UNKNOWN: Code.INVALID_ACCESS_KEY_ID,
    KeyProblem.NOT_TEMPORARY: Code.KEY_IS_NOT_TEMPORARY,
    KeyProblem.INVALID: Code.INVALID_SECURITY_TOKEN,
    KeyProblem.EXPIRED: Code.SECURITY_TOKEN_EXPIRED,
}
"""How it is told that a key proves nothing (A-50)."""


@lru_cache(1024)
def policy_of(document: bytes | None) -> RefererPolicy:
    """The compiled rules of a kept document; known by its bytes, so never stale."""
    if document is None:
        return RefererPolicy.compile(RefererConfiguration())
    return RefererPolicy.compile(read_referer(document))
