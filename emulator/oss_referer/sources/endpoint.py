"""The host names of the service, with or without a bucket before them."""

import re
from typing import Final

# The endpoints of a region: public, internal and dual-stack (Regions and endpoints), the older ones
# of VPCs, those of the S3 protocol (P-59), and `oss.aliyuncs.com`, which names no region (P-91).
# Before `oss.aliyuncs.com`, a name that begins with two letters and a hyphen is a region.
ENDPOINT: Final = re.compile(
    r"(?:(?P<bucket>.+?)\.)??(?P<s3>s3\.)?"
    r"(?:(?:vpc100-)?oss-(?P<region>[a-z0-9-]+?)(?:-internal)?|(?P<dual>[a-z]{2}-[a-z0-9-]+)\.oss|oss)"
    r"\.aliyuncs\.com",
    re.DOTALL,  # a client may look up a name that contains a line end
)
