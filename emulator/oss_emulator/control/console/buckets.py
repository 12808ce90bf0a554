"""`/_emulator/buckets`: the buckets, and the objects of each by folders."""

from typing import Any
from urllib.parse import quote, urlencode

from oss_emulator.access.acl import BucketAcl
from oss_emulator.control.api.route import PREFIX, ApiRequest, OwnerRequest, Refusal, Route, reply
from oss_emulator.control.console import folder, page
from oss_emulator.control.console.folder import FolderOrder, FolderQuery
from oss_emulator.protocol.message import Request, Response
from oss_emulator.storage import Bucket


def list_buckets(asked: ApiRequest) -> Response:
    """Show all buckets."""
    buckets = [_describe(bucket) for bucket in asked.controls.service.storage.buckets()]
    return page.show(asked, "buckets", {"buckets": buckets}, acls=tuple(BucketAcl))


def get_bucket(asked: ApiRequest) -> Response:
    """Show a folder of a bucket: its folders and objects."""
    bucket, wanted = find_bucket(asked, asked.rest), _read_query(asked)
    found = folder.read(asked.controls.service.storage, bucket.name, wanted)
    values = {
        "bucket": _describe(bucket),
        "prefix": wanted.prefix,
        "folders": found.folders,
        "objects": [page.pick(item, "key size modified storage_class") for item in found.objects],
        **page.pick(found, "total more page pages rest"),
    }
    return page.show(
        asked,
        "bucket",
        values,
        way=_way(wanted.prefix),
        acls=tuple(BucketAcl),
        query=wanted,
        found=found,
        window=folder.WINDOW,
        orders=tuple(FolderOrder),
        link=lambda **changes: _link(bucket.name, wanted._replace(**{"page": 1, **changes})),
    )


def _read_query(asked: ApiRequest) -> FolderQuery:
    query = asked.query
    order, number = query.get("sort", "") or FolderOrder.NAME, query.get("page", "") or "1"
    if order.removeprefix("-") not in tuple(FolderOrder):
        raise Refusal(400, f"sort must be one of {', '.join(FolderOrder)}, not {order!r}.")
    if not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise Refusal(400, f"page must be a number from 1, not {number!r}.")
    return FolderQuery(
        query.get("prefix", ""),
        query.get("text", "").strip(),
        FolderOrder(order.removeprefix("-")),
        descending=order.startswith("-"),
        page=max(1, int(number)),
        after=query.get("after", ""),
    )


def _link(bucket: str, wanted: FolderQuery) -> str:
    """Return the address of a page of a folder."""
    values = {
        "prefix": wanted.prefix,
        "text": wanted.text,
        "sort": f"-{wanted.order}" if wanted.descending else wanted.order.value,
        "page": str(wanted.page),
        "after": wanted.after,
    }
    usual = {"sort": FolderOrder.NAME.value, "page": "1"}
    query = {name: value for name, value in values.items() if value != usual.get(name, "")}
    sign = "?" if query else ""
    encoded = urlencode(query, quote_via=quote, errors="replace")
    return f"{PREFIX}buckets/{quote(bucket, safe='')}{sign}{encoded}"


def put_bucket(asked: ApiRequest) -> OwnerRequest:
    """Create a bucket, or set the ACL of an existing one; without an ACL, it keeps its own."""
    fields = [("Host", "localhost"), ("Content-Length", "0")]
    if "acl" in (given := asked.json()):
        acl = given["acl"]
        if acl not in tuple(BucketAcl):
            raise Refusal(400, f"acl must be one of {', '.join(BucketAcl)}, not {acl!r}.")
        fields.append(("x-oss-acl", str(acl)))
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
    shown = page.pick(bucket, "name acl region created storage_class versioning")
    return {**shown, "documents": sorted(bucket.documents)}


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
