"""The entry to a static website: a folder stands for its index page (PutBucketWebsite)."""

from typing import Final, NamedTuple

from oss_emulator.documents.website import Visit, parse
from oss_emulator.operations.operation import Operation
from oss_emulator.protocol.address import Addresses, Target
from oss_emulator.protocol.message import Request
from oss_emulator.referer import Signing
from oss_emulator.storage import Bucket

WEBSITE: Final = "website"
"""The name of the bucket's document."""


class Page(NamedTuple):
    """The index page that takes the place of a folder."""

    target: Target
    visit: Visit | None
    """For an anonymous visitor, who gets redirects and error pages as well."""


def find_page(
    bucket: Bucket | None,
    request: Request,
    operation: Operation,
    key: str,
    signing: Signing,
    addresses: Addresses,
) -> Page | None:
    """The page that a plain GET or HEAD of a key leads to, None for any other request.

    Folders have an index page for everybody (oss2's suite against the service reads one with a
    signature). The root has one for anonymous requests (PutBucketWebsite), and only where the
    bucket has a host name of its own: in path style, which the service does not know, the root
    lists the bucket.
    """
    if bucket is None or WEBSITE not in bucket.documents:
        return None
    if request.method not in ("GET", "HEAD") or operation.subresource:
        return None
    anonymous, in_path = signing is Signing.NONE, addresses.is_endpoint(request.host)
    if not key and (in_path or not anonymous):
        return None
    site = parse(bucket.documents[WEBSITE])
    page = site.index(key)
    if not page:
        return None
    visit = Visit(site, key, f"/{bucket.name}" if in_path else "") if anonymous else None
    return Page(Target(bucket.name, page), visit)
