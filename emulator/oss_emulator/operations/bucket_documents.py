"""Configurations that are validated, kept and answered again: one row of a table for each."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import getrandbits

from oss_emulator.documents import bucket_tagging, lifecycle, resource_group, schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation, Resource, Status, Takes, operation
from oss_emulator.protocol import headers, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Children, DocumentError, Node


@dataclass(frozen=True, slots=True)
class Document:
    """One configuration: the calls about it, its form, and what it is until it is put."""

    name: str
    """Operations are named Put, Get and Delete and this."""
    subresource: str
    root: str
    """The root element, whose schema is in `documents.schema`."""
    absent: Code | Children
    """What GET answers where nothing was put: an error or a content."""
    settle: Callable[[Call, Node], xml.Value] = lambda _, node: node.content
    """Checks what no schema can say; returns the content to keep."""
    deletable: bool = True
    resource: Resource = Resource.BUCKET
    status: Status = Status.KEPT
    """Whoever enforces a configuration reads it from the bucket."""
    action: str = ""
    """As `name`, for the RAM actions that are named otherwise."""


def put(row: Document, call: Call) -> Response:
    """Replace the configuration as a whole; raises `MalformedXML` and what its row raises."""
    document = xml.format(row.root, schema.read(call.body.read(), row.root))
    content = row.settle(call, xml.parse(document, row.root))
    call.keep(row.subresource, xml.format(row.root, content))
    return Response()


def get(row: Document, call: Call) -> Response:
    """The configuration in the service's form (P-31)."""
    document = call.documents.get(row.subresource)
    if document is not None:
        return xml.reply(document)
    if isinstance(row.absent, Code):
        raise OSSError(row.absent, BucketName=call.target.bucket)
    return xml.answer(row.root, row.absent)


def delete(row: Document, call: Call) -> Response:
    """Remove the configuration; 204 whether it was there or not."""
    call.keep(row.subresource, None)
    return Response(204)


# --- What no schema can say


def _cors(_: Call, node: Node) -> xml.Value:
    rules = node.all("CORSRule")
    if len(rules) > MAX_CORS_RULES:
        raise OSSError(Code.TOO_MANY_CORS_RULES)
    for rule in rules:
        for name, asterisks in (("AllowedOrigin", 1), ("AllowedHeader", 1), ("ExposeHeader", 0)):
            for value in (child.value for child in rule.all(name)):
                if value.count("*") > asterisks:
                    message = f"An {name} holds {asterisks} asterisks at most."
                    raise headers.invalid_argument(name, value, message)
    vary = [(child.name, child.content) for child in node.all("ResponseVary")]
    return [*(("CORSRule", _cors_rule(rule)) for rule in rules), *vary]


def _cors_rule(rule: Node) -> Children:
    """A rule with its request headers in lower case, as the service answers them."""
    return [
        (child.name, child.value.lower() if child.name == "AllowedHeader" else child.content)
        for child in rule
    ]


MAX_CORS_RULES = 20


def _lifecycle(call: Call, node: Node) -> xml.Value:
    overlap = headers.flag(call.request.headers, lifecycle.ALLOW_OVERLAP)
    lifecycle.check(node, overlap=overlap)
    return [("Rule", _identified(call, rule)) for rule in node]


def _identified(call: Call, rule: Node) -> Children:
    """A rule with an ID, and where it asks for access times with the time they are known from."""
    content = [(child.name, child.content) for child in rule]
    if rule.first("ID") is None:
        content.insert(0, ("ID", f"{getrandbits(128):032x}"))
    if any(move.text("IsAccessTime") == "true" for move in rule):
        content = [child for child in content if child[0] != "AtimeBase"]
        content.append(("AtimeBase", int(call.request.received)))
    return content


def _logging(call: Call, node: Node) -> xml.Value:
    name = node.text("LoggingEnabled/TargetBucket")
    if name:
        target = call.storage.bucket(name)
        if target is None:
            raise OSSError(Code.INVALID_LOGGING_TARGET, TargetBucket=name)
        if target.owner != call.bucket.owner:
            raise OSSError(Code.FOREIGN_LOGGING_TARGET, TargetBucket=name)
    return node.content


