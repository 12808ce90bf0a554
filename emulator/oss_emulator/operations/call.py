"""One request on its way through the service."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fastcrc.crc64 import xz as crc64

from oss_emulator.access import ANONYMOUS, Identity, Verdict
from oss_emulator.documents.website import Visit
from oss_emulator.operations.operation import UNKNOWN, Operation
from oss_emulator.protocol.address import SERVICE, SERVICE_DOMAIN, Target, in_service_domain
from oss_emulator.protocol.checksums import md5
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.form import Form
from oss_emulator.protocol.message import Request
from oss_emulator.protocol.xml import Children
from oss_emulator.referer import Decision, Signing
from oss_emulator.settings import SERVICE_LIMITS, Limits
from oss_emulator.storage import Account, Blob, Bucket, MemoryBlob, Storage


class Body(NamedTuple):
    """A body that has arrived, and what was computed on its way."""

    content: tuple[Blob, ...]
    size: int
    md5: bytes
    crc64: int
    origin: Mapping[str, str] = {}
    """What the answer tells of where it was copied from."""

    def read(self) -> bytes:
        """All of it, for documents."""
        return b"".join(blob.read(0, blob.size) for blob in self.content)

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """One that is at hand."""
        content = (MemoryBlob(data),) if data else ()
        return cls(content, len(data), md5(data), crc64(data))


NO_BODY = Body.of(b"")


@dataclass(slots=True)
class Call:
    """What is known of one request, filled in as it is admitted."""

    request: Request
    request_id: str
    storage: Storage
    region: str
    limits: Limits = SERVICE_LIMITS
    target: Target = SERVICE
    operation: Operation = UNKNOWN
    record: Bucket | None = None
    signing: Signing = Signing.NONE
    access_key_id: str = ""
    caller: Identity = ANONYMOUS
    decision: Decision | None = None
    traffic_limit: int | None = None
    """Bits a second that may come and go (x-oss-traffic-limit), None for any number."""
    form: Form | None = None
    """What a form said before its file."""
    visit: Visit | None = None
    """The page of a website that was asked for."""
    body: Body = NO_BODY
    verdict: Verdict | None = None
    """What was decided on its permissions last."""
    error: OSSError | None = None
    display_name: Callable[[str], str] = str
    """The display name of an account, by its id."""

    @property
    def key(self) -> str:
        return self.target.key

    @property
    def endpoint(self) -> str:
        """The host name under which this caller reaches the service, with its port (P-33)."""
        host, prefix = self.request.host, f"{self.target.bucket}."
        if in_service_domain(host):
            return self._public_endpoint
        return host[len(prefix) :] if host.lower().startswith(prefix) else host

    @property
    def internal_endpoint(self) -> str:
        """The endpoint within the region; the same where there is only one."""
        if in_service_domain(self.request.host):
            return self._public_endpoint.replace(".", "-internal.", 1)
        return self.endpoint

    @property
    def _public_endpoint(self) -> str:
        _, colon, port = self.request.host.partition(":")
        return f"oss-{self.region}.{SERVICE_DOMAIN}{colon}{port}"

    @property
    def bucket(self) -> Bucket:
        """The bucket the request names; operations on a bucket are called only when it is there."""
        if self.record is None:
            raise OSSError(Code.NO_SUCH_BUCKET, BucketName=self.target.bucket)
        return self.record

    @property
    def documents(self) -> Mapping[str, bytes]:
        """The configurations of the bucket; of the caller's account where none is named."""
        if self.target.bucket:
            return self.bucket.documents
        account = self.storage.account(self.caller.id)
        return {} if account is None else account.documents

    def owner(self, account: str) -> Children:
        """The children of Owner (GetBucketInfo)."""
        return [("ID", account), ("DisplayName", self.display_name(account))]

    def documents_below(self, prefix: str) -> dict[str, bytes]:
        """Those whose names start alike, by the rest of their names and in its order."""
        return {
            name.removeprefix(prefix): document
            for name, document in sorted(self.documents.items())
            if name.startswith(prefix)
        }

    def keep(self, name: str, document: bytes | None) -> None:
        """Keep a configuration in the place of the one of that name; None removes it."""
        documents = {other: kept for other, kept in self.documents.items() if other != name}
        if document is not None:
            documents[name] = document
        if self.target.bucket:
            self.record = self.bucket._replace(documents=documents)
            self.storage.put_bucket(self.record)
        else:
            account = self.storage.account(self.caller.id) or Account(self.caller.id)
            self.storage.put_account(account._replace(documents=documents))
