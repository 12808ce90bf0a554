"""The service itself: ListBuckets."""

from itertools import islice

from emulator.dispatch import Call, Resource, operation
from emulator.protocol import dates, xml
from emulator.protocol.message import Response
from emulator.protocol.parameters import max_keys
from emulator.storage import Bucket


@operation("ListBuckets", "GET", Resource.SERVICE)
def list_buckets(call: Call) -> Response:
    """List the caller's buckets by name (GetService; prefix, marker, max-keys)."""
    query = call.request.query
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = max_keys(query)
    found = (
        bucket
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        and bucket.name.startswith(prefix)
        and bucket.name > marker
    )
    page = list(islice(found, limit + 1))
    truncated = len(page) > limit
    page = page[:limit]
    return xml.answer(
        "ListAllMyBucketsResult",
        [
            ("Prefix", prefix),
            ("Marker", marker),
            ("MaxKeys", limit),
            ("IsTruncated", truncated),
            ("NextMarker", page[-1].name if truncated else None),
            ("Owner", xml.owner(call.caller.id)),
            ("Buckets", [("Bucket", _summary(call, bucket)) for bucket in page]),
        ],
    )


def _summary(call: Call, bucket: Bucket) -> xml.Children:
    return [
        ("Name", bucket.name),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("Location", f"oss-{bucket.region}"),
        ("Region", bucket.region),
        ("StorageClass", bucket.storage_class),
        ("ExtranetEndpoint", call.endpoint),
        ("IntranetEndpoint", call.internal_endpoint),
    ]
