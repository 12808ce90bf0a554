"""ListBuckets and DescribeRegions."""

import re
from collections.abc import Mapping
from dataclasses import replace

from oss_emulator.operations import tagging
from oss_emulator.operations.call import Call
from oss_emulator.operations.configurations import GROUP, group_of
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import dates, paging, xml
from oss_emulator.protocol.address import REGIONS, location
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.headers import invalid_argument
from oss_emulator.protocol.message import Response
from oss_emulator.protocol.parameters import max_keys
from oss_emulator.storage.base import Bucket


@answers("GET /", "ListBuckets")
def list_buckets(call: Call) -> Response:
    """List the caller's buckets by name (GetService).

    Raises `InvalidArgument` for tags in both forms or a tag-value without tag-key.
    """
    query = call.request.query
    wanted, group = _tags(query), call.request.headers.get(GROUP)
    prefix, marker = query.get("prefix", ""), query.get("marker", "")
    if prefix != prefix.lower():
        message = "A prefix of buckets must not have upper-case letters."
        raise invalid_argument("prefix", prefix, message)  # P-55
    limit = max_keys(query)
    region = call.region if "regionList" in query else ""
    found = (
        (bucket.name, bucket)
        for bucket in call.storage.buckets()
        if bucket.owner == call.caller.id
        and bucket.name.startswith(prefix)
        and _has_tags(bucket, wanted)
        and region in ("", bucket.region)
        and group in (None, "", group_of(bucket.documents))
    )
    page, following = paging.after(found, marker, limit)
    summaries = (
        _summary(call, bucket, with_tags=bool(wanted), with_group=group is not None)
        for _, bucket in page
    )
    place = (("Prefix", prefix), ("Marker", marker), ("MaxKeys", limit), ("IsTruncated", True))
    return xml.respond(
        "ListAllMyBucketsResult",
        *((*place, ("NextMarker", following)) if following else ()),  # S-04
        ("Owner", call.owner(call.caller.id)),
        ("Buckets", [("Bucket", summary) for summary in summaries]),
    )


list_buckets_by_tags = replace(list_buckets, subresource=tagging.bucket_tags.subresource)
"""The same operation with `?tagging`, a list of tags."""

list_buckets_of_regions = replace(list_buckets, subresource="regionList")
"""The same operation, only for the region of the endpoint (Go V1)."""

_TAG = re.compile(r'"([^"]+)":"([^"]*)"|([^",:]+):([^",:]*)')


def _tags(query: Mapping[str, str]) -> dict[str, str | None]:
    """Parse the required tags, from `tag-key` or `"k":"v","k":"v"`; None stands for any value.

    The quotes may be missing (P-97).
    """
    key, value, listed = (query.get(name) for name in ("tag-key", "tag-value", "tagging"))
    if value and not key:
        raise invalid_argument("tag-value", value, "A tag-value requires a tag-key; send both.")
    if listed and key:
        raise invalid_argument("tagging", listed, "Use either tagging or tag-key.")
    if listed:
        found = list(_TAG.finditer(listed))
        pairs: dict[str, str | None] = {tag[1] or tag[3]: tag[2] or tag[4] or "" for tag in found}
        if ",".join(tag[0] for tag in found) != listed or len(pairs) < len(found):
            raise invalid_argument("tagging", listed, 'Write tags as "key":"value","key":"value".')
        return pairs
    return {key: value} if key else {}


def _has_tags(bucket: Bucket, wanted: Mapping[str, str | None]) -> bool:
    if not wanted:
        return True
    tags = tagging.tags(bucket.documents)
    return all(
        key in tags and (value is None or tags[key] == value) for key, value in wanted.items()
    )


def _summary(call: Call, bucket: Bucket, *, with_tags: bool, with_group: bool) -> xml.Children:
    """Describe a bucket, with tags (P-55) or group (S-04) if the caller filters by them."""
    tags = tagging.bucket_tags.find(bucket.documents) if with_tags else None
    return [
        ("Comment", ""),
        ("CreationDate", dates.format_iso(bucket.created)),
        ("ExtranetEndpoint", call.endpoint(bucket.region)),
        ("IntranetEndpoint", call.internal_endpoint(bucket.region)),
        ("Location", f"oss-{bucket.region}"),
        ("Name", bucket.name),
        ("Region", bucket.region),
        ("ResourceGroupId", group_of(bucket.documents) if with_group else None),
        ("StorageClass", bucket.storage_class),
        ("Tagging", None if tags is None else tags.content),
    ]


@answers("GET /?regions", "DescribeRegions")
def describe_regions(call: Call) -> Response:
    """List the endpoints of one region or of all regions; raises `NoSuchRegion`."""
    wanted = call.request.query["regions"]
    found = [region for region in REGIONS if wanted in ("", location(region))]
    if not found:
        raise OSSError(ErrorCase.NO_SUCH_REGION, wanted, Region=wanted)  # S-36
    return xml.respond("RegionInfoList", *(("RegionInfo", _region(name)) for name in found))


def _region(region: str) -> xml.Children:
    return [
        ("Region", location(region)),
        ("InternetEndpoint", f"{location(region)}.aliyuncs.com"),
        ("InternalEndpoint", f"{location(region)}-internal.aliyuncs.com"),
        ("AccelerateEndpoint", "oss-accelerate.aliyuncs.com"),
    ]
