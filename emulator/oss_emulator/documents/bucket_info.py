"""What the kept configurations of a bucket say of it, where it is listed or described."""

from collections.abc import Mapping
from typing import Final

from oss_emulator.documents import encryption
from oss_emulator.protocol import xml

Documents = Mapping[str, bytes]

TAGGING: Final = "tagging"
POLICY: Final = "policy"
PUBLIC_ACCESS_BLOCK: Final = "publicAccessBlock"
REQUEST_PAYMENT: Final = "requestPayment"


def state(documents: Documents) -> xml.Children:
    """The elements of GetBucketInfo that tell what is switched on."""
    return [
        ("AccessMonitor", _switch(is_monitored(documents))),
        ("BlockPublicAccess", is_public_blocked(documents)),
        ("CrossRegionReplication", _switch("replication" in documents)),
        ("TransferAcceleration", _switch(is_accelerated(documents))),
    ]


def is_accelerated(documents: Documents) -> bool:
    """Whether the accelerate endpoints lead to it (PutBucketTransferAcceleration)."""
    enabled = _text(documents, "transferAcceleration", "TransferAccelerationConfiguration")
    return enabled == "true"


def is_monitored(documents: Documents) -> bool:
    """Whether the last access of each object is told (PutBucketAccessMonitor)."""
    return _text(documents, "accessmonitor", "AccessMonitorConfiguration") == "Enabled"


def reads_archives(documents: Documents) -> bool:
    """Whether objects of the class Archive are read without a restore."""
    return _text(documents, "bucketArchiveDirectRead", "ArchiveDirectReadConfiguration") == "true"


def is_public_blocked(documents: Documents) -> bool:
    """Whether public access is blocked (PutBucketPublicAccessBlock, PutPublicAccessBlock)."""
    blocked = _text(documents, PUBLIC_ACCESS_BLOCK, "PublicAccessBlockConfiguration")
    return blocked == "true"


def requester_pays(documents: Documents) -> bool:
    """Whether requests are paid for by who sends them (PutBucketRequestPayment)."""
    return _text(documents, REQUEST_PAYMENT, "RequestPaymentConfiguration") == "Requester"


def encryption_rule(documents: Documents) -> xml.Children:
    """The children of ServerSideEncryptionRule."""
    rule = encryption.read(documents.get(encryption.SUBRESOURCE))
    return rule or [("SSEAlgorithm", "None")]


def log_target(documents: Documents) -> xml.Children:
    """The children of BucketPolicy: where logs are kept."""
    document = documents.get("logging")
    node = None if document is None else xml.parse(document, "BucketLoggingStatus")
    target = None if node is None else node.first("LoggingEnabled")
    if target is None:
        return [("LogBucket", ""), ("LogPrefix", "")]
    return [("LogBucket", target.text("TargetBucket")), ("LogPrefix", target.text("TargetPrefix"))]


def tags(documents: Documents) -> dict[str, str]:
    """The tags of a bucket."""
    document = documents.get(TAGGING)
    tag_set = None if document is None else xml.parse(document, "Tagging").first("TagSet")
    found = [] if tag_set is None else tag_set.all("Tag")
    return {tag.text("Key"): tag.text("Value") for tag in found}


def _text(documents: Documents, name: str, root: str) -> str:
    """The text of the first element of a configuration, "" where it is not kept."""
    document = documents.get(name)
    return "" if document is None else next(iter(xml.parse(document, root))).value


def _switch(enabled: bool) -> str:
    return "Enabled" if enabled else "Disabled"