MAX_LOG_FIELDS = 6
_HEADER = re.compile(r"[!-9;-^`-~]+")


def _log_fields(_: Call, node: Node) -> xml.Value:
    names = [name for group in node for name in group]
    if len(names) > MAX_LOG_FIELDS:
        raise DocumentError(f"{len(names)} fields are named; {MAX_LOG_FIELDS} can be logged.")
    for name in names:
        if name.name == "header" and not _HEADER.fullmatch(name.value):
            message = "A header's name is printable ASCII without an underscore or a colon."
            raise headers.invalid_argument("header", name.value, message)
    return node.content


MAX_ROUTING_RULES = 20


def _website(_: Call, node: Node) -> xml.Value:
    if not any(True for _ in node):
        raise DocumentError("A WebsiteConfiguration without any element configures nothing.")
    suffix = node.text("IndexDocument/Suffix")
    if "/" in suffix:
        message = "The name of the index page holds no slash."
        raise headers.invalid_argument("Suffix", suffix, message)
    routing = node.first("RoutingRules")
    rules = [] if routing is None else routing.all("RoutingRule")
    if len(rules) > MAX_ROUTING_RULES:
        raise DocumentError(f"{len(rules)} routing rules are more than {MAX_ROUTING_RULES}.")
    numbers = [rule.text("RuleNumber") for rule in rules]
    for number in numbers:
        if numbers.count(number) > 1:
            message = "Two routing rules have the same number."
            raise headers.invalid_argument("RuleNumber", number, message)
    settled = [("RoutingRule", _routing_rule(rule)) for rule in rules]
    rest = [(child.name, child.content) for child in node if child.name != "RoutingRules"]
    return rest if routing is None else [*rest, ("RoutingRules", settled)]


def _routing_rule(rule: Node) -> xml.Value:
    """A rule; one that mirrors passes on the query as it says for its origin."""
    redirect = rule.first("Redirect")
    if redirect is None or redirect.text("RedirectType") != "Mirror":
        return rule.content
    _check_mirror(redirect.text("MirrorURL"))
    settled = {child.name: child.content for child in redirect}
    if "MirrorPassQueryString" in settled:
        settled["PassQueryString"] = settled["MirrorPassQueryString"]
    content = {child.name: child.content for child in rule}
    return list({**content, "Redirect": list(settled.items())}.items())


def _check_mirror(url: str) -> None:
    if not url.startswith(("http://", "https://")) or not url.endswith("/"):
        message = "The origin of a mirror is an HTTP URL that ends with a slash."
        raise headers.invalid_argument("MirrorURL", url, message)


def _encryption(_: Call, node: Node) -> xml.Value:
    (rule,) = node
    algorithm = rule.text("SSEAlgorithm")
    if algorithm not in headers.ENCRYPTIONS:
        raise OSSError(Code.INVALID_ENCRYPTION)
    if algorithm != "KMS":
        if rule.first("KMSMasterKeyID") is not None:
            raise OSSError(Code.KEY_WITHOUT_KMS)
        # How KMS encrypts data means nothing here and is not answered (oss2's suite).
        return [(rule.name, [("SSEAlgorithm", algorithm)])]
    if rule.text("KMSDataEncryption", "SM4") != "SM4":
        raise OSSError(Code.INVALID_DATA_ENCRYPTION)
    return node.content


def _tags(_: Call, node: Node) -> xml.Value:
    tag_set = node.first("TagSet")
    tags = [] if tag_set is None else tag_set.all("Tag")
    bucket_tagging.check([(tag.text("Key"), tag.text("Value")) for tag in tags])
    return node.content


def _resource_group(_: Call, node: Node) -> xml.Value:
    # No group gives the bucket back to the default one (SDK V2's suite).
    group = node.text("ResourceGroupId") or resource_group.DEFAULT
    return [("ResourceGroupId", resource_group.check(group))]


