"""The bucket of a request: its record, and the headers that its configurations add to an answer."""

from oss_referer.sources.account import is_bucket_name

from oss_emulator.operations import cors, permissions
from oss_emulator.operations.admission import Admission
from oss_emulator.operations.configurations import REQUEST_PAYMENT
from oss_emulator.operations.operation import Operation
from oss_emulator.pipeline import addressing
from oss_emulator.pipeline.deployment import Deployment
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response
from oss_emulator.storage.base import Bucket, Storage

_CORS = cors.cors.subresource
ADDS_HEADERS = frozenset({_CORS, REQUEST_PAYMENT.subresource})


def find_bucket(storage: Storage, name: str, operation: Operation) -> Bucket | None:
    """Find the record of the bucket that a request names; None if it names none.

    Raises `InvalidBucketName`, and `NoSuchBucket` unless the operation creates the bucket. The
    service reports a missing bucket before it checks credentials (P-18).
    """
    if not name:
        return None
    bucket = storage.bucket(name)
    if bucket is None:
        if not is_bucket_name(name) and operation.name != "GetBucketInfo":  # P-97
            raise OSSError(ErrorCase.INVALID_BUCKET_NAME, BucketName=name)
        if operation.needs_bucket:
            raise OSSError(ErrorCase.NO_SUCH_BUCKET, BucketName=name)
    return bucket


def find_record(admission: Admission, service: Deployment) -> None:
    """Find the bucket's record and the region of the request; raises the errors of `find_bucket`.

    The region is that of the endpoint, or of the bucket if the endpoint serves every region.
    """
    target = admission.target
    admission.record = record = find_bucket(service.storage, target.bucket, admission.operation)
    admission.region = addressing.region_of(target, record, service.settings.region)


def add_headers(
    response: Response, admission: Admission, service: Deployment, *, failed: bool
) -> Response:
    """Add the headers of the bucket's configurations: its CORS rules, and who pays.

    Errors are not charged.
    """
    bucket, request = admission.record, admission.request
    if bucket is None:
        return response
    documents = bucket.documents
    headers = dict(response.headers)
    if _CORS in documents:
        rules = cors.parse(documents[_CORS])
        added = rules.headers_for(request.headers.get("origin"), request.method)
        if "Vary" in headers and "Vary" in added:  # P-48
            added["Vary"] = f"{headers['Vary']}, {added['Vary']}"
        headers |= added
    if not failed and permissions.is_charged(bucket, admission.caller):
        headers["x-oss-request-charged"] = "requester"
    return response._replace(headers=headers)
