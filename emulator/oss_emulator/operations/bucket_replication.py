"""Replication between buckets: add, read and close rules."""

from oss_emulator.documents import replication
from oss_emulator.documents.replication import RuleStatus
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import address, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Children, Node


@answers(f"POST /bucket?{replication.SUBRESOURCE}&comp=add", "PutBucketReplication")
def put_bucket_replication(call: Call) -> Response:
    """Add rules.

    Raises `BucketReplicationAlreadyExist` for a target that has one, `InvalidTargetLocation` for a
    target in another region than the rule says, and `InvalidRequest` if versioning is suspended, or
    enabled for only one of the two buckets. A target may be missing.
    """
    added = replication.parse(call.body.read())
    if call.bucket.versioning == "Suspended":
        raise OSSError(ErrorCase.REPLICATION_SUSPENDED, BucketName=call.bucket.name)
    present = [
        rule
        for rule in replication.rules(call.documents)
        if rule.text("Status") != RuleStatus.CLOSING
    ]
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
        rule_id, started = replication.start(rule)
        rules.append(started)
    _keep(call, rules)
    return Response(200, {"x-oss-replication-rule-id": rule_id})


@answers(f"GET /bucket?{replication.SUBRESOURCE}", "GetBucketReplication")
def get_bucket_replication(call: Call) -> Response:
    """Return the rules with their states; raises `NoSuchReplicationConfiguration`."""
    missing = OSSError(ErrorCase.NO_SUCH_REPLICATION, BucketName=call.bucket.name)
    return xml.reply(call.document(replication.SUBRESOURCE, missing))


@answers(f"POST /bucket?{replication.SUBRESOURCE}&comp=delete", "DeleteBucketReplication")
def delete_bucket_replication(call: Call) -> Response:
    """Close a rule; it is shown as closing until rules are put again."""
    rule_id = replication.parse_deletion(call.body.read())
    _change(call, rule_id, ("Status", RuleStatus.CLOSING))
    return Response()


@answers("PUT /bucket?rtc", "PutBucketRtc")
def put_bucket_rtc(call: Call) -> Response:
    """Switch the time control (RTC) of a rule; raises `NoSuchReplicationRule`."""
    rule_id, control = replication.parse_rtc(call.body.read())
    _change(call, rule_id, ("RTC", control), ec="0031-00000110")
    return Response()


@answers("GET /bucket?replicationLocation", "GetBucketReplicationLocation")
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


@answers("GET /bucket?replicationProgress", "GetBucketReplicationProgress")
def get_bucket_replication_progress(call: Call) -> Response:
    """Return the progress (always 0) of a rule, or of all rules if no id is given.

    Raises `NoSuchReplicationRule`.
    """
    rule_id = call.request.query.get("rule-id", "")
    rules = [_rule(call, rule_id)] if rule_id else replication.rules(call.documents)
    return xml.respond("ReplicationProgress", *(("Rule", _progress(rule)) for rule in rules))


def _progress(rule: Node) -> Children:
    """Describe a rule that is starting and has copied nothing (P-97)."""
    shown = ("ID", "PrefixSet", "Action", "Destination", "Status", "HistoricalObjectReplication")
    content = [(child.name, child.content) for child in rule if child.name in shown]
    return [*content, ("Progress", [("HistoricalObject", 0)])]


def _change(call: Call, rule_id: str, change: tuple[str, xml.Value], ec: str = "") -> None:
    _rule(call, rule_id, ec)
    rules: list[xml.Value] = []
    for rule in replication.rules(call.documents):
        content = {child.name: child.content for child in rule}
        if rule.text("ID") == rule_id:
            content.update([change])
        rules.append(replication.shown(content))
    _keep(call, rules)


def _rule(call: Call, rule_id: str, ec: str = "") -> Node:
    for rule in replication.rules(call.documents):
        if rule.text("ID") == rule_id:
            return rule
    raise OSSError(ErrorCase.NO_SUCH_REPLICATION_RULE, ec=ec, BucketName=call.bucket.name)


def _keep(call: Call, rules: list[xml.Value]) -> None:
    call.keep(replication.SUBRESOURCE, replication.format(rules))
