"""The simple configurations of accounts and buckets: one XML document each."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents, document, simple, since
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import DocumentError, Node
from oss_emulator.storage.base import Bucket, Storage

ARCHIVE_DIRECT_READ: Final = simple("""
PUT GET /bucket?bucketArchiveDirectRead BucketArchiveDirectRead enforced
absent: Enabled=false
ArchiveDirectReadConfiguration
  Enabled boolean
""")
"""Whether Archive objects are read without a restore."""

CALLBACK_POLICY: Final = simple("""
PUT GET DELETE /bucket?policy&comp=callback BucketCallbackPolicy enforced
absent: NO_SUCH_CALLBACK_POLICY
BucketCallbackPolicy
  PolicyItem*
    PolicyName? name
    Callback? text
    CallbackVar? text
""")
"""Upload callbacks that requests refer to by name."""

ACCOUNT_BLOCK: Final = simple("""
PUT GET DELETE /?publicAccessBlock PublicAccessBlock enforced
absent: BlockPublicAccess=false
PublicAccessBlockConfiguration
  BlockPublicAccess boolean
""")
PUBLIC_ACCESS_BLOCK: Final = simple("""
PUT GET DELETE /bucket?publicAccessBlock BucketPublicAccessBlock enforced
absent: BlockPublicAccess=false
PublicAccessBlockConfiguration
  BlockPublicAccess boolean
""")
"""Whether public access is blocked for a bucket, or for all buckets of an account."""

OVERWRITE: Final = simple("""
PUT GET DELETE /bucket?overwriteConfig BucketOverwriteConfig kept new-bucket
absent:
OverwriteConfiguration
  Rule{1,100}
    ID? name
    Action forbid
    Prefix? text
    Suffix? text
    Principals?
      Principal* name
""")
"""Which objects must not be overwritten."""

QUOTA: Final = simple("""
PUT GET DELETE /bucket?quota BucketStorageQuota kept
absent: StorageQuota=-1
QuotaConfiguration
  StorageQuota -1..
  Mode? text
""")
CAPACITY: Final = simple("""
PUT GET /bucket?qos BucketStorageCapacity enforced
absent: StorageCapacity=-1
BucketUserQos
  StorageCapacity -1..
""")
"""How much a bucket may store; the quota is the newer call."""

REQUEST_PAYMENT: Final = simple("""
PUT GET /bucket?requestPayment BucketRequestPayment enforced
absent: Payer=BucketOwner
RequestPaymentConfiguration ?0035-00000001
  Payer BucketOwner|Requester !0035-00000002
""")
"""Who pays for requests to a bucket."""

TRANSFER_ACCELERATION: Final = simple("""
PUT GET DELETE /bucket?transferAcceleration BucketTransferAcceleration enforced dated
absent: NO_SUCH_ACCELERATION
TransferAccelerationConfiguration
  Enabled boolean
""")
"""Whether accelerate endpoints serve a bucket."""

BLOCKED: Final = PUBLIC_ACCESS_BLOCK.format([("BlockPublicAccess", True)])
"""The document that blocks public access."""


def blocks_all(storage: Storage, owner: str) -> bool:
    """Return whether an account blocks public access for all its buckets."""
    account = storage.account(owner)
    return account is not None and ACCOUNT_BLOCK.is_enabled(account.documents)


def check_public(
    call: Call, code: ErrorCase, *, public: bool, bucket: Bucket | None = None
) -> None:
    """Raise the error `code` if `public` access is requested and blocked (A-34).

    `bucket` is a bucket that the call creates; by default, the bucket of the call.
    """
    bucket = bucket or call.bucket
    if public and (
        PUBLIC_ACCESS_BLOCK.is_enabled(bucket.documents) or blocks_all(call.storage, bucket.owner)
    ):
        raise OSSError(code)


def find_callback(documents: Documents, name: str) -> tuple[str, str]:
    """Find the `callback` and `callback-var` stored under a name; raises `InvalidArgument`."""
    node = CALLBACK_POLICY.find(documents)
    for item in [] if node is None else node.all("PolicyItem"):
        if item.text("PolicyName") == name:
            return item.text("Callback"), item.text("CallbackVar")
    message = "The callback policy does not exist."
    raise invalid_argument("callback", name, message, ErrorCase.INVALID_CALLBACK)


def capacity(documents: Documents) -> int | None:
    """Return the bytes that a bucket may store (PutBucketStorageCapacity); None for no limit."""
    found = int(CAPACITY.text(documents, "StorageCapacity") or -1)
    return None if found < 0 else found


def is_paid_by_requester(documents: Documents) -> bool:
    """Return whether the requester pays instead of the owner of the bucket."""
    return REQUEST_PAYMENT.text(documents, "Payer") == "Requester"


def accelerated_since(documents: Documents) -> float | None:
    """Return when acceleration was enabled, in seconds since the epoch; None if it is unknown."""
    time = documents.get(since(TRANSFER_ACCELERATION))
    return None if time is None else float(time)


@document("""
PUT GET /bucket?accessmonitor BucketAccessMonitor kept
absent: Status=Disabled
AccessMonitorConfiguration
  Status Enabled|Disabled
  AllowCopy? boolean
