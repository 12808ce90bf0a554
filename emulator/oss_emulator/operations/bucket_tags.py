"""Tags of a bucket, as far as they are more than a document: deleting some of them."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, operation
from oss_emulator.protocol import xml
from oss_emulator.protocol.message import Response

SUBRESOURCE = "tagging"


@operation(
    "DeleteBucketTags",
    "DELETE",
    Resource.BUCKET,
    SUBRESOURCE,
    action="oss:DeleteBucketTagging",
)
def delete_bucket_tags(call: Call) -> Response:
    """Delete the tags whose keys `?tagging=k1,k2` names, all where it names none."""
    keys = [key for key in call.request.query[SUBRESOURCE].split(",") if key]
    document = call.documents.get(SUBRESOURCE)
    if document is not None:
        tag_set = xml.parse(document, "Tagging").first("TagSet")
        tags = [] if tag_set is None or not keys else tag_set.all("Tag")
        left = [("Tag", tag.content) for tag in tags if tag.text("Key") not in keys]
        call.keep(SUBRESOURCE, xml.format("Tagging", [("TagSet", left)]) if left else None)
    return Response(204)
