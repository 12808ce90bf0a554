"""ListLiveChannel. Live channels cannot be created."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import Resource, Status, operation
from oss_emulator.protocol import parameters, xml
from oss_emulator.protocol.message import Response


@operation("ListLiveChannel", "GET", Resource.BUCKET, "live", status=Status.KEPT)
def list_live_channel(call: Call) -> Response:
    """List the live channels of a bucket: there are none."""
    query = call.request.query
    return xml.answer(
        "ListLiveChannelResult",
        [
            ("Prefix", query.get("prefix", "")),
            ("Marker", query.get("marker", "")),
            ("MaxKeys", parameters.max_keys(query)),
            ("IsTruncated", False),
            ("NextMarker", ""),
        ],
    )
