"""Static websites: finds the index page to answer for a folder (PutBucketWebsite)."""

from typing import Final, NamedTuple

from oss_emulator.documents.website import Visit, parse
from oss_emulator.operations.admission import Admission
from oss_emulator.protocol.address import Addresses, Target
from oss_emulator.referer import Signing

WEBSITE: Final = "website"
"""The name of the website configuration among a bucket's documents."""


class IndexPage(NamedTuple):
    """The index page to answer instead of a folder."""

    target: Target
    visit: Visit | None
    """Set for an anonymous visitor, who also gets redirects and error pages."""


def find_page(admission: Admission, addresses: Addresses) -> IndexPage | None:
    """Find the index page for a plain GET or HEAD of a key; None for any other request.

    Everybody gets the index page of a folder (oss2's suite against the service reads one with a
    signature). Only anonymous requests get that of the root (PutBucketWebsite), and only if the
    host names the bucket: in path style, which the service does not support, the root lists the
    bucket.
    """
    bucket, request, key = admission.record, admission.request, admission.target.key
    if bucket is None or WEBSITE not in bucket.documents:
        return None
    if request.method not in ("GET", "HEAD") or admission.operation.subresource:
        return None
    anonymous = admission.claimed.signing is Signing.NONE
    in_path = addresses.is_endpoint(request.host)
    if not key and (in_path or not anonymous):
        return None
    site = parse(bucket.documents[WEBSITE])
    page = site.index(key)
    if not page:
        return None
    visit = Visit(site, key, f"/{bucket.name}" if in_path else "") if anonymous else None
    return IndexPage(Target(bucket.name, page), visit)
