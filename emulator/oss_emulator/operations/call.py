"""The argument of every operation: the request, its body, the caller and the storage."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastcrc.crc64 import xz as crc64
from oss_referer import Assumptions
from oss_referer.browser.changes import BY_DEFAULT, Changes

from oss_emulator.access.identity import Identity
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.operation import Operation
from oss_emulator.protocol.address import SERVICE_DOMAIN, Target, in_service_domain
from oss_emulator.protocol.checksums import md5
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Request, Stream
from oss_emulator.protocol.tagging import HEADER as TAGGING
from oss_emulator.protocol.xml import Children
from oss_emulator.settings import Limits
from oss_emulator.storage.base import Account, Bucket, Storage
from oss_emulator.storage.blobs import Blob, MemoryBlob


class Body(NamedTuple):
    """A complete body with its checksums."""

    content: tuple[Blob, ...]
    size: int
    md5: bytes
    crc64: int
    origin: Mapping[str, str] = {}
    """What `gather` returns with the bytes: headers, or the place of a processed image."""
    stream: Stream | None = None
    """Bytes that are made while they are sent, instead of `content`."""

    def read(self) -> bytes:
        """Return the whole body, for documents."""
        return b"".join(blob.read(0, blob.size) for blob in self.content)

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """Make a body from bytes in memory."""
        content = (MemoryBlob(data),) if data else ()
        return cls(content, len(data), md5(data), crc64(data))


NO_BODY = Body.of(b"")


class Environment(NamedTuple):
    """What the operations of one service share."""

    storage: Storage
    limits: Limits
    display_name: Callable[[str], str]
    """Returns the display name of an account by its id."""
    assumptions: Assumptions
    """The assumed behaviour of the service where its documents say nothing."""
    changes: Changes
    note_rules: Callable[[Admission, bytes | None, bytes], None]
    """Called with the documents before and after each PutBucketReferer."""


class Call(NamedTuple):
    """The argument of an operation: what is known about the request, its body and the storage."""

    admission: Admission
    environment: Environment
    body: Body = NO_BODY

    @property
    def request(self) -> Request:
        return self.admission.request

    @property
    def target(self) -> Target:
        return self.admission.target

    @property
    def operation(self) -> Operation:
        return self.admission.operation

    @property
    def record(self) -> Bucket | None:
        """The bucket that the request names; None if it names none or a missing one."""
        return self.admission.record

    @property
    def region(self) -> str:
        """The region of the endpoint or the bucket."""
        return self.admission.region

    @property
    def caller(self) -> Identity:
        return self.admission.caller

    @property
    def storage(self) -> Storage:
        return self.environment.storage

    @property
    def changes(self) -> Changes:
        """The dated changes of the service that apply to the call."""
        return BY_DEFAULT if self.admission.trusted else self.environment.changes

    @property
    def key(self) -> str:
        return self.target.key

    @property
    def version_id(self) -> str | None:
        """The `versionId` of the request; None without one, or if the operation ignores it."""
        admission = self.admission
        return admission.request.query.get("versionId") if admission.operation.on_version else None

    @property
    def tagging(self) -> str | None:
        """The `x-oss-tagging` of a new object; None without one, or if the operation ignores it."""
        return self.request.headers.get(TAGGING) if self.operation.describes else None

    def endpoint(self, region: str) -> str:
        """Return the host name and port with which this caller can reach a region (P-33)."""
        host, prefix = self.request.host, f"{self.target.bucket}."
        if in_service_domain(host):
            _, colon, port = host.partition(":")
            return f"oss-{region}.{SERVICE_DOMAIN}{colon}{port}"
        return host[len(prefix) :] if host.lower().startswith(prefix) else host

    def internal_endpoint(self, region: str) -> str:
        """Return the internal endpoint of a region; `endpoint` if the host has no such variant."""
        public = self.endpoint(region)
        return public.replace(".", "-internal.", 1) if in_service_domain(public) else public

    @property
    def bucket(self) -> Bucket:
        """The bucket that the request names; raises `NoSuchBucket` if it does not exist."""
        record = self.admission.record
        if record is None:
            raise OSSError(ErrorCase.NO_SUCH_BUCKET, BucketName=self.target.bucket)
        return record

    @property
    def documents(self) -> Mapping[str, bytes]:
        """The configurations of the bucket, or of the caller's account if no bucket is named."""
        if self.target.bucket:
            return self.bucket.documents
        account = self.storage.account(self.caller.id)
        return {} if account is None else account.documents

    def document(self, name: str, missing: OSSError) -> bytes:
        """Return a configuration; raises `missing` if there is none."""
        found = self.documents.get(name)
        if found is None:
            raise missing
        return found

    def documents_below(self, prefix: str) -> dict[str, bytes]:
        """Return the configurations with a prefix, sorted by name, without the prefix."""
        return {
            name.removeprefix(prefix): document
            for name, document in sorted(self.documents.items())
            if name.startswith(prefix)
        }

    def keep(self, name: str, document: bytes | None) -> None:
        """Store a configuration of the bucket, or of the caller's account; None removes it.

        The call itself does not change: its `documents` remain as before.
        """
        if self.target.bucket:
            bucket = self.storage.bucket(self.target.bucket) or self.bucket
            self.storage.put_bucket(
                bucket._replace(documents=with_document(bucket.documents, name, document))
            )
        else:
            account = self.storage.account(self.caller.id) or Account(self.caller.id)
            self.storage.put_account(
                account._replace(documents=with_document(account.documents, name, document))
            )

    def owner(self, account: str) -> Children:
        """Return the children of an Owner element (GetBucketInfo)."""
        return [("ID", account), ("DisplayName", self.environment.display_name(account))]


def with_document(
    documents: Mapping[str, bytes], name: str, document: bytes | None
) -> dict[str, bytes]:
    """Return the configurations with one added or replaced; None removes it."""
    if document is not None:
        return {**documents, name: document}
    return {other: stored for other, stored in documents.items() if other != name}
