"""Versioning: PutBucketVersioning and GetBucketVersioning."""

from oss_emulator.documents import schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Takes, operation
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Response


@operation("PutBucketVersioning", "PUT", Resource.BUCKET, "versioning", takes=Takes.DOCUMENT)
def put_bucket_versioning(call: Call) -> Response:
    """Keep versions from now on, or no longer; what is kept stays. Raises `MalformedXML`."""
    ((_, status),) = schema.read(call.body.read(), "VersioningConfiguration")
    call.storage.put_bucket(call.bucket._replace(versioning=str(status)))
    return Response()


@operation("GetBucketVersioning", "GET", Resource.BUCKET, "versioning")
def get_bucket_versioning(call: Call) -> Response:
    """The state; without Status where none was ever set."""
    return xml.answer("VersioningConfiguration", [("Status", call.bucket.versioning or None)])
