"""Replication between buckets: rules are kept and shown, nothing is ever copied."""

from random import getrandbits

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, Takes, operation
from oss_emulator.protocol import regions, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Children, Node

SUBRESOURCE = "replication"
_ROOT = "ReplicationConfiguration"
_STARTING, _CLOSING = "starting", "closing"


@operation(
    "PutBucketReplication",
    "POST",
    Resource.BUCKET,
    f"{SUBRESOURCE}&comp=add",
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def put_bucket_replication(call: Call) -> Response:
    """Add rules; raises `BucketReplicationAlreadyExist` for a target that has one."""
    content = schema.read(call.body.read(), _ROOT)
    present = [rule for rule in _rules(call) if rule.text("Status") != _CLOSING]
    targets = {rule.text("Destination/Bucket") for rule in present}
    rules: list[xml.Value] = [rule.content for rule in present]
    rule_id = ""
    for rule in xml.parse(xml.format(_ROOT, content), _ROOT):
        if rule.text("Destination/Bucket") in targets:
            raise OSSError(Code.REPLICATION_ALREADY_EXISTS, BucketName=call.bucket.name)
        rule_id = rule.text("ID") or f"{getrandbits(128):032x}"
        rules.append(_starting(rule, rule_id))
    _keep(call, rules)
    return Response(200, {"x-oss-replication-rule-id": rule_id})


@operation("GetBucketReplication", "GET", Resource.BUCKET, SUBRESOURCE, status=Status.KEPT)
def get_bucket_replication(call: Call) -> Response:
    """The rules with their states; raises `NoSuchReplicationConfiguration`."""
    document = call.documents.get(SUBRESOURCE)
    if document is None:
        raise OSSError(Code.NO_SUCH_REPLICATION, BucketName=call.bucket.name)
    return xml.reply(document)


@operation(
    "DeleteBucketReplication",
    "POST",
    Resource.BUCKET,
    f"{SUBRESOURCE}&comp=delete",
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def delete_bucket_replication(call: Call) -> Response:
    """Close a rule: it is shown as closing until other rules are put."""
    ((_, rule_id),) = schema.read(call.body.read(), "ReplicationRules")
    _change(call, str(rule_id), ("Status", _CLOSING))
    return Response()


@operation("PutBucketRtc", "PUT", Resource.BUCKET, "rtc", takes=Takes.DOCUMENT, status=Status.KEPT)
def put_bucket_rtc(call: Call) -> Response:
    """Switch the time control of a rule; raises `NoSuchReplicationRule`."""
    content = dict(schema.read(call.body.read(), "ReplicationRule"))
    _change(call, str(content["ID"]), ("RTC", content["RTC"]))
    return Response()


@operation(
    "GetBucketReplicationLocation",
    "GET",
    Resource.BUCKET,
    "replicationLocation",
    status=Status.KEPT,
)
def get_bucket_replication_location(call: Call) -> Response:
    """Where the bucket could be replicated to: every other region."""
    others = [regions.location(name) for name in regions.REGIONS if name != call.bucket.region]
    transfer: Children = [
        (
            "LocationTransferType",
            [("Location", name), ("TransferTypes", [("Type", "oss_acc")])],
        )
        for name in others
    ]
    locations = [("Location", name) for name in others]
    return xml.answer(
        "ReplicationLocation",
        [
            *locations,
            ("LocationTransferTypeConstraint", transfer),
            ("LocationRTCConstraint", locations),
        ],
    )


@operation(
    "GetBucketReplicationProgress",
    "GET",
    Resource.BUCKET,
    "replicationProgress",
    status=Status.KEPT,
)
def get_bucket_replication_progress(call: Call) -> Response:
    """How far a rule is: at its beginning; raises `NoSuchReplicationRule`."""
    rule = _rule(call, call.request.query.get("rule-id", ""))
    shown = ("ID", "PrefixSet", "Action", "Destination", "Status", "HistoricalObjectReplication")
    content = [(child.name, child.content) for child in rule if child.name in shown]
    progress: Children = [("HistoricalObject", 0)]
    return xml.answer("ReplicationProgress", [("Rule", [*content, ("Progress", progress)])])


def _starting(rule: Node, rule_id: str) -> Children:
    """A new rule as it is shown: with what its role and its encryption do not make void."""
    void = {"ID"}
    encrypted = rule.text("SourceSelectionCriteria/SseKmsEncryptedObjects/Status")
    if rule.first("SyncRole") is None:
        void |= {"SourceSelectionCriteria", "EncryptionConfiguration"}
    elif encrypted != "Enabled":
        void.add("EncryptionConfiguration")
    kept = [(child.name, child.content) for child in rule if child.name not in void]
    return [("ID", rule_id), *kept, ("Status", _STARTING)]


def _change(call: Call, rule_id: str, change: tuple[str, xml.Value]) -> None:
    """Replace one child of a rule."""
    _rule(call, rule_id)
    name, _ = change
    rules: list[xml.Value] = []
    for rule in _rules(call):
        content = [(child.name, child.content) for child in rule]
        if rule.text("ID") == rule_id:
            content = [*(child for child in content if child[0] != name), change]
        rules.append(content)
    _keep(call, rules)


def _rule(call: Call, rule_id: str) -> Node:
    for rule in _rules(call):
        if rule.text("ID") == rule_id:
            return rule
    raise OSSError(Code.NO_SUCH_REPLICATION_RULE, BucketName=call.bucket.name)


def _rules(call: Call) -> list[Node]:
    document = call.documents.get(SUBRESOURCE)
    return [] if document is None else xml.parse(document, _ROOT).all("Rule")


def _keep(call: Call, rules: list[xml.Value]) -> None:
    call.keep(SUBRESOURCE, xml.format(_ROOT, [("Rule", rule) for rule in rules]))
