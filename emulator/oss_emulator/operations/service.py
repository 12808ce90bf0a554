"""The service itself: ListBuckets."""

import re
from collections.abc import Mapping

from oss_emulator.documents import bucket_info, resource_group
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, operation
from oss_emulator.protocol import dates, paging, xml
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import max_keys
from oss_emulator.storage import Bucket


@operation("ListBuckets", "GET", Resource.SERVICE)
def list_buckets(call: Call) -> Response:
    """List the caller's buckets by name (GetService).

    Raises `InvalidArgument` where tags are asked for in two ways, or a value without its key.
    """
    query = call.request.query
    wanted, group = _tags(query), call.request.headers.get(resource_group.HEADER)
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    limit = max_keys(query)
    found = (
        bucket
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        and bucket.name.startswith(prefix)
        and bucket.name > marker
        and _has_tags(bucket, wanted)
        and group in (None, "", _group(bucket))
    )
    page, truncated = paging.first(found, limit)
    return xml.answer(
        "ListAllMyBucketsResult",
        [
            ("Prefix", prefix),
            ("Marker", marker),
            ("MaxKeys", limit),
            ("IsTruncated", truncated),
            ("NextMarker", page[-1].name if truncated else None),
            ("Owner", call.owner(call.caller.id)),
            ("Buckets", [("Bucket", _summary(call, bucket)) for bucket in page]),
        ],
    )


list_buckets_by_tags = operation("ListBuckets", "GET", Resource.SERVICE, bucket_info.TAGGING)(
    list_buckets.perform
)
"""The same call, asked for by a list of tags."""

list_buckets_of_regions = operation("ListBuckets", "GET", Resource.SERVICE, "regionList")(
    list_buckets.perform
)
"""The same call for all regions; here there is one."""

_TAG = re.compile(r'"([^"]+)":"([^"]*)"')


def _tags(query: Mapping[str, str]) -> dict[str, str | None]:
    """The tags that buckets must have, None for any value: `tag-key`, or `"k":"v","k":"v"`."""
    key, value, tagging = (query.get(name) for name in ("tag-key", "tag-value", "tagging"))
    if value and not key:
        raise invalid_argument("tag-value", value, "A tag-value goes with its tag-key.")
    if tagging and key:
        raise invalid_argument("tagging", tagging, "Tags are named by tagging or by tag-key.")
    if tagging:
        pairs = dict[str, str | None](_TAG.findall(tagging))
        if ",".join(f'"{name}":"{text}"' for name, text in pairs.items()) != tagging:
            raise invalid_argument("tagging", tagging, 'Tags are written as "key":"value".')
        return pairs
    return {key: value} if key else {}


def _has_tags(bucket: Bucket, wanted: Mapping[str, str | None]) -> bool:
    if not wanted:
        return True
    tags = bucket_info.tags(bucket.documents)
    return all(
        key in tags and (value is None or tags[key] == value) for key, value in wanted.items()
    )


def _group(bucket: Bucket) -> str:
    return resource_group.read(bucket.documents.get(resource_group.SUBRESOURCE))


def _summary(call: Call, bucket: Bucket) -> xml.Children:
    return [
        ("Name", bucket.name),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("Location", f"oss-{bucket.region}"),
        ("Region", bucket.region),
        ("StorageClass", bucket.storage_class),
        ("ExtranetEndpoint", call.endpoint),
        ("IntranetEndpoint", call.internal_endpoint),
        ("ResourceGroupId", _group(bucket)),
    ]
