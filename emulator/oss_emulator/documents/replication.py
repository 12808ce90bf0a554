"""Rules of replication between buckets, stored but not applied (PutBucketReplication)."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from random import getrandbits
from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.documents.document import Documents, parse_schema
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.xml import Children, Node

SUBRESOURCE: Final = "replication"

_ACTIONS: Final = frozenset({"ALL", "PUT", "DELETE", "ABORT"})

_SCHEMA: Final = parse_schema("""
ReplicationConfiguration <0031-00000001
  Rule{1,100}
    ID? name
    RTC?
      Status enabled|disabled !0031-00000012
    PrefixSet?
      Prefix{0,10} text
    Action? name =ALL
    Destination
      Bucket name
      Location name
      TransferType? internal|oss_acc !0031-00000010
    HistoricalObjectReplication? enabled|disabled =enabled !0031-00000011
    SyncRole? text
    SourceSelectionCriteria?
      SseKmsEncryptedObjects?
        Status Enabled|Disabled
    EncryptionConfiguration?
      ReplicaKmsKeyID? text
""")
_RULE: Final = parse_schema("""
ReplicationRule
  RTC ?0031-00000013
    Status enabled|disabled
  ID name ?0031-00000015
""")
_RULES: Final = parse_schema("""
ReplicationRules
  ID name ?0031-00000008
""")


class RuleStatus(StrEnum):
    """The states of a rule. There are no others, because nothing is copied."""

    STARTING = "starting"
    CLOSING = "closing"


def parse(document: bytes) -> list[Node]:
    """Parse the rules of a request; raises `DocumentError` and `InvalidArgument`."""
    added = _SCHEMA.parse(document).all("Rule")
    for rule in added:
        prefixes = sorted(prefix.value for group in rule.all("PrefixSet") for prefix in group)
        for one, other in pairwise(prefixes):
            if other.startswith(one):
                message = f"It overlaps with the prefix {one!r}; remove one of them."
                raise invalid_argument("Prefix", other, message, ec="0031-00000019")
        actions = rule.text("Action")
        if not _ACTIONS.issuperset(actions.split(",")):
            message = f"An action must be {listed(sorted(_ACTIONS))}."
            raise invalid_argument("Action", actions, message, ec="0031-00000023")
        target = rule.text("Destination/Bucket")
        if not is_bucket_name(target):
            message = "The Bucket must be the name of a bucket."
            raise invalid_argument("Bucket", target, message, ec="0031-00000101")
    return added


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
