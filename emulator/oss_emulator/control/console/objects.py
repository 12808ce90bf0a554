"""`/_emulator/objects`: an object's metadata, tags, versions and content, and signed URLs."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote, urlencode

from oss_emulator.access.authorize import ObjectAcl
from oss_emulator.control.api.route import ApiError, ApiRequest, OwnerRequest, Route, reply
from oss_emulator.control.console import page
from oss_emulator.control.console.buckets import find_bucket, is_image
from oss_emulator.control.console.visitors import find_referers, find_url, try_referer
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response, parse_query
from oss_emulator.protocol.signature import presigning
from oss_emulator.protocol.signature.v4 import MAX_EXPIRES
from oss_emulator.storage.base import NULL_VERSION, Bucket, Object

_VERSIONS: Final = 100
"""Maximum number of versions that are shown."""


def get_object(asked: ApiRequest) -> Response:
    bucket, key = find_bucket(asked, asked.rest), _key(asked)
    storage, version = asked.controls.service.storage, asked.query.get("versionId") or None
    item = storage.object(bucket.name, key, version)
    if item is None:
        raise ApiError(404, f"The object {key!r} does not exist.")
    url = find_url(asked, bucket.name, key, version)
    versions = takewhile(lambda one: one.key == key, storage.versions(bucket.name, key))
    values = {
        "bucket": bucket.name,
        "versioning": bucket.versioning,
        **_describe(item),
        "versions": [_describe(one) for one, _ in zip(versions, range(_VERSIONS), strict=False)],
        "url": url,
        "visitors": [
            {"visitor": visitor, **try_referer(asked, url, referer)}
            for visitor, referer in find_referers(asked, bucket.name).items()
        ],
    }
    shown = {"is_image": is_image(item), "acls": tuple(ObjectAcl), "version": version}
    return page.show(asked, "object", values, **shown)


def put_object(asked: ApiRequest) -> OwnerRequest:
    """Set the ACL, the tags or the headers of an object, as the body says."""
    bucket, key = address = find_bucket(asked, asked.rest), _key(asked)
    match asked.json():
        case {"acl": str() as acl}:
            fields = [("x-oss-object-acl", acl)]
            return _request(asked, "PUT", address, {"acl": ""}, fields)
        case {"tags": str() as lines}:
            pairs = _pairs(lines, "=")
            tags = [("Tag", [("Key", name), ("Value", value)]) for name, value in pairs]
            document = xml.format("Tagging", [("TagSet", tags)])
            return _request(asked, "PUT", address, {"tagging": ""}, data=document)
        case {"headers": str() as lines}:
            source = f"/{quote(bucket.name, safe='')}/{quote(key)}"
            fields = [("x-oss-copy-source", source), ("x-oss-metadata-directive", "REPLACE")]
            item = asked.controls.service.storage.object(bucket.name, key)
            if item is not None:  # else the copy would get the bucket's defaults
                fields.append(("x-oss-object-acl", item.acl))
                fields.append(("x-oss-storage-class", item.storage_class))
            fields += _pairs(lines, ":")
            return _request(asked, "PUT", address, {}, fields)
    raise ApiError(
        400, 'Send {"acl": …}, {"tags": "name=value …"} or {"headers": "name: value …"}.'
    )


def get_content(asked: ApiRequest) -> OwnerRequest:
    """Return the content of an object; a browser can only save it or show it as an image."""
    bucket, key = find_bucket(asked, asked.rest), _key(asked)
    name = quote(key.rpartition("/")[2] or "object", safe="")
    sent = asked.request.headers
    fields = [("range", sent["range"])] if "range" in sent else []

    def finish(response: Response) -> Response:
        headers = {
            **response.headers,
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        return response._replace(headers=headers)

    made = _request(asked, "GET", (bucket, key), _version(asked), fields)
    return made._replace(finish=finish)


def put_content(asked: ApiRequest) -> OwnerRequest:
    """Upload an object; with `x-oss-forbid-overwrite` an existing object is kept, with 409."""
    bucket, key = find_bucket(asked, asked.rest), _key(asked)
    sent = asked.request.headers
    names = ("content-type", "content-length", "transfer-encoding", "x-oss-forbid-overwrite")
    fields = [(name, sent[name]) for name in names if name in sent]
    return _request(asked, "PUT", (bucket, key), {}, fields)._replace(data=None)


def delete_content(asked: ApiRequest) -> OwnerRequest:
    """Delete an object, or one version of it."""
    address = find_bucket(asked, asked.rest), _key(asked)
    return _request(asked, "DELETE", address, _version(asked))


def sign_object(asked: ApiRequest) -> Response:
    """Sign a URL for an object, and explain its parts."""
    bucket, body = find_bucket(asked, asked.rest), asked.json()
    key, method, seconds = body.get("key"), body.get("method", "GET"), body.get("seconds", 3600)
    if not isinstance(key, str) or not key or method not in ("GET", "PUT", "HEAD", "DELETE"):
        raise ApiError(400, "Send a key, a method (GET, PUT, HEAD or DELETE) and seconds.")
    if not isinstance(seconds, int) or not 0 < seconds <= MAX_EXPIRES:
        raise ApiError(400, f"seconds must be a whole number from 1 to {MAX_EXPIRES}.")
    service, now = asked.controls.service, asked.controls.clock.now()
    signer = service.accounts.first
    query = presigning.sign_url(
        method,
        bucket.name,
        key,
        {},
        access_key_id=signer.id,
        secret=signer.secret,
        region=bucket.region,
        now=now,
        expires=seconds,
    )
    parts = dict(parse_query(query))
    url = f"{find_url(asked, bucket.name, key)}?{query}"
    values = {"url": url, "method": method, "until": now + seconds, "parts": parts}
    return page.show(asked, "signed", values, parts_of_url=parts)


def _request(
    asked: ApiRequest,
    method: str,
    address: tuple[Bucket, str],
    query: dict[str, str],
    fields: Iterable[tuple[str, str]] = (),
    data: bytes = b"",
) -> OwnerRequest:
    """Make a request for an object; its answer only confirms success."""
    bucket, key = address
    text = "&".join(
        urlencode({name: value}, quote_via=quote) if value else name
        for name, value in query.items()
    )
    target = f"/{quote(bucket.name, safe='')}/{quote(key, safe='/')}{'?' if text else ''}{text}"
    headers = {"host": "localhost", **dict(fields)}
    if method == "PUT" and "transfer-encoding" not in headers:
        headers.setdefault("content-length", str(len(data)))
    try:
        "".join(headers.values()).encode("latin-1")
    except UnicodeEncodeError:
        raise ApiError(400, "A header has a character that HTTP does not allow.") from None
    request = Request.parse(method, target, headers.items(), asked.controls.clock.now())
    return OwnerRequest(request, lambda _: reply({"key": key, "done": method}), data)


def _key(asked: ApiRequest) -> str:
    key = asked.query.get("key", "")
    if not key:
        raise ApiError(400, "Name the object: ?key=NAME.")
    return key


def _pairs(lines: str, sign: str) -> list[tuple[str, str]]:
    """Parse lines such as `name: value`; raises `ApiError`."""
    found = []
    for line in filter(str.strip, lines.splitlines()):
        name, separator, value = line.partition(sign)
        if not separator or not name.strip():
            raise ApiError(400, f"{line!r} must have the form name{sign}value.")
        found.append((name.strip(), value.strip()))
    return found


def _version(asked: ApiRequest) -> dict[str, str]:
    version = asked.query.get("versionId")
    return {"versionId": version} if version else {}


def _describe(item: Object) -> dict[str, Any]:
    return {
        "key": item.key,
        "version_id": item.version_id,
        "is_null_version": item.version_id == NULL_VERSION,
        **page.pick(item, "delete_marker size etag"),
        "crc64": str(item.crc64),
        **page.pick(item, "modified storage_class"),
        "type": item.kind,
        "acl": item.acl,
        "headers": dict(item.headers),
        "tags": dict(item.tags),
        "symlink_target": item.symlink_target,
    }


ROUTES = (
    Route("GET", "objects/{bucket}", get_object),
    Route("PUT", "objects/{bucket}", put_object),
    Route("GET", "content/{bucket}", get_content),
    Route("PUT", "content/{bucket}", put_content, takes_object=True),
    Route("DELETE", "content/{bucket}", delete_content),
    Route("POST", "signed/{bucket}", sign_object),
)
