"""Limits of bandwidth and requests for buckets and requesters: put, read and delete them."""

from oss_emulator.documents import qos
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation, answers
from oss_emulator.protocol import paging, parameters, xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_BUCKET = "qosInfo"
_REQUESTERS = "requesterQosInfo"
_REQUESTER = f"{_REQUESTERS}&qosRequester"
_PREFIX = f"{_REQUESTERS}/"


@answers(f"GET /?{_BUCKET}", "GetUserQosInfo")
def get_user_qos_info(call: Call) -> Response:
    """Return the limits of the account, with the same root as a bucket's limits (P-58)."""
    return xml.respond(qos.ROOT, ("Region", call.region), *qos.account_limits())


@answers(f"PUT /bucket?{_BUCKET}", "PutBucketQosInfo")
def put_bucket_qos_info(call: Call) -> Response:
    """Replace the limits of a bucket; raises `InvalidArgument` above those of the account."""
    call.keep(_BUCKET, qos.format_bucket(call.body.read()))
    return Response()


@answers(f"GET /bucket?{_BUCKET}", "GetBucketQosInfo")
def get_bucket_qos_info(call: Call) -> Response:
    """Return the limits of a bucket; raises `NoSuchBucketQosInfo` if none were put (Go V1)."""
    missing = OSSError(ErrorCase.NO_SUCH_QOS, BucketName=call.bucket.name)
    return xml.reply(xml.format(qos.ROOT, qos.limits(call.document(_BUCKET, missing))))


@answers(f"DELETE /bucket?{_BUCKET}", "DeleteBucketQosInfo")
def delete_bucket_qos_info(call: Call) -> Response:
    call.keep(_BUCKET, None)
    return Response(204)


@answers(f"PUT /bucket?{_REQUESTER}", "PutBucketRequesterQosInfo")
def put_bucket_requester_qos_info(call: Call) -> Response:
    name = _PREFIX + call.request.query["qosRequester"]
    call.keep(name, qos.format(call.body.read()))
    return Response()


@answers(f"GET /bucket?{_REQUESTER}", "GetBucketRequesterQosInfo")
def get_bucket_requester_qos_info(call: Call) -> Response:
    """Return the limits of one requester; raises `NoSuchRequesterQosInfo` if none were put."""
    requester = call.request.query["qosRequester"]
    document = call.document(_PREFIX + requester, OSSError(ErrorCase.NO_SUCH_REQUESTER_QOS))
    return xml.respond("RequesterQoSInfo", *_requester(requester, document))


@answers(f"GET /bucket?{_REQUESTERS}", "ListBucketRequesterQosInfos")
def list_bucket_requester_qos_infos(call: Call) -> Response:
    """List a page of the requesters with limits."""
    query = call.request.query
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    page, following = paging.after(call.documents_below(_PREFIX).items(), marker, limit)
    return xml.respond(
        "ListBucketRequesterQoSInfosResult",
        ("Bucket", call.bucket.name),
        ("ContinuationToken", marker),
        ("NextContinuationToken", following),
        ("IsTruncated", bool(following)),
        *(("RequesterQoSInfo", _requester(name, document)) for name, document in page),
    )


@answers(f"DELETE /bucket?{_REQUESTER}", "DeleteBucketRequesterQosInfo")
def delete_bucket_requester_qos_info(call: Call) -> Response:
    call.keep(_PREFIX + call.request.query["qosRequester"], None)
    return Response(204)


@answers("GET /?resourcePool", "ListResourcePools")
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
    answers(f"{method} /?resourcePool&{refinement}", name)(_no_resource_pool)
    for name, method, refinement in (
        ("GetResourcePoolInfo", "GET", "resourcePoolInfo"),
        ("ListResourcePoolBuckets", "GET", "resourcePoolBuckets"),
        ("ListResourcePoolRequesterQosInfos", "GET", _REQUESTERS),
        ("GetResourcePoolRequesterQosInfo", "GET", _REQUESTER),
        ("PutResourcePoolRequesterQosInfo", "PUT", _REQUESTER),
        ("DeleteResourcePoolRequesterQosInfo", "DELETE", _REQUESTER),
    )
)


def _requester(name: str, document: bytes) -> xml.Children:
    return [("Requester", name), (qos.ROOT, qos.limits(document))]
