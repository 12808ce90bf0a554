"""Static websites: finds the index page to answer for a folder (PutBucketWebsite)."""

from oss_referer import Signing

from oss_emulator.operations.admission import Admission
from oss_emulator.operations.website import PageRequest, parse, website
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol.address import Target


def find_page(admission: Admission, service: Deployment) -> None:
    """Find the index page to answer for a folder, for a GET or HEAD without a sub-resource.

    Anonymous visitors also get redirects and error pages, so their admission gets a `PageRequest`.

    Every caller gets the index page of a folder (oss2's suite against the service reads one with a
    signature). Only anonymous requests get the page of the root (PutBucketWebsite), and only if the
    host names the bucket: in path style, which the service does not support, the root lists the
    bucket.
    """
    bucket, request, key = admission.record, admission.request, admission.target.key
    if bucket is None or website.subresource not in bucket.documents:
        return
    if request.method not in ("GET", "HEAD") or admission.operation.subresource:
        return
    anonymous = admission.claimed.signing is Signing.NONE
    in_path = service.addresses.is_endpoint(request.host)
    if not key and (in_path or not anonymous):
        return
    site = parse(bucket.documents[website.subresource])
    page = site.index(key)
    if not page:
        return
    if anonymous:
        admission.visit = PageRequest(site, key, f"/{bucket.name}" if in_path else "")
    admission.target = Target(bucket.name, page)
    admission.operation = service.dispatcher.find(request, admission.target)
