"""`/_emulator/buckets`: the buckets, and the objects of each by folders."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from oss_emulator.access.acl import BucketAcl
from oss_emulator.control.api.route import ApiRequest, OwnerRequest, Refusal, Route, reply
from oss_emulator.control.console import page
from oss_emulator.protocol import dates, xml
from oss_emulator.protocol.message import Request, Response
from oss_emulator.storage import Bucket

_SHOWN: Final = "200"
"""Names on one page of a folder."""


def list_buckets(asked: ApiRequest) -> Response:
    """Show all buckets."""
    buckets = [_describe(bucket) for bucket in asked.controls.service.storage.buckets()]
    return page.show(asked, "buckets", {"buckets": buckets}, acls=tuple(BucketAcl))


def get_bucket(asked: ApiRequest) -> Response:
    """Show a folder of a bucket: its folders and objects."""
    bucket = find_bucket(asked, asked.rest)
    prefix, token = asked.query.get("prefix", ""), asked.query.get("token", "")
    query = {"list-type": "2", "delimiter": "/", "prefix": prefix, "max-keys": _SHOWN}
    if token:
        query["continuation-token"] = token
    target = f"/{quote(bucket.name, safe='')}?{urlencode(query, quote_via=quote)}"
    service = asked.controls.service
    request = Request.parse("GET", target, [("Host", "localhost")], asked.controls.clock.now())
    answer = service.handle(request, caller=service.accounts.owner)
    assert isinstance(answer.body, bytes)  # noqa: S101 - a listing is a document
    if answer.status != 200:
        raise Refusal(answer.status, xml.parse(answer.body, "Error").text("Message"))
    listed = xml.parse(answer.body, "ListBucketResult")
    values = {
        "bucket": _describe(bucket),
        "prefix": prefix,
        "folders": [_name(node, "Prefix") for node in listed.all("CommonPrefixes")],
        "objects": [
            {
                "key": _name(node, "Key"),
                "size": int(node.text("Size")),
                "modified": dates.parse_iso(node.text("LastModified")),
                "storage_class": node.text("StorageClass"),
            }
            for node in listed.all("Contents")
        ],
        "next": listed.text("NextContinuationToken"),
    }
    return page.show(asked, "bucket", values, way=_way(prefix), acls=tuple(BucketAcl))


def put_bucket(asked: ApiRequest) -> OwnerRequest:
    """Create a bucket, or set the ACL of an existing one."""
    acl = asked.json().get("acl", BucketAcl.PRIVATE.value)
    if acl not in tuple(BucketAcl):
        raise Refusal(400, f"acl must be one of {', '.join(BucketAcl)}, not {acl!r}.")
    fields = [("Host", "localhost"), ("x-oss-acl", str(acl)), ("Content-Length", "0")]
    target = f"/{quote(asked.rest, safe='')}"
    request = Request.parse("PUT", target, fields, asked.controls.clock.now())
    return OwnerRequest(request, lambda _: reply({"bucket": asked.rest}), b"")


def delete_bucket(asked: ApiRequest) -> OwnerRequest:
    """Delete an empty bucket."""
    target = f"/{quote(find_bucket(asked, asked.rest).name, safe='')}"
    request = Request.parse("DELETE", target, [("Host", "localhost")], asked.controls.clock.now())
    return OwnerRequest(request, lambda _: reply({"deleted": asked.rest}), b"")


def find_bucket(asked: ApiRequest, name: str) -> Bucket:
    """Find a bucket; raises `Refusal`."""
    found = asked.controls.service.storage.bucket(name)
    if found is None:
        raise Refusal(404, f"The bucket {name!r} does not exist.")
    return found


def _describe(bucket: Bucket) -> dict[str, Any]:
    return {
        "name": bucket.name,
        "acl": bucket.acl,
        "region": bucket.region,
        "created": bucket.created,
        "storage_class": bucket.storage_class,
        "versioning": bucket.versioning,
        "documents": sorted(bucket.documents),
    }


def _name(node: xml.Node, element: str) -> str:
    """Return a name with the white space around it."""
    found = node.first(element)
    return "" if found is None else found.value


def _way(prefix: str) -> list[tuple[str, str]]:
    """Return the folders that lead to a prefix: the name and the prefix of each."""
    names = prefix.split("/")[:-1]
    return [(name, "/".join(names[: number + 1]) + "/") for number, name in enumerate(names)]


ROUTES = (
    Route("GET", "buckets", list_buckets),
    Route("GET", "buckets/{bucket}", get_bucket),
    Route("PUT", "buckets/{bucket}", put_bucket),
    Route("DELETE", "buckets/{bucket}", delete_bucket),
)