""")
def access_monitor(node: Node, call: Call) -> xml.Value:
    """Whether a bucket records when its objects were last read.

    It cannot be disabled while a lifecycle rule depends on it (P-58).
    """
    rules = call.documents.get("lifecycle", b"")  # as text: `lifecycle` imports this module
    if node.text("Status") == "Disabled" and b"<IsAccessTime>true</IsAccessTime>" in rules:
        raise OSSError(ErrorCase.ACCESS_MONITOR_IN_USE)
    return node.content


@document("""
PUT GET /bucket?httpsConfig BucketHttpsConfig kept
absent: NO_SUCH_HTTPS
HttpsConfiguration
  TLS?
    Enable boolean
    TLSVersion* TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3
  CipherSuite?
    Enable boolean
    StrongCipherSuite? boolean
    CustomCipherSuite* name
    TLS13CustomCipherSuite* name
""")
def https(node: Node, _: Call) -> xml.Value:
    """Which TLS versions and ciphers a bucket accepts; repeated versions are removed."""
    tls = node.first("TLS")
    if tls is None:
        return node.content
    versions = list(dict.fromkeys(version.value for version in tls.all("TLSVersion")))
    if tls.text("Enable") == "true" and not versions:
        raise DocumentError("TLS is enabled without a TLSVersion; name at least one.")
    settled = [("Enable", tls.text("Enable")), *(("TLSVersion", name) for name in versions)]
    rest = [(child.name, child.content) for child in node if child.name != "TLS"]
    return [("TLS", settled), *rest]


@document("""
PUT GET DELETE /bucket?logging BucketLogging kept
absent:
BucketLoggingStatus ?0032-00000001
  LoggingEnabled?
    TargetBucket name ?0032-00000002 !0032-00000003
    TargetPrefix? text:256 = ~0032-00000006
    LoggingRole? text
""")
def logging(node: Node, call: Call) -> xml.Value:
    """Where the access logs of a bucket go."""
    name = node.text("LoggingEnabled/TargetBucket")
    if name:
        prefix = node.text("LoggingEnabled/TargetPrefix")
        if prefix.startswith(("/", "\\")):
            message = "The TargetPrefix must not begin with a slash or a backslash."
            raise invalid_argument("TargetPrefix", prefix, message, ec="0032-00000005")
        found = call.storage.bucket(name)
        if found is None:
            ec = "0032-00000008" if is_bucket_name(name) else "0032-00000004"
            raise OSSError(ErrorCase.INVALID_LOGGING_TARGET, ec=ec, TargetBucket=name)
        if found.region != call.bucket.region:
            raise OSSError(ErrorCase.INVALID_LOGGING_TARGET, TargetBucket=name)
        if found.owner != call.bucket.owner:
            raise OSSError(ErrorCase.FOREIGN_LOGGING_TARGET, TargetBucket=name)
    return node.content


MAX_FIELDS: Final = 6
"""Maximum number of fields that the logs of a bucket show in addition."""

_FIELD: Final = re.compile(r"[!-9;-^`-~]+")


@document("""
PUT GET DELETE /bucket?userDefinedLogFieldsConfig UserDefinedLogFieldsConfig kept
absent: NO_SUCH_LOG_FIELDS
UserDefinedLogFieldsConfiguration <0046-00000002
  HeaderSet?
    header* name
  ParamSet?
    parameter* name
