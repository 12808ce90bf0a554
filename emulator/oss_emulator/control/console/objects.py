"""`/_emulator/objects`: one object: its metadata, tags, versions and content, and a signed URL."""

from collections.abc import Iterable
from itertools import takewhile
from typing import Any, Final
from urllib.parse import quote, urlencode

from oss_referer.browser.probes import guess_site

from oss_emulator.access.authorize import ObjectAcl
from oss_emulator.control.api.referer import find_rules
from oss_emulator.control.api.route import ApiError, ApiRequest, OwnerRequest, Route, reply
from oss_emulator.control.console import page
from oss_emulator.control.console.buckets import find_bucket
from oss_emulator.control.console.entries import summarize
from oss_emulator.control.journal import JournalEntry
from oss_emulator.operations.admission import Refused
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Request, Response, parse_query
from oss_emulator.protocol.signature import presigning
from oss_emulator.protocol.signature.v4 import MAX_EXPIRES
from oss_emulator.storage.base import NULL_VERSION, Bucket, Object

STRANGER: Final = "https://stranger.example.net/"
"""The Referer of a page that no rules are written for."""

_SHOWN: Final = (
    *("referer", "verdict", "reason", "entry", "denied_by_access"),
    *("status", "code", "ec", "operation"),
)
"""What the page shows of a row."""


def try_visitors(asked: ApiRequest, bucket: str, key: str, version: str | None) -> dict[str, Any]:
    """Return the public URL of an object, and what each kind of visitor gets there.

    The visitors have no signature. Their requests pass all checks of the service, but nothing
    answers or records them.
    """
    address = find_address(asked, bucket)
    target = f"/{quote(key)}" + (f"?versionId={quote(version, safe='')}" if version else "")
    referers = {
        "own": f"{guess_site(find_rules(asked, bucket))}/",
        "stranger": STRANGER,
        "none": None,
    }
    return {
        "url": address + target,
        "visitors": [
            {"visitor": visitor, **_try(asked, address + target, referer)}
            for visitor, referer in referers.items()
        ],
    }


def _try(asked: ApiRequest, url: str, referer: str | None) -> dict[str, Any]:
    """Return the row of a request for a URL, as the list of requests would have it."""
    service, (scheme, _, rest) = asked.controls.service, url.partition("://")
    host, _, target = rest.partition("/")
    fields = [("Host", host), *([] if referer is None else [("Referer", referer)])]
    now, secure = asked.controls.clock.now(), scheme == "https"
    request = Request.parse(
        "GET", f"/{target}", fields, now, remote=asked.request.remote, secure=secure
    )
    result = service.admit(request)
    error = result.error if isinstance(result, Refused) else None
    response = service.render(result) if isinstance(result, Refused) else Response(200)
    entry = JournalEntry(0, result.known, error, response, sent=0, seconds=0.0)
    row = summarize(entry)
    return {name: row[name] for name in _SHOWN}


def find_address(asked: ApiRequest, bucket: str) -> str:
    """Return the address of a bucket, at a host of its own where the server demands that."""
    request = asked.request
    scheme = "https" if request.secure else "http"
    if not asked.controls.service.settings.strict_addressing:
        return f"{scheme}://{request.host}/{bucket}"
    colon, port = request.host.rpartition(":")[1:]
    return f"{scheme}://{bucket}.localhost{f':{port}' if colon and port.isdecimal() else ''}"


_PREVIEW: Final = 20 * 1024 * 1024
"""Bytes of the largest image that is shown."""

_VERSIONS: Final = 100
"""The most versions that are shown."""


def get_object(asked: ApiRequest) -> Response:
    bucket, key = find_bucket(asked, asked.rest), _key(asked)
    storage, version = asked.controls.service.storage, asked.query.get("versionId") or None
    item = storage.object(bucket.name, key, version)
    if item is None:
        raise ApiError(404, f"The object {key!r} does not exist.")
    versions = takewhile(lambda one: one.key == key, storage.versions(bucket.name, key))
    values = {
        "bucket": bucket.name,
        "versioning": bucket.versioning,
        **_describe(item),
        "versions": [_describe(one) for one, _ in zip(versions, range(_VERSIONS), strict=False)],
        **try_visitors(asked, bucket.name, key, version),
    }
    is_image = content_type(item).startswith("image/") and 0 < item.size <= _PREVIEW
    shown = {"is_image": is_image, "acls": tuple(ObjectAcl), "version": version}
    return page.show(asked, "object", values, **shown)


def put_object(asked: ApiRequest) -> OwnerRequest:
    """Set the ACL, the tags or the headers of an object; the body has one of them."""
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
            if item is not None:  # the copy would get the defaults of the bucket
                fields.append(("x-oss-object-acl", item.acl))
                fields.append(("x-oss-storage-class", item.storage_class))
            fields += _pairs(lines, ":")
            return _request(asked, "PUT", address, {}, fields)
    raise ApiError(
        400, 'Send {"acl": …}, {"tags": "name=value …"} or {"headers": "name: value …"}.'
    )


def get_content(asked: ApiRequest) -> OwnerRequest:
    """Download the content of an object; a browser saves it or shows it as an image only."""
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
    """Upload an object; with `x-oss-forbid-overwrite` an existing one is kept, and 409 says so."""
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
    """Sign a URL for an object, and say what each part of it means."""
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
    url = f"{find_address(asked, bucket.name)}/{quote(key)}?{query}"
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
    """Make a request for the object of a bucket; its answer only confirms that it was done."""
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
            raise ApiError(400, f"{line!r} is not written as name{sign}value.")
        found.append((name.strip(), value.strip()))
    return found


def _version(asked: ApiRequest) -> dict[str, str]:
    version = asked.query.get("versionId")
    return {"versionId": version} if version else {}


def content_type(item: Object) -> str:
    """Return the Content-Type of an object, "" for none."""
    fields = {name.lower(): value for name, value in item.headers.items()}
    return fields.get("content-type", "")


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
