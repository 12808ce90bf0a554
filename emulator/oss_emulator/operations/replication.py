"""Rules of replication between buckets, stored but not applied."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from random import getrandbits
from typing import Final

from oss_referer.sources.account import is_bucket_name

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import Documents
from oss_emulator.operations.operation import answers
from oss_emulator.operations.schema import parse_schema
from oss_emulator.protocol import address, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError, listed
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
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


def _parse(document: bytes) -> list[Node]:
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


_RTC_OFF: Final = [("Status", "disabled")]


def _rules(documents: Documents) -> list[Node]:
    document = documents.get(SUBRESOURCE)
    return [] if document is None else xml.parse(document, _SCHEMA.name).all("Rule")


def _start(rule: Node) -> tuple[str, Children]:
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
    return rule_id, _shown({**stored, "ID": rule_id, "Status": RuleStatus.STARTING})


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


def _shown(rule: Mapping[str, xml.Value]) -> Children:
    """Return a rule in the order of the service, with its time control if that is on (P-98)."""
    off = rule.get("RTC") == _RTC_OFF
    return [(name, rule[name]) for name in _SHOWN if name in rule and not (off and name == "RTC")]


@answers(f"POST /bucket?{SUBRESOURCE}&comp=add", "PutBucketReplication", kept=True)
def put_bucket_replication(call: Call) -> Response:
    """Add rules.

    Raises `BucketReplicationAlreadyExist` for a target that has one, `InvalidTargetLocation` for a
    target in another region than the rule says, and `InvalidRequest` if versioning is suspended, or
    enabled for only one of the two buckets. A target may be missing.
    """
    added = _parse(call.body.read())
    if call.bucket.versioning == "Suspended":
        raise OSSError(ErrorCase.REPLICATION_SUSPENDED, BucketName=call.bucket.name)
    present = [rule for rule in _rules(call.documents) if rule.text("Status") != RuleStatus.CLOSING]
    targets = {rule.text("Destination/Bucket") for rule in present}
    rules: list[xml.Value] = [rule.content for rule in present]
    rule_id = ""
    for rule in added:
        name = rule.text("Destination/Bucket")
        if name in targets:
            raise OSSError(ErrorCase.REPLICATION_ALREADY_EXISTS, BucketName=call.bucket.name)
        region = rule.text("Destination/Location").removeprefix("oss-")
        target = call.storage.bucket(name)
        if target is not None and target.versioning != call.bucket.versioning:
            raise OSSError(ErrorCase.REPLICATION_VERSIONING_DIFFERS, BucketName=call.bucket.name)
        if target is not None and target.region != region:
            raise OSSError(ErrorCase.INVALID_TARGET_LOCATION, TargetBucket=target.name)
        rule_id, started = _start(rule)
        rules.append(started)
    _keep(call, rules)
    return Response(200, {"x-oss-replication-rule-id": rule_id})


@answers(f"GET /bucket?{SUBRESOURCE}", "GetBucketReplication", kept=True)
def get_bucket_replication(call: Call) -> Response:
    """Return the rules with their states; raises `NoSuchReplicationConfiguration`."""
    missing = OSSError(ErrorCase.NO_SUCH_REPLICATION, BucketName=call.bucket.name)
    return xml.reply(call.document(SUBRESOURCE, missing))


@answers(f"POST /bucket?{SUBRESOURCE}&comp=delete", "DeleteBucketReplication", kept=True)
def delete_bucket_replication(call: Call) -> Response:
    """Close a rule; it is shown as closing until rules are put again."""
    rule_id = _RULES.parse(call.body.read()).text("ID")
    _change(call, rule_id, ("Status", RuleStatus.CLOSING))
    return Response()


@answers("PUT /bucket?rtc", "PutBucketRtc", kept=True)
def put_bucket_rtc(call: Call) -> Response:
    """Switch the time control (RTC) of a rule; raises `NoSuchReplicationRule`."""
    node = _RULE.parse(call.body.read())
    control = [("Status", node.text("RTC/Status"))]
    _change(call, node.text("ID"), ("RTC", control), ec="0031-00000110")
    return Response()


@answers("GET /bucket?replicationLocation", "GetBucketReplicationLocation", kept=True)
def get_bucket_replication_location(call: Call) -> Response:
    """List the regions that a bucket can be replicated to: all other regions, by name."""
    others = sorted(
        address.location(name) for name in address.REGIONS if name != call.bucket.region
    )
    transfer: Children = [
        ("LocationTransferType", [("Location", name), ("TransferTypes", [("Type", "oss_acc")])])
        for name in others
    ]
    locations = [("Location", name) for name in others]
    return xml.respond(
        "ReplicationLocation",
        *locations,
        ("LocationTransferTypeConstraint", transfer),
        ("LocationRTCConstraint", locations),
    )


@answers("GET /bucket?replicationProgress", "GetBucketReplicationProgress", kept=True)
def get_bucket_replication_progress(call: Call) -> Response:
    """Return the progress (always 0) of a rule, or of all rules if no id is given.

    Raises `NoSuchReplicationRule`.
    """
    rule_id = call.request.query.get("rule-id", "")
    rules = [_rule(call, rule_id)] if rule_id else _rules(call.documents)
    return xml.respond("ReplicationProgress", *(("Rule", _progress(rule)) for rule in rules))


def _progress(rule: Node) -> Children:
    """Describe a rule that is starting and has copied nothing (P-97)."""
    shown = ("ID", "PrefixSet", "Action", "Destination", "Status", "HistoricalObjectReplication")
    content = [(child.name, child.content) for child in rule if child.name in shown]
    return [*content, ("Progress", [("HistoricalObject", 0)])]


def _change(call: Call, rule_id: str, change: tuple[str, xml.Value], ec: str = "") -> None:
    _rule(call, rule_id, ec)
    rules: list[xml.Value] = []
    for rule in _rules(call.documents):
        content = {child.name: child.content for child in rule}
        if rule.text("ID") == rule_id:
            content.update([change])
        rules.append(_shown(content))
    _keep(call, rules)


def _rule(call: Call, rule_id: str, ec: str = "") -> Node:
    for rule in _rules(call.documents):
        if rule.text("ID") == rule_id:
            return rule
    raise OSSError(ErrorCase.NO_SUCH_REPLICATION_RULE, ec=ec, BucketName=call.bucket.name)


def _keep(call: Call, rules: list[xml.Value]) -> None:
    call.keep(SUBRESOURCE, xml.format(_SCHEMA.name, [("Rule", rule) for rule in rules]))
