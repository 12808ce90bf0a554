"""PutBucketVersioning and GetBucketVersioning."""

from typing import Final

from oss_emulator.documents import object_worm
from oss_emulator.documents.document import parse_schema
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_SCHEMA: Final = parse_schema("""
VersioningConfiguration !0012-00000004 <0012-00000002
  Status Enabled|Suspended ?0012-00000004 *0012-00000004 !0012-00000004
""")


@answers("PUT /bucket?versioning", "PutBucketVersioning")
def put_bucket_versioning(call: Call) -> Response:
    """Enable or suspend versioning; existing versions stay.

    Raises `MalformedXML`, and `InvalidRequest` if object retention needs the versions (P-64).
    """
    status = _SCHEMA.parse(call.body.read()).text("Status")
    if status != "Enabled" and object_worm.is_enabled(call.documents):
        raise OSSError(ErrorCase.OBJECT_WORM_NEEDS_VERSIONING)
    call.storage.put_bucket(call.bucket._replace(versioning=status))
    return Response()


@answers("GET /bucket?versioning", "GetBucketVersioning")
def get_bucket_versioning(call: Call) -> Response:
    """Return the state; it has no Status before versioning was first set."""
    return xml.respond(_SCHEMA.name, ("Status", call.bucket.versioning or None))
