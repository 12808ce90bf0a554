"""Limits of bandwidth and requests: kept for buckets and requesters, never held against anyone."""

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Operation, Resource, Status, Takes, operation
from oss_emulator.protocol import headers, paging, parameters, xml
from oss_emulator.protocol.errors import Code, OSSError
from oss_emulator.protocol.message import Response

_ROOT = "QoSConfiguration"
_BUCKET = "qosInfo"
_REQUESTERS = "requesterQosInfo"
_REQUESTER = f"{_REQUESTERS}&qosRequester"
_PREFIX = f"{_REQUESTERS}/"

NO_LIMIT = -1

# What an account may use in a region by default, in Gbit/s; requests are not counted.
_USER = {"Upload": 10, "Download": 10}
_UNLIMITED = schema.complete(_ROOT)
_NAMES = [name for name, _ in _UNLIMITED]


@operation("GetUserQosInfo", "GET", Resource.SERVICE, _BUCKET, status=Status.KEPT)
def get_user_qos_info(call: Call) -> Response:
    """The limits of the account."""
    totals = {f"Total{way}Bandwidth": limit for way, limit in _USER.items()}
    limits = [(name, totals.get(name, NO_LIMIT)) for name in _NAMES]
    return xml.answer("UserQoSConfiguration", [("Region", call.region), *limits])


@operation(
    "PutBucketQosInfo", "PUT", Resource.BUCKET, _BUCKET, takes=Takes.DOCUMENT, status=Status.KEPT
)
def put_bucket_qos_info(call: Call) -> Response:
    """Replace the limits of a bucket; raises `InvalidArgument` for more than there is."""
    content = schema.read(call.body.read(), _ROOT)
    limits = {name: int(str(value)) for name, value in content}
    for way, most in _USER.items():
        _check(limits, f"{way}Bandwidth", most)
    _check(limits, "Qps", NO_LIMIT)
    call.keep(_BUCKET, xml.format(_ROOT, content))
    return Response()


@operation("GetBucketQosInfo", "GET", Resource.BUCKET, _BUCKET, status=Status.KEPT)
def get_bucket_qos_info(call: Call) -> Response:
    """The limits of a bucket; none where none were put."""
    return xml.answer(_ROOT, _limits(call.documents.get(_BUCKET)))


@operation("DeleteBucketQosInfo", "DELETE", Resource.BUCKET, _BUCKET, status=Status.KEPT)
def delete_bucket_qos_info(call: Call) -> Response:
    """Remove the limits of a bucket."""
    call.keep(_BUCKET, None)
    return Response(204)


@operation(
    "PutBucketRequesterQosInfo",
    "PUT",
    Resource.BUCKET,
    _REQUESTER,
    takes=Takes.DOCUMENT,
    status=Status.KEPT,
)
def put_bucket_requester_qos_info(call: Call) -> Response:
    """Replace the limits of one requester."""
    content = schema.read(call.body.read(), _ROOT)
    call.keep(_PREFIX + call.request.query["qosRequester"], xml.format(_ROOT, content))
    return Response()


@operation("GetBucketRequesterQosInfo", "GET", Resource.BUCKET, _REQUESTER, status=Status.KEPT)
def get_bucket_requester_qos_info(call: Call) -> Response:
    """The limits of one requester; none where none were put."""
    requester = call.request.query["qosRequester"]
    return xml.answer(
        "RequesterQoSInfo", _requester(requester, call.documents.get(_PREFIX + requester))
    )


@operation("ListBucketRequesterQosInfos", "GET", Resource.BUCKET, _REQUESTERS, status=Status.KEPT)
def list_bucket_requester_qos_infos(call: Call) -> Response:
    """A page of the requesters with limits."""
    query = call.request.query
    marker, limit = query.get("continuation-token", ""), parameters.max_keys(query)
    found = call.documents_below(_PREFIX).items()
    page, truncated = paging.first((item for item in found if item[0] > marker), limit)
    return xml.answer(
        "ListBucketRequesterQoSInfosResult",
        [
            ("Bucket", call.bucket.name),
            ("ContinuationToken", marker),
            ("NextContinuationToken", page[-1][0] if truncated else ""),
            ("IsTruncated", truncated),
            *(("RequesterQoSInfo", _requester(name, document)) for name, document in page),
        ],
    )


@operation(
    "DeleteBucketRequesterQosInfo", "DELETE", Resource.BUCKET, _REQUESTER, status=Status.KEPT
)
def delete_bucket_requester_qos_info(call: Call) -> Response:
    """Remove the limits of one requester."""
    call.keep(_PREFIX + call.request.query["qosRequester"], None)
    return Response(204)


@operation("ListResourcePools", "GET", Resource.SERVICE, "resourcePool", status=Status.KEPT)
def list_resource_pools(call: Call) -> Response:
    """The resource pools of the account: there are none, as no call can create one."""
    return xml.answer(
        "ListResourcePoolsResult",
        [
            ("Region", call.region),
            ("Owner", call.caller.id),
            ("ContinuationToken", call.request.query.get("continuation-token", "")),
            ("NextContinuationToken", ""),
            ("IsTruncated", False),
        ],
    )


def _no_resource_pool(call: Call) -> Response:
    """What every call about one pool answers: raises `NoSuchResourcePool`."""
    raise OSSError(Code.NO_SUCH_RESOURCE_POOL, ResourcePool=call.request.query["resourcePool"])


OPERATIONS: tuple[Operation, ...] = tuple(
    operation(
        name,
        method,
        Resource.SERVICE,
        f"resourcePool&{refinement}",
        takes=Takes.DOCUMENT if method == "PUT" else Takes.NOTHING,
        status=Status.KEPT,
    )(_no_resource_pool)
    for name, method, refinement in (
        ("GetResourcePoolInfo", "GET", "resourcePoolInfo"),
        ("ListResourcePoolBuckets", "GET", "resourcePoolBuckets"),
        ("ListResourcePoolRequesterQosInfos", "GET", _REQUESTERS),
        ("GetResourcePoolRequesterQosInfo", "GET", _REQUESTER),
        ("PutResourcePoolRequesterQosInfo", "PUT", _REQUESTER),
        ("DeleteResourcePoolRequesterQosInfo", "DELETE", _REQUESTER),
    )
)


def _check(limits: dict[str, int], unit: str, most: int) -> None:
    """The total within the account's limit, its parts within the total."""
    total = limits[f"Total{unit}"]
    parts = [f"{network}{unit}" for network in ("Intranet", "Extranet")]
    for name, bound in [(f"Total{unit}", most), *((part, total) for part in parts)]:
        bound = most if bound == NO_LIMIT else bound
        if bound != NO_LIMIT and limits[name] > bound:
            message = f"The {name} is larger than {bound}."
            raise headers.invalid_argument(name, str(limits[name]), message)


def _requester(name: str, document: bytes | None) -> xml.Children:
    return [("Requester", name), (_ROOT, _limits(document))]


def _limits(document: bytes | None) -> xml.Value:
    return _UNLIMITED if document is None else xml.parse(document, _ROOT).content
