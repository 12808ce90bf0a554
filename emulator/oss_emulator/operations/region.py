"""DescribeRegions."""

from oss_emulator.operations.call import Call
from oss_emulator.operations.operation import answers
from oss_emulator.protocol import xml
from oss_emulator.protocol.address import REGIONS, location
from oss_emulator.protocol.errors import ErrorCase, OSSError
from oss_emulator.protocol.message import Response

_ACCELERATE = "oss-accelerate.aliyuncs.com"


@answers("GET /?regions", "DescribeRegions")
def describe_regions(call: Call) -> Response:
    """List the endpoints of one region or of all regions; raises `NoSuchRegion`."""
    wanted = call.request.query["regions"]
    found = [region for region in REGIONS if wanted in ("", location(region))]
    if not found:
        raise OSSError(ErrorCase.NO_SUCH_REGION, Region=wanted)
    return xml.answer("RegionInfoList", *(("RegionInfo", _region(name)) for name in found))


def _region(region: str) -> xml.Children:
    return [
        ("Region", location(region)),
        ("InternetEndpoint", f"{location(region)}.aliyuncs.com"),
        ("InternalEndpoint", f"{location(region)}-internal.aliyuncs.com"),
        ("AccelerateEndpoint", _ACCELERATE),
    ]
