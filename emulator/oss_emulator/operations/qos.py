"""Limits of bandwidth and requests for buckets and requesters, stored but not applied."""

from typing import Final

from oss_emulator.operations.call import Call
from oss_emulator.operations.document import document, simple
from oss_emulator.operations.operation import Operation, answers
from oss_emulator.protocol import headers, paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.xml import Node

_NO_LIMIT: Final = -1

_ACCOUNT: Final = {"Upload": 10, "Download": 10}
"""The default bandwidth of an account in a region, in Gbit/s; requests are not limited."""

_SCHEMA: Final = """
QoSConfiguration
  TotalUploadBandwidth? -1.. =-1
  IntranetUploadBandwidth? -1.. =-1
  ExtranetUploadBandwidth? -1.. =-1
  TotalDownloadBandwidth? -1.. =-1
  IntranetDownloadBandwidth? -1.. =-1
  ExtranetDownloadBandwidth? -1.. =-1
  TotalQps? -1.. =-1
  IntranetQps? -1.. =-1
  ExtranetQps? -1.. =-1
"""

REQUESTER: Final = simple(f"""
PUT DELETE /bucket?requesterQosInfo&qosRequester BucketRequesterQosInfo kept id=Requester
absent: NO_SUCH_REQUESTER_QOS{_SCHEMA}""")


@document(f"""
PUT GET DELETE /bucket?qosInfo BucketQosInfo kept
absent: NO_SUCH_QOS{_SCHEMA}""")
def qos(node: Node, _: Call) -> xml.Value:
    """The limits of a bucket; they must not be above those of the account."""
    found = {child.name: int(child.value) for child in node}
    for way, most in _ACCOUNT.items():
        _check(found, f"{way}Bandwidth", most)
    _check(found, "Qps", _NO_LIMIT)
    return node.content


def _check(found: dict[str, int], unit: str, most: int) -> None:
    """Check the total against the account's limit, and its parts against the total."""
    total = found[f"Total{unit}"]
    parts = [f"{network}{unit}" for network in ("Intranet", "Extranet")]
    for name, bound in [(f"Total{unit}", most), *((part, total) for part in parts)]:
        bound = most if bound == _NO_LIMIT else bound
        if bound != _NO_LIMIT and found[name] > bound:
            message = f"The {name} must not be larger than {bound}."
            raise headers.invalid_argument(name, str(found[name]), message)


@answers("GET /?qosInfo", "GetUserQosInfo", kept=True)
def get_user_qos_info(call: Call) -> Response:
    """Return the limits of the account, with the same root as a bucket's limits (P-58)."""
    totals = {f"Total{way}Bandwidth": limit for way, limit in _ACCOUNT.items()}
    limits = [(each.name, totals.get(each.name, _NO_LIMIT)) for each in qos.schema.children]
    return xml.respond(qos.schema.name, ("Region", call.region), *limits)


@answers(f"GET /bucket?{REQUESTER.subresource}", "GetBucketRequesterQosInfo", kept=True)
def get_bucket_requester_qos_info(call: Call) -> Response:
    """Return the limits of one requester; raises `NoSuchRequesterQosInfo` if none were put."""
    requester = call.request.query["qosRequester"]
    missing = OSSError(ErrorCase.NO_SUCH_REQUESTER_QOS)
    stored = call.document(REQUESTER.prefix + requester, missing)
    return xml.respond("RequesterQoSInfo", *_requester(requester, stored))


@answers("GET /bucket?requesterQosInfo", "ListBucketRequesterQosInfos", kept=True)
def list_bucket_requester_qos_infos(call: Call) -> Response:
    """List a page of the requesters with limits."""
    query = call.request.query
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    found = call.documents_below(REQUESTER.prefix).items()
    page, following = paging.after(found, marker, limit)
    return xml.respond(
        "ListBucketRequesterQoSInfosResult",
        ("Bucket", call.bucket.name),
        ("ContinuationToken", marker),
        ("NextContinuationToken", following),
        ("IsTruncated", bool(following)),
        *(("RequesterQoSInfo", _requester(name, stored)) for name, stored in page),
    )


def _requester(name: str, stored: bytes) -> xml.Children:
    root = qos.schema.name
    return [("Requester", name), (root, xml.parse(stored, root).content)]


@answers("GET /?resourcePool", "ListResourcePools", kept=True)
def list_resource_pools(call: Call) -> Response:
    """Return an empty list of resource pools, because none can be created."""
    return xml.respond(
        "ListResourcePoolsResult",
        ("Region", call.region),
        ("Owner", call.caller.id),
        ("ContinuationToken", call.request.query.get("continuation-token", "")),
        ("NextContinuationToken", ""),
        ("IsTruncated", False),
    )


def _no_resource_pool(call: Call) -> Response:
    """Raise `NoSuchResourcePool`."""
    raise OSSError(ErrorCase.NO_SUCH_RESOURCE_POOL, ResourcePool=call.request.query["resourcePool"])


OPERATIONS: tuple[Operation, ...] = tuple(
    answers(f"{method} /?resourcePool&{refinement}", name, kept=True)(_no_resource_pool)
    for name, method, refinement in (
        ("GetResourcePoolInfo", "GET", "resourcePoolInfo"),
        ("ListResourcePoolBuckets", "GET", "resourcePoolBuckets"),
        ("ListResourcePoolRequesterQosInfos", "GET", "requesterQosInfo"),
        ("GetResourcePoolRequesterQosInfo", "GET", REQUESTER.subresource),
        ("PutResourcePoolRequesterQosInfo", "PUT", REQUESTER.subresource),
        ("DeleteResourcePoolRequesterQosInfo", "DELETE", REQUESTER.subresource),
    )
)