""")
def log_fields(node: Node, _: Call) -> xml.Value:
    """Which headers and parameters the access logs show."""
    names = [name for group in node for name in group]
    if not names:
        message = "No field is named; name a header or a parameter."
        raise invalid_argument(node.name, "", message, ec="0046-00000003")
    if len(names) > MAX_FIELDS:
        message = f"{len(names)} fields are named; the limit is {MAX_FIELDS}."
        raise DocumentError(message, "0046-00000004")
    for name in names:
        if name.name == "header" and not _FIELD.fullmatch(name.value):
            message = "The name of a header must be printable ASCII without '_' and ':'."
            raise invalid_argument("header", name.value, message, ec="0046-00000005")
    return node.content


_RULE: Final = "ApplyServerSideEncryptionByDefault"
_HEADERS: Final = {
    "SSEAlgorithm": headers.ENCRYPTION,
    "KMSMasterKeyID": "x-oss-server-side-encryption-key-id",
    "KMSDataEncryption": "x-oss-server-side-data-encryption",
}


@document("""
PUT GET DELETE /bucket?encryption BucketEncryption enforced
absent: NO_SUCH_ENCRYPTION
ServerSideEncryptionRule
  ApplyServerSideEncryptionByDefault
    SSEAlgorithm name
    KMSMasterKeyID? name
    KMSDataEncryption? name
""")
def encryption(node: Node, _: Call) -> xml.Value:
    """How new objects of a bucket are encrypted by default."""
    (rule,) = node
    algorithm = rule.text("SSEAlgorithm")
    if algorithm not in headers.ENCRYPTIONS:
        raise OSSError(ErrorCase.INVALID_ENCRYPTION, ec="0005-00000003")
    if algorithm != "KMS":
        if rule.first("KMSMasterKeyID") is not None:
            raise OSSError(ErrorCase.KEY_WITHOUT_KMS)
        # Without KMS, KMSDataEncryption has no meaning and is not returned (oss2's suite).
        return [(rule.name, [("SSEAlgorithm", algorithm)])]
    headers.text("KMSMasterKeyID", rule.text("KMSMasterKeyID"))  # sent in headers of answers
    if rule.text("KMSDataEncryption", "SM4") != "SM4":
        raise OSSError(ErrorCase.INVALID_DATA_ENCRYPTION, ec="0005-00000203")
    return node.content


def encryption_rule(documents: Documents) -> tuple[tuple[str, str], ...]:
    """Return the elements of the default rule; empty without a default."""
    return _parse_rule(documents.get(encryption.subresource))


@lru_cache(1024)
def _parse_rule(stored: bytes | None) -> tuple[tuple[str, str], ...]:
    node = None if stored is None else xml.parse(stored, encryption.schema.name).first(_RULE)
    return () if node is None else tuple((child.name, child.value) for child in node)


def encryption_headers(documents: Documents) -> dict[str, str]:
    """Return the headers of an object that is encrypted by default; empty without a default."""
    found = encryption_rule(documents)
    return headers.encryption({_HEADERS[name]: value for name, value in found}) if found else {}


def format_encryption(request: Mapping[str, str]) -> bytes | None:
    """Format the document for the encryption headers of PutBucket; None without such headers.

    Raises the errors of `headers.encryption`.
    """
    if not headers.encryption(request):
        return None
    found = [(name, request[header]) for name, header in _HEADERS.items() if header in request]
    return encryption.format([(_RULE, found)])


DEFAULT_GROUP: Final = "rg-default"
"""The group of a bucket that was not assigned to another group."""

GROUP: Final = "x-oss-resource-group-id"

# The suite of Go V2 expects rg-not-exist to be refused, and ids of the service have one hyphen.
_GROUP_ID: Final = re.compile(r"rg-[0-9A-Za-z]+")


@document(f"""
PUT GET /bucket?resourceGroup BucketResourceGroup enforced
absent: ResourceGroupId={DEFAULT_GROUP}
BucketResourceGroupConfiguration
  ResourceGroupId text
""")
def resource_group(node: Node, _: Call) -> xml.Value:
    """The resource group of a bucket: its id must have the right form, but no group is known.

    An empty id returns the bucket to the default group (SDK V2's suite).
    """
    return _check_group(node.text("ResourceGroupId") or DEFAULT_GROUP)


def group_of(documents: Documents) -> str:
    """Return the resource group of a bucket."""
    return resource_group.text(documents, "ResourceGroupId") or DEFAULT_GROUP


def format_group(group: str) -> bytes:
    """Format the document of a bucket in a group; raises `ResourceGroupIdPreCheckError`."""
    return resource_group.format(_check_group(group))


def _check_group(group: str) -> xml.Value:
    if not _GROUP_ID.fullmatch(group):
        ec = None if group.startswith("rg-") else "0039-00000002"
        raise OSSError(ErrorCase.INVALID_RESOURCE_GROUP, ec=ec)
    return [("ResourceGroupId", group)]
