"""Rules of replication between buckets, stored but not applied (PutBucketReplication)."""

from collections.abc import Mapping
from enum import StrEnum
from random import getrandbits
from typing import Final

from oss_emulator.documents.document import Documents, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.xml import Children, Node

SUBRESOURCE: Final = "replication"

_SCHEMA: Final = parse_schema("""
ReplicationConfiguration
  Rule{1,100}
    ID? name
    RTC?
      Status enabled|disabled
    PrefixSet?
      Prefix{0,10} text
    Action? name =ALL
    Destination
      Bucket name
      Location name
      TransferType? internal|oss_acc
    HistoricalObjectReplication? enabled|disabled =enabled
    SyncRole? text
    SourceSelectionCriteria?
      SseKmsEncryptedObjects?
        Status Enabled|Disabled
    EncryptionConfiguration?
      ReplicaKmsKeyID? text
""")
_RULE: Final = parse_schema("""
ReplicationRule
  RTC
    Status enabled|disabled
  ID name
""")
_RULES: Final = parse_schema("""
ReplicationRules
  ID name
""")


class RuleStatus(StrEnum):
    """The states of a rule. There are no others, because nothing is copied."""

    STARTING = "starting"
    CLOSING = "closing"


def parse(document: bytes) -> list[Node]:
    """Parse the rules of a request; raises `DocumentError`."""
    return _SCHEMA.parse(document).all("Rule")


def parse_deletion(document: bytes) -> str:
    """Parse the id of the rule that a request deletes; raises `DocumentError`."""
    return _RULES.parse(document).text("ID")


_RTC_OFF: Final = [("Status", "disabled")]


def parse_rtc(document: bytes) -> tuple[str, xml.Value]:
    """Parse the id of a rule and its new time control; raises `DocumentError`."""
    node = _RULE.parse(document)
    return node.text("ID"), [("Status", node.text("RTC/Status"))]


def rules(documents: Documents) -> list[Node]:
    document = documents.get(SUBRESOURCE)
    return [] if document is None else xml.parse(document, _SCHEMA.name).all("Rule")


def format(rules: list[xml.Value]) -> bytes:
    """Format the document of a bucket with these rules."""
    return xml.format(_SCHEMA.name, [("Rule", rule) for rule in rules])


def start(rule: Node) -> tuple[str, Children]:
    """Return the id of a new rule, and the rule to store, without elements that have no effect."""
    rule_id, void = rule.text("ID") or f"{getrandbits(128):032x}", set[str]()
    encrypted = rule.text("SourceSelectionCriteria/SseKmsEncryptedObjects/Status")
    if rule.first("SyncRole") is None:
        void |= {"SourceSelectionCriteria", "EncryptionConfiguration"}
    elif encrypted != "Enabled":
        void.add("EncryptionConfiguration")
    stored = {child.name: child.content for child in rule if child.name not in void}
    if rule.text("Destination/TransferType") == "internal":
        names = ("Bucket", "Location")
        stored["Destination"] = [(name, rule.text(f"Destination/{name}")) for name in names]
    return rule_id, shown({**stored, "ID": rule_id, "Status": RuleStatus.STARTING})


_SHOWN: Final = (
    "ID",
    "PrefixSet",
    "Action",
    "Destination",
    "Status",
    "HistoricalObjectReplication",
    "SyncRole",
    "SourceSelectionCriteria",
    "EncryptionConfiguration",
    "RTC",
)


def shown(rule: Mapping[str, xml.Value]) -> Children:
    """Return a rule in the order of the service, with its time control if that is on (P-98)."""
    off = rule.get("RTC") == _RTC_OFF
    return [(name, rule[name]) for name in _SHOWN if name in rule and not (off and name == "RTC")]