def _https(_: Call, node: Node) -> xml.Value:
    tls = node.first("TLS")
    if tls is None:
        return node.content
    versions = list(dict.fromkeys(version.value for version in tls.all("TLSVersion")))
    if tls.text("Enable") == "true" and not versions:
        raise DocumentError("TLS is enabled and no TLSVersion is named.")
    settled = [("Enable", tls.text("Enable")), *(("TLSVersion", name) for name in versions)]
    rest = [(child.name, child.content) for child in node if child.name != "TLS"]
    return [("TLS", settled), *rest]


# --- The table

# fmt: off
DOCUMENTS = (
    Document("BucketCors", "cors", "CORSConfiguration", Code.NO_SUCH_CORS, _cors, status=Status.ENFORCED),
    Document("BucketLifecycle", "lifecycle", "LifecycleConfiguration", Code.NO_SUCH_LIFECYCLE, _lifecycle),
    Document("BucketLogging", "logging", "BucketLoggingStatus", (), _logging),
    Document("UserDefinedLogFieldsConfig", "userDefinedLogFieldsConfig", "UserDefinedLogFieldsConfiguration", Code.NO_SUCH_LOG_FIELDS, _log_fields),
    Document("BucketWebsite", "website", "WebsiteConfiguration", Code.NO_SUCH_WEBSITE, _website, status=Status.ENFORCED),
    Document("BucketEncryption", "encryption", "ServerSideEncryptionRule", Code.NO_SUCH_ENCRYPTION, _encryption, status=Status.ENFORCED),
    Document("BucketTags", "tagging", "Tagging", (("TagSet", ()),), _tags, deletable=False, status=Status.ENFORCED, action="BucketTagging"),
    Document("BucketRequestPayment", "requestPayment", "RequestPaymentConfiguration", (("Payer", "BucketOwner"),), deletable=False, status=Status.ENFORCED),
    Document("BucketTransferAcceleration", "transferAcceleration", "TransferAccelerationConfiguration", Code.NO_SUCH_ACCELERATION, deletable=False, status=Status.ENFORCED),
    Document("BucketAccessMonitor", "accessmonitor", "AccessMonitorConfiguration", (("Status", "Disabled"),), deletable=False),
    Document("BucketResourceGroup", resource_group.SUBRESOURCE, resource_group.ROOT, (("ResourceGroupId", resource_group.DEFAULT),), _resource_group, deletable=False, status=Status.ENFORCED),
    Document("BucketHttpsConfig", "httpsConfig", "HttpsConfiguration", Code.NO_SUCH_HTTPS, _https, deletable=False),
    Document("BucketArchiveDirectRead", "bucketArchiveDirectRead", "ArchiveDirectReadConfiguration", (("Enabled", False),), deletable=False, status=Status.ENFORCED),
    Document("PublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration", (("BlockPublicAccess", False),), resource=Resource.SERVICE, status=Status.ENFORCED),
    Document("BucketPublicAccessBlock", "publicAccessBlock", "PublicAccessBlockConfiguration", (("BlockPublicAccess", False),), status=Status.ENFORCED),
    Document("BucketCallbackPolicy", "policy&comp=callback", "BucketCallbackPolicy", Code.NO_SUCH_CALLBACK_POLICY, status=Status.ENFORCED),
    Document("BucketOverwriteConfig", "overwriteConfig", "OverwriteConfiguration", ()),
    Document("BucketStorageQuota", "quota", "QuotaConfiguration", (("StorageQuota", -1),)),
    Document("BucketStorageCapacity", "qos", "BucketUserQos", (("StorageCapacity", -1),), deletable=False),
)
# fmt: on


def _operations(row: Document) -> list[Operation]:
    return [
        operation(
            f"{verb}{row.name}",
            verb.upper(),
            row.resource,
            row.subresource,
            takes=Takes.DOCUMENT if verb == "Put" else Takes.NOTHING,
            status=row.status,
            action=f"oss:{verb}{row.action or row.name}",
        )(partial(perform, row))
        for verb, perform in (("Put", put), ("Get", get), ("Delete", delete))
        if row.deletable or verb != "Delete"
    ]


OPERATIONS = tuple(item for row in DOCUMENTS for item in _operations(row))
