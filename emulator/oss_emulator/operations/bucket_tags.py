"""DeleteBucketTags. `bucket_documents` makes PutBucketTags and GetBucketTags."""

from oss_emulator.documents import tagging
from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol.message import Response

SUBRESOURCE = tagging.DOCUMENT.subresource


@answers(f"DELETE /bucket?{SUBRESOURCE}", "DeleteBucketTags", action="oss:DeleteBucketTagging")
def delete_bucket_tags(call: Call) -> Response:
    """Delete the tags with the keys in `?tagging=k1,k2`, or all tags if it has no keys."""
    keys = [key for key in call.request.query[SUBRESOURCE].split(",") if key]
    tags = tagging.tags(call.documents).items()
    left = [(key, value) for key, value in tags if keys and key not in keys]
    call.keep(SUBRESOURCE, tagging.format(left) if left else None)
    return Response(204)
