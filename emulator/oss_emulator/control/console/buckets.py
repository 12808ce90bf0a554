"""`/_emulator/buckets`, `/_emulator/rules`: the buckets, and their objects by folders."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from itertools import islice
from operator import attrgetter
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from oss_emulator.access.authorize import BucketAcl
from oss_emulator.control.api.referer import find_rules
from oss_emulator.control.api.route import PREFIX, ApiError, ApiRequest, OwnerRequest, Route, reply
from oss_emulator.control.console import page, sites
from oss_emulator.control.console.search import Search
from oss_emulator.control.console.visitors import find_referers, find_url, try_referer
from oss_emulator.control.journal import RefererResult
from oss_emulator.protocol import paging
from oss_emulator.protocol.message import Request, Response
from oss_emulator.protocol.parameters import is_number
from oss_emulator.storage.base import Bucket, Object, Storage

SHOWN: Final = 200
"""Maximum number of names on one page."""

WINDOW: Final = 20_000
"""Maximum number of names that are searched and sorted at once; a disk needs half a second."""

AHEAD: Final = 10
"""Number of pages to count after the shown page if names are not searched or sorted."""


class FolderOrder(StrEnum):
    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


class FolderView(StrEnum):
    GRID = "grid"
    LIST = "list"


class FolderQuery(NamedTuple):
    prefix: str = ""
    text: str = ""
    """Text that keys must contain, in any letter case; also searched in folders below."""
    order: FolderOrder = FolderOrder.NAME
    descending: bool = False
    page: int = 1
    after: str = ""
    """The name after which the search begins; "" for the start of the folder."""
    view: FolderView | None = None
    """None for a grid if the page has an image, else a list."""


class FolderPage(NamedTuple):
    """One page of a folder. Its folders come first; if not sorted by name, all folders do."""

    folders: list[str]
    objects: list[Object]
    total: int
    """The number of names that were found."""
    page: int
    pages: int
    more: bool
    """Whether more names follow than were read."""
    rest: str
    """The last name that was read if the next page begins after it, else ""."""

    @property
    def first(self) -> int:
        return (self.page - 1) * SHOWN + 1

    @property
    def last(self) -> int:
        return self.first + len(self.folders) + len(self.objects) - 1


def read_folder(storage: Storage, bucket: str, asked: FolderQuery) -> FolderPage:
    """Read one page of a folder, at most the last page."""
    plain = asked.order is FolderOrder.NAME and not (asked.text or asked.descending)
    limit = min(WINDOW, (asked.page + AHEAD) * SHOWN) if plain else WINDOW
    found = paging.cut(
        lambda start: (one for one in storage.objects(bucket, start) if not one.delete_marker),
        attrgetter("key"),
        prefix=asked.prefix,
        delimiter="" if asked.text else "/",
        marker=asked.after,
        limit=limit,
    )
    objects = found.items
    if asked.text:
        text, begin = asked.text.casefold(), len(asked.prefix)
        objects = [one for one in objects if text in one.key[begin:].casefold()]
    if asked.order is not FolderOrder.NAME:
        objects.sort(key=attrgetter(asked.order), reverse=asked.descending)
    entries: list[str | Object] = [*found.prefixes, *objects]
    if asked.order is FolderOrder.NAME:
        entries.sort(
            key=lambda one: one if isinstance(one, str) else one.key, reverse=asked.descending
        )
    pages = max(1, -(-len(entries) // SHOWN))
    page = min(asked.page, pages)
    shown = entries[(page - 1) * SHOWN : page * SHOWN]
    return FolderPage(
        [one for one in shown if isinstance(one, str)],
        [one for one in shown if not isinstance(one, str)],
        len(entries),
        page,
        pages=pages,
        more=found.truncated,
        rest=found.next if not plain or (limit == WINDOW and page == pages) else "",
    )


class Standing(StrEnum):
    """The verdict on the rules of a bucket, by the requests since the start."""

    LOCKED_OUT = "locked_out"
    """Some sites that are likely yours are locked out."""
    NO_RULES = "no_rules"
    PRIVATE = "private"
    """Without rules, but nobody gets in without a signature either."""
    NO_REQUESTS = "no_requests"
    CALM = "calm"


def list_buckets(asked: ApiRequest) -> Response:
    """Show each bucket with the verdict on its rules, and count its objects and their bytes."""
    buckets, storage = _list(asked), asked.controls.service.storage
    most = max(SHOWN, WINDOW // max(1, len(buckets)))
    for one in buckets:
        current = (item for item in storage.objects(one["name"]) if not item.delete_marker)
        sizes = [item.size for item in islice(current, most + 1)]
        one |= {"objects": min(len(sizes), most), "bytes": sum(sizes[:most])}
        one["more"] = len(sizes) > most
    return page.show(asked, "buckets", {"buckets": buckets}, acls=tuple(BucketAcl))


def list_rules(asked: ApiRequest) -> Response:
    """Show each bucket with the verdict on its rules, and the requests that they decided."""
    return page.show(asked, "rules_list", {"buckets": _list(asked)})


def _list(asked: ApiRequest) -> list[dict[str, Any]]:
    """Describe all buckets with their rules and the requests to them."""
    traffic = asked.controls.journal.traffic
    overview = sites.judge_sites(asked, traffic, Search.parse("", asked.controls.clock.now()), None)
    out, decided = Counter[str](), Counter[tuple[str, RefererResult]]()
    for group in overview.locked_out:
        out[group.bucket] += group.number
    for key, tally in traffic.sites.items():
        decided[key.bucket, RefererResult.ALLOWED] += tally.allowed
        decided[key.bucket, RefererResult.DENIED] += tally.denied
    found = []
    for bucket in asked.controls.service.storage.buckets():
        rules = find_rules(asked, bucket.name)
        counts = {
            verdict.value: decided[bucket.name, verdict]
            for verdict in (RefererResult.ALLOWED, RefererResult.DENIED)
        }
        standing = Standing.CALM if any(counts.values()) else Standing.NO_REQUESTS
        if not (rules.whitelist or rules.blacklist or not rules.allow_empty_referer):
            standing = Standing.PRIVATE if bucket.acl == BucketAcl.PRIVATE else Standing.NO_RULES
        found.append({
            **_describe(bucket),
            "standing": Standing.LOCKED_OUT if out[bucket.name] else standing,
            "locked_out": out[bucket.name],
            "allow_empty_referer": rules.allow_empty_referer,
            "whitelist": len(rules.whitelist),
            "blacklist": len(rules.blacklist),
            **counts,
        })  # fmt: skip
    return found


def get_bucket(asked: ApiRequest) -> Response:
    bucket, wanted = find_bucket(asked, asked.rest), _read_query(asked)
    found = read_folder(asked.controls.service.storage, bucket.name, wanted)
    has_images = any(map(is_image, found.objects))
    referers = find_referers(asked, bucket.name)
    values = {
        "bucket": _describe(bucket),
        "prefix": wanted.prefix,
        "folders": found.folders,
        "objects": [
            {
                **page.pick(item, "key size modified storage_class"),
                "is_image": is_image(item),
                "open_to": _try_visitors(asked, bucket.name, item.key, referers),
            }
            for item in found.objects
        ],
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
        window=WINDOW,
        orders=tuple(FolderOrder),
        views=tuple(FolderView),
        view=wanted.view or (FolderView.GRID if has_images else FolderView.LIST),
        link=lambda **changes: _link(bucket.name, wanted._replace(**{"page": 1, **changes})),
    )


def _try_visitors(
    asked: ApiRequest, bucket: str, key: str, referers: Mapping[str, str | None]
) -> dict[str, bool]:
    """Return which visitors can read an object at its public URL, by their names."""
    url = find_url(asked, bucket, key)
    return {
        visitor: try_referer(asked, url, referer)["status"] < 400
        for visitor, referer in referers.items()
    }


def _read_query(asked: ApiRequest) -> FolderQuery:
    query = asked.query
    order, number = query.get("sort", "") or FolderOrder.NAME, query.get("page", "") or "1"
    view = query.get("view", "")
    if order.removeprefix("-") not in tuple(FolderOrder):
        raise ApiError(400, f"sort must be one of {', '.join(FolderOrder)}, not {order!r}.")
    if view not in ("", *FolderView):
        raise ApiError(400, f"view must be one of {', '.join(FolderView)}, not {view!r}.")
    if not is_number(number, most=10**9):
        raise ApiError(400, f"page must be a number from 1, not {number!r}.")
    return FolderQuery(
        query.get("prefix", ""),
        query.get("text", "").strip(),
        FolderOrder(order.removeprefix("-")),
        descending=order.startswith("-"),
        page=max(1, int(number)),
        after=query.get("after", ""),
        view=FolderView(view) if view else None,
    )


def _link(bucket: str, wanted: FolderQuery) -> str:
    values = {
        "prefix": wanted.prefix,
        "text": wanted.text,
        "sort": f"-{wanted.order}" if wanted.descending else wanted.order.value,
        "page": str(wanted.page),
        "after": wanted.after,
        "view": wanted.view or "",
    }
    usual = {"sort": FolderOrder.NAME.value, "page": "1"}
    query = {name: value for name, value in values.items() if value != usual.get(name, "")}
    sign = "?" if query else ""
    encoded = urlencode(query, quote_via=quote, errors="replace")
    return f"{PREFIX}buckets/{quote(bucket, safe='')}{sign}{encoded}"


def put_bucket(asked: ApiRequest) -> OwnerRequest:
    """Create a bucket, or set the ACL of an existing bucket if the body has one."""
    fields = [("Host", "localhost"), ("Content-Length", "0")]
    if "acl" in (given := asked.json()):
        acl = given["acl"]
        if acl not in tuple(BucketAcl):
            raise ApiError(400, f"acl must be one of {', '.join(BucketAcl)}, not {acl!r}.")
        fields.append(("x-oss-acl", str(acl)))
    target = f"/{quote(asked.rest, safe='')}"
    request = Request.parse("PUT", target, fields, asked.controls.clock.now())
    return OwnerRequest(request, lambda _: reply({"bucket": asked.rest}), b"")


def delete_bucket(asked: ApiRequest) -> OwnerRequest:
    target = f"/{quote(find_bucket(asked, asked.rest).name, safe='')}"
    request = Request.parse("DELETE", target, [("Host", "localhost")], asked.controls.clock.now())
    return OwnerRequest(request, lambda _: reply({"deleted": asked.rest}), b"")


_PREVIEW: Final = 20 * 1024 * 1024
"""Maximum bytes of an image that is shown."""


def content_type(item: Object) -> str:
    """Return the Content-Type of an object, "" for none."""
    fields = {name.lower(): value for name, value in item.headers.items()}
    return fields.get("content-type", "")


def is_image(item: Object) -> bool:
    """Return whether the pages show an object as an image."""
    return content_type(item).startswith("image/") and 0 < item.size <= _PREVIEW


def find_bucket(asked: ApiRequest, name: str) -> Bucket:
    """Find a bucket; raises `ApiError`."""
    found = asked.controls.service.storage.bucket(name)
    if found is None:
        raise ApiError(404, f"The bucket {name!r} does not exist.")
    return found


def _describe(bucket: Bucket) -> dict[str, Any]:
    shown = page.pick(bucket, "name acl region created storage_class versioning")
    return {**shown, "documents": sorted(bucket.documents)}


def _way(prefix: str) -> list[tuple[str, str]]:
    """Return the name and the prefix of each folder on the path of a prefix."""
    names = prefix.split("/")[:-1]
    return [(name, "/".join(names[: number + 1]) + "/") for number, name in enumerate(names)]


ROUTES = (
    Route("GET", "buckets", list_buckets),
    Route("GET", "buckets/{bucket}", get_bucket),
    Route("PUT", "buckets/{bucket}", put_bucket),
    Route("DELETE", "buckets/{bucket}", delete_bucket),
)
